// The page: which view is shown, its sections, and what happens when a run has news.

import { complaint, source as sourced } from "./source.js";
import { drawComparison } from "./compare.js";
import { drawCourse, drawSlots } from "./course.js";
import { drawFront } from "./front.js";
import { drawHead } from "./head.js";
import { drawHeat } from "./heat.js";
import { drawReproduction } from "./reproduction.js";
import { drawRuns } from "./runs.js";
import { drawSpending } from "./spending.js";
import { drawTexts } from "./texts.js";
import { drawTools } from "./tools.js";
import { drawTree } from "./tree.js";
import { drawTroubles } from "./troubles.js";
import { h, replace } from "./dom.js";
import { viewer } from "./trace.js";

const SECTIONS = [
  ["course", "Progress", drawCourse],
  ["texts", "The winner's texts", drawTexts],
  ["tree", "Candidates", drawTree],
  ["heat", "Cases", drawHeat],
  ["front", "Choices", drawFront],
  ["tools", "Tools", drawTools],
  ["spending", "Time and money", drawSpending],
  ["slots", "Slots", drawSlots],
  ["troubles", "Failures", drawTroubles],
  ["reproduction", "How to reproduce", drawReproduction],
];

const source = sourced();
const state = {};
const main = h("main", { id: "main", tabindex: "-1" });
const masthead = h("header", { class: "masthead" });
const silence = h("p", { class: "silence", role: "status" });
let shown = null;
let unfollow = () => {};

const where = () => new URLSearchParams(location.hash.slice(1));

function lead(changes) {
  const place = where();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) place.delete(key);
    else place.set(key, value);
  }
  location.hash = place.toString();
}

const trace = viewer({ source, closed: () => where().has("rollout") && lead({ rollout: null }) });

function drawMasthead(page) {
  const home = source.live ? h("a", { href: "#", class: "brand" }, "Spanwright") : h("span", { class: "brand" }, "Spanwright");
  const links = page === null ? [] : SECTIONS.map(([key, name]) => h("button", { type: "button", onclick: () => go(key) }, name));
  replace(masthead, home, h("nav", { "aria-label": "Sections" }, links));
}

function go(key, component) {
  const section = document.getElementById(`section-${key}`);
  if (section === null) return;
  if (component !== undefined) {
    for (const card of section.querySelectorAll("details")) {
      if (card.dataset.component !== component) continue;
      card.open = true;
      card.scrollIntoView({ block: "start" });
      card.querySelector("summary").focus({ preventScroll: true });
      return;
    }
  }
  section.scrollIntoView({ block: "start" });
  section.querySelector("h2").focus({ preventScroll: true });
}

function context(key) {
  return {
    go,
    source,
    state,
    open: (number) => lead({ rollout: number }),
    redraw: (changes) => {
      Object.assign(state, changes);
      const focus = document.activeElement?.textContent;
      drawSection(key);
      const again = [...document.querySelectorAll(`#section-${key} button, #section-${key} select, #section-${key} input`)].find((each) => each.textContent === focus);
      again?.focus({ preventScroll: true });
    },
    select: (candidate) => {
      state.candidate = candidate;
      state.everyone = state.everyone || !shown.candidates[candidate].admitted;
      drawSection("tree");
      go("tree");
    },
  };
}

function drawSection(key) {
  const [, , draw] = SECTIONS.find(([name]) => name === key);
  const body = document.querySelector(`#section-${key} .body`);
  const scroll = body.querySelector(".scroll");
  const [left, top] = [scroll?.scrollLeft ?? 0, scroll?.scrollTop ?? 0];
  const height = body.offsetHeight;
  body.style.setProperty("min-height", `${height}px`);
  replace(body, draw(shown, context(key)));
  requestAnimationFrame(() => body.style.removeProperty("min-height"));
  if (key === "heat") requestAnimationFrame(() => body.querySelector(".scroll")?.scrollTo(left, top));
}

