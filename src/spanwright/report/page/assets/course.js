// Lines over what was spent: the incumbent's score with its interval, and what was under way at the same time.

import { count, dollars, duration, number, score } from "./format.js";
import { h, replace } from "./dom.js";
import { nameOf } from "./candidates.js";

const AXES = {
  rollouts: { label: "rollouts", write: count },
  usd: { label: "dollars", write: dollars },
  seconds: { label: "time", write: duration },
};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const faint = (name, share) => `color-mix(in srgb, ${colour(name)} ${share}%, transparent)`;

const axes = (write, values) => [
  { stroke: () => colour("--quiet"), grid: { show: false }, ticks: { show: false }, font: "12px system-ui", values: (_plot, marks) => marks.map(write), space: 90, size: 30 },
  { stroke: () => colour("--quiet"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui", size: (_plot, marks) => Math.max(44, 16 + 7 * Math.max(0, ...(marks ?? []).map((mark) => String(mark).length))), values: (_plot, marks) => marks.map(values) },
];

/** Draws a plot that is as wide as its box, and draws it anew when that or the colours change. */
function plotted(box, height, options, data) {
  const plot = new uPlot(
    { width: Math.max(240, box.clientWidth), height, legend: { show: false }, cursor: { y: false, drag: { setScale: false } }, padding: [12, 26, 0, 0], ...options },
    data,
    box,
  );
  const watch = new ResizeObserver(() => {
    if (!box.isConnected) return watch.disconnect();
    const width = Math.max(240, box.clientWidth);
    if (width !== plot.width) plot.setSize({ width, height });
  });
  watch.observe(box);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const again = () => (box.isConnected ? plot.redraw(true, true) : scheme.removeEventListener("change", again));
  scheme.addEventListener("change", again);
  return plot;
}

function summary(page, key) {
  const { course } = page;
  const last = course.mean.length - 1;
  const write = AXES[key].write;
  return `The best score on validation cases went from ${score(course.mean[0])} to ${score(course.mean[last])} after ${write(course[key][last])}${key === "rollouts" ? " rollouts" : ""}.`;
}

/** Whether scores are on the scale from 0 to 1, and use some of it. */
function isUnit(scores) {
  let high = 0;
  for (const value of scores) {
    if (value < 0 || value > 1) return false;
    if (value > high) high = value;
  }
  return high > 0.1;
}

export function drawCourse(page, { state, redraw }) {
  const { course } = page;
  if (course.mean.length < 2 || course.rollouts[0] === course.rollouts.at(-1)) return h("p", { class: "empty" }, "Nothing was measured twice yet.");
  const keys = Object.keys(AXES).filter((key) => course[key].at(-1) > 0);
  const key = keys.includes(state.axis) ? state.axis : keys[0];
  const box = h("div", { class: "plot", role: "img", "aria-label": summary(page, key) });
  const told = h("p", { class: "told", "aria-hidden": "true" });
  const say = (place) =>
    replace(
      told,
      h("b", {}, score(course.mean[place])),
      course.low[place] === null ? "" : ` (${score(course.low[place])} to ${score(course.high[place])})`,
      `, ${nameOf(page, course.incumbent[place])}, at ${AXES[key].write(course[key][place])}${key === "rollouts" ? " rollouts" : ""}`,
    );
  say(course.mean.length - 1);
  const unit = isUnit(page.tries.score);
  const kept = (value) => (unit ? Math.max(0, Math.min(1, value)) : value);
  const seed = course.seed ? course.mean.map(() => course.seed.mean) : course.mean.map(() => null);
  queueMicrotask(() => {
    const stepped = uPlot.paths.stepped({ align: 1 });
    const quiet = { points: { show: false }, paths: stepped };
    plotted(
      box,
      260,
      {
        scales: { x: { time: false }, y: { range: (_plot, low, high) => (unit ? [0, 1] : [low - 0.04 * (high - low || 1), high + 0.04 * (high - low || 1)]) } },
        axes: axes(AXES[key].write, score),
        bands: [{ series: [2, 1], fill: () => faint("--accent", 14) }],
        series: [
          {},
          { ...quiet, stroke: "transparent" },
          { ...quiet, stroke: "transparent" },
          { ...quiet, stroke: () => colour("--accent"), width: 2 },
          { points: { show: false }, stroke: () => colour("--quiet"), width: 1, dash: [4, 4] },
        ],
        hooks: { setCursor: [(plot) => say(plot.cursor.idx ?? course.mean.length - 1)] },
      },
      [course[key], course.low.map((low, place) => kept(low ?? course.mean[place])), course.high.map((high, place) => kept(high ?? course.mean[place])), course.mean, seed],
    );
  });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "bar" },
      h("div", { class: "choice", role: "group", "aria-label": "Against" }, keys.map((each) =>
        h("button", { type: "button", "aria-pressed": String(each === key), onclick: () => redraw({ axis: each }) }, AXES[each].label))),
      told,
    ),
    box,
    h("p", { class: "caption" }, `The mean score on ${page.head.at_hand ? "the cases" : "validation cases"} of the candidate that was the best one then; the band is its 95 % interval, the dashed line the seed.` + (page.head.at_hand ? "" : " Validation chooses, so it flatters.")),
  );
}

export function drawSlots(page) {
  const { slots } = page;
  if (!slots.rollouts.length) return h("p", { class: "empty" }, "No rollout has ended yet.");
  const share = slots.most ? ` (${Math.round((100 * slots.mean) / slots.most)} % of that)` : "";
  const said = `At the most ${number(slots.most, "rollout")} ${slots.most === 1 ? "was" : "were"} under way at the same time, ${slots.mean.toFixed(1)} in the mean${share}.`;
  const box = h("div", { class: "plot", role: "img", "aria-label": said });
  const edges = slots.rollouts.map((_, place) => place * slots.step);
  queueMicrotask(() => {
    const stepped = uPlot.paths.stepped({ align: 1 });
    plotted(
      box,
      150,
      {
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
        axes: axes(duration, (mark) => (Number.isInteger(mark) ? String(mark) : "")),
        series: [
          {},
          { paths: stepped, points: { show: false }, stroke: () => colour("--accent"), fill: () => faint("--accent", 18), width: 1 },
          { paths: stepped, points: { show: false }, stroke: () => colour("--quiet"), width: 1 },
        ],
      },
      [edges, slots.rollouts, slots.reflections],
    );
  });
  return h("div", {}, h("p", { class: "caption" }, said + " The thin line shows reflections."), box, drawLanes(page.lanes));
}

/** How requests went, of models that were not always well. */
function drawLanes(lanes) {
  if (!lanes.length) return null;
  const head = ["answers", "refused (429)", "failed", "of these cut", "outages", "at once, last"];
  const figures = ({ answered, refused, failed, cut, outages, limit }) => [answered, refused, failed, cut, outages, limit];
  return h(
    "div",
    { class: "scroll table", tabindex: "0", role: "region", "aria-label": "Requests to models" },
    h("table", {}, h("caption", {}, "Requests to models that were not always well"), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "model"), head.map((name) => h("th", { scope: "col", class: "figure" }, name)))), h("tbody", {}, lanes.map(({ model, counts }) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, model), figures(counts).map((each) => h("td", { class: "figure" }, each.toLocaleString("en"))))))),
  );
}