function drawPage(page) {
  shown = page;
  document.title = `${page.head.run} · Spanwright`;
  drawMasthead(page);
  replace(
    main,
    h("div", { id: "head" }, drawHead(page, context("texts"))),
    SECTIONS.map(([key, name]) => h("section", { id: `section-${key}`, "aria-labelledby": `title-${key}` }, h("h2", { id: `title-${key}`, tabindex: "-1" }, name), h("div", { class: "body" }))),
  );
  return drawSections(page);
}

/** Draws the first section at once, and each other one when the browser has shown those before it. */
async function drawSections(page) {
  for (const [key] of SECTIONS) {
    drawSection(key);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    if (shown !== page) return; // there is news, or another view
  }
}

/** Draws what is new, except where a person is at work: that waits until they leave. */
function refresh(page) {
  shown = page;
  const busy = document.activeElement;
  const head = document.getElementById("head");
  if (!head.contains(busy)) replace(head, drawHead(page, context("texts")));
  if (document.querySelector("#section-reproduction .body").childElementCount === 0) {
    drawSections(page); // the first drawing was not through yet
    return;
  }
  for (const [key] of SECTIONS) {
    const section = document.getElementById(`section-${key}`);
    if (!section.querySelector(".body").contains(busy)) drawSection(key);
    else section.addEventListener("focusout", () => setTimeout(() => drawSection(key), 0), { once: true });
  }
}

/** Says that nothing is heard of the server any more: what stands here may be old. */
function heard(well) {
  replace(silence, well ? null : "No connection to the server: what stands here is as old as the last news. Is the command still running? If it was started anew, open the address that it prints.");
}

const GLANCE = 3000;
/** Lists the runs, and goes on looking for what is new in the list, until another view is shown. */
async function showRuns() {
  const picked = new Set();
  let [known, left, clock] = ["", false, 0];
  unfollow = () => {
    left = true;
    clearInterval(clock);
  };
  const look = async () => {
    const runs = await source.runs();
    if (left || JSON.stringify(runs) === known) return;
    known = JSON.stringify(runs);
    const focus = document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent;
    replace(main, h("h1", {}, "Runs"), drawRuns(runs, { picked, openRun: (run) => lead({ run }), compare: (one, other) => lead({ one, other }) }));
    [...main.querySelectorAll("button, input")].find((each) => (each.getAttribute("aria-label") ?? each.textContent) === focus)?.focus({ preventScroll: true });
  };
  await look();
  if (left) return;
  document.title = "Runs · Spanwright";
  clock = setInterval(() => look().then(() => heard(true), () => left || heard(false)), GLANCE);
}

let reading = false;
let news = false;
async function reread(run) {
  news = true;
  if (reading) return;
  reading = true;
  while (news) {
    news = false;
    try {
      const page = await source.page(run);
      if (where().get("run") === run && shown !== null) refresh(page);
    } catch {
      break; // the next news try again
    }
  }
  reading = false;
}

async function showRun(run) {
  if (shown?.head.run !== run || run === null) {
    unfollow();
    const drawn = drawPage(await source.page(run));
    if (where().has("rollout")) await drawn; // what lies under a dialog is drawn before it
    if (source.live) unfollow = source.follow(run, () => reread(run), heard);
  }
  const number = where().get("rollout");
  if (number === null) trace.close();
  else
    trace.open(shown, Number(number), async (next, again) => {
      if (again) shown = await source.page(run);
      if (String(next) === where().get("rollout")) show();
      else lead({ rollout: next });
    });
}

async function show() {
  const place = where();
  try {
    if (!source.live || place.has("run")) return await showRun(source.live ? place.get("run") : source.only.head.run);
    unfollow();
    heard(true);
    shown = null;
    drawMasthead(null);
    if (place.has("one")) {
      const [one, other] = await Promise.all([source.page(place.get("one")), source.page(place.get("other"))]);
      document.title = "Two runs · Spanwright";
      replace(main, h("h1", {}, "Two runs"), drawComparison(one, other));
      return undefined;
    }
    await showRuns();
  } catch (error) {
    replace(main, h("h1", {}, "Nothing to show"), complaint(error));
  }
  return undefined;
}

document.getElementById("app").append(masthead, silence, main, trace.dialog);
addEventListener("hashchange", show);
show();
