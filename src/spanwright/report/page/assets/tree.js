// The tree of candidates as a picture that can be walked with the arrow keys, and the one that is looked at beside it.

import { copying, h, prose, replace, svg } from "./dom.js";
import { between, cost, count, duration, number, score, signed, tokens } from "./format.js";
import { difference } from "./differences.js";
import { nameOf, replaced, shading, winnerOf } from "./candidates.js";

const CROWD = 300;
const DEEP = 6;
const MARGIN = 60;

function laidOut(page, shown) {
  const children = page.candidates.map(() => []);
  for (const place of shown) if (place > 0) children[page.candidates[place].parents[0] ?? 0].push(place);
  const spots = new Map();
  let leaf = 0;
  let deepest = 0;
  const waiting = [{ place: 0, depth: 0, opened: false }];
  while (waiting.length) {
    const each = waiting.pop();
    deepest = Math.max(deepest, each.depth);
    if (!each.opened && children[each.place].length) {
      waiting.push({ ...each, opened: true });
      for (const child of [...children[each.place]].reverse()) waiting.push({ place: child, depth: each.depth + 1, opened: false });
      continue;
    }
    const rows = children[each.place].map((child) => spots.get(child).row);
    spots.set(each.place, { depth: each.depth, row: rows.length ? (rows[0] + rows.at(-1)) / 2 : leaf++ });
  }
  return { spots, children, leaves: Math.max(1, leaf), deepest };
}

function shownOf(page, everyone) {
  const kept = new Set([0]);
  page.candidates.forEach((node, place) => {
    if ((everyone || node.admitted) && (place === 0 || kept.has(node.parents[0] ?? 0))) kept.add(place);
  });
  return [...kept];
}

export function drawTree(page, { state, redraw, open, source }) {
  const everyone = state.everyone ?? page.candidates.length <= CROWD;
  const shown = shownOf(page, everyone);
  const winner = winnerOf(page);
  const chosen = shown.includes(state.candidate) ? state.candidate : winner;
  const { spots, children, leaves, deepest } = laidOut(page, shown);
  const deep = deepest > DEEP;
  const room = document.getElementById("main").clientWidth * (deep ? 1 : 0.5) - 140;
  const wide = Math.max(46, Math.min(96, room / Math.max(1, deepest)));
  const [across, down, radius] = shown.length > CROWD ? [46, 11, 4] : [wide, 44, 7];
  const line = new Set(page.line);
  const { low, high, shade } = shading(shown.map((place) => page.candidates[place].estimate));
  const at = (place) => ({ x: 40 + spots.get(place).depth * across, y: 34 + spots.get(place).row * down });
  const edges = shown.filter((place) => place > 0).map((place) => {
    const [from, to] = [at(page.candidates[place].parents[0] ?? 0), at(place)];
    const middle = (from.x + to.x) / 2;
    const kind = line.has(place) ? "line" : "";
    return svg("path", { class: `edge ${kind}`, d: `M${from.x},${from.y}C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}` });
  });
  const panel = h("div", { class: "panel", "aria-live": "polite" });
  const nodes = new Map();
  const select = (place, focus) => {
    for (const each of [state.candidate, chosen]) nodes.get(each)?.setAttribute("tabindex", "-1");
    nodes.get(state.candidate ?? chosen)?.setAttribute("aria-pressed", "false");
    state.candidate = place;
    const node = nodes.get(place);
    node.setAttribute("tabindex", "0");
    node.setAttribute("aria-pressed", "true");
    if (focus) {
      node.focus({ preventScroll: true });
      node.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    replace(panel, drawCandidate(page, place, { open, source }));
  };
  const walk = (event, place) => {
    const parent = page.candidates[place].parents[0];
    const siblings = shown.filter((each) => spots.get(each).depth === spots.get(place).depth).sort((one, other) => spots.get(one).row - spots.get(other).row);
    const beside = siblings.indexOf(place);
    const to = { ArrowLeft: parent, ArrowRight: children[place][0], ArrowUp: siblings[beside - 1], ArrowDown: siblings[beside + 1], Home: 0, End: winner }[event.key];
    if (event.key === "Enter" || event.key === " ") select(place, true);
    else if (to !== undefined && spots.has(to)) select(to, true);
    else return;
    event.preventDefault();
  };
  for (const place of shown) {
    const { x, y } = at(place);
    const node = page.candidates[place];
    const kinds = [node.estimate === null ? "unknown" : `s${shade(node.estimate)}`, node.admitted ? "" : "turned-down", place === winner ? "winner" : ""];
    nodes.set(place, svg(
      "g",
      { class: `node ${kinds.join(" ")}`, transform: `translate(${x},${y})`, role: "button", tabindex: place === chosen ? "0" : "-1", "aria-pressed": String(place === chosen), "aria-label": `${nameOf(page, place)}${place === winner ? ", the winner" : ""}, score ${score(node.estimate)}${node.admitted ? "" : ", turned down"}`, onclick: () => select(place, true), onkeydown: (event) => walk(event, place) },
      place === winner && svg("circle", { r: radius + 4, class: "ring" }),
      svg("circle", { r: radius, class: "dot" }),
      radius > 4 && svg("text", { y: -radius - 8, "text-anchor": "middle" }, node.estimate === null ? "" : score(node.estimate)),
      radius > 4 && (place === 0 || place === winner) && svg("text", { y: radius + 18, "text-anchor": "middle", class: "who" }, place === 0 ? "seed" : "winner"),
    ));
  }
  const [width, height] = [80 + deepest * across, 46 + leaves * down];
  replace(panel, drawCandidate(page, chosen, { open, source }));
  const scroll = h("div", { class: "scroll", tabindex: "-1" }, svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Tree of candidates: arrow keys walk it" }, edges, [...nodes.values()]));
  queueMicrotask(() => {
    const { x, y } = at(chosen);
    scroll.scrollTo(x + MARGIN - scroll.clientWidth, y + MARGIN - scroll.clientHeight); // no farther than it takes
  });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "bar" },
      h("label", { class: "check" }, h("input", { type: "checkbox", checked: everyone, onchange: (event) => redraw({ everyone: event.target.checked }) }), "with those that were turned down"),
      h("p", { class: "scale" }, score(Number.isFinite(low) ? low : null), h("span", { class: "ramp", "aria-hidden": "true" }), score(Number.isFinite(high) ? high : null)),
    ),
    page.candidates.length > 1 && h("p", { class: "caption" }, figuresOf(page)),
    h("div", { class: deep ? "below" : "beside" }, scroll, panel),
  );
}

function figuresOf(page) {
  if (page.head.at_hand) return "Shades and figures are mean scores.";
  return "Shades and figures are mean scores on the validation cases. A case that a candidate was not tried on counts as with its parent, so figures are sure only where much was measured: choose a candidate to see how much.";
}

/** How sure the figure of a candidate is: what it scored on the cases on which it was measured itself. */
function measured(page, node) {
  if (!node.measured) return node.admitted && "not measured itself yet";
  const cases = page.cases.filter((each) => each.split === "validation").length;
  const sure = between(node.measured);
  return `measured on ${node.measured.n} of ${number(cases, page.head.at_hand ? "case" : "validation case")}: ${score(node.measured.mean)}${sure && ` (95 % interval ${sure})`}`;
}

const titled = (name) => name.charAt(0).toUpperCase() + name.slice(1);

function said(title, text) {
  return text ? h("div", { class: "said" }, h("h4", {}, title), prose(text, { longest: 700, className: "prose words" })) : null;
}

function elsewhere(page, node) {
  if (node.origin !== "reflection" || node.learnt_from === null || node.learnt_from === node.parents[0]) return null;
  return h("p", { class: "caption" }, `Rollouts of ${nameOf(page, node.learnt_from)}, of which the edit was learnt; it went onto ${nameOf(page, node.parents[0])}, the better one by then.`);
}

export function tryLink(page, number, { open, source }) {
  const place = page.tries.number.indexOf(number);
  const value = place < 0 ? null : page.tries.score[place];
  return h("button", { class: "try", type: "button", disabled: !source.has(number), title: place < 0 ? "" : page.cases[page.tries.case[place]].id, onclick: () => open(number) }, `#${number}`, h("span", {}, score(value)));
}

function drawCandidate(page, place, context) {
  const node = page.candidates[place];
  const before = place === 0 ? {} : replaced(page, place);
  const edits = Object.entries(node.edits);
  const parents = node.parents.map((each) => nameOf(page, each)).join(" and ");
  const paid = node.usage;
  return [
    h("h3", {}, titled(nameOf(page, place)), h("span", { class: "score" }, score(node.estimate))),
    h(
      "p",
      { class: "meta" },
      [
        node.attempt !== null && `attempt ${node.attempt}`,
        node.origin !== "reflection" && node.origin !== "seed" && node.origin,
        parents && `of ${parents}`,
        !node.admitted && "turned down",
        node.id,
      ].filter(Boolean).join(" · "),
    ),
    measured(page, node) && h("p", { class: "meta" }, titled(measured(page, node))),
    h("p", { class: "meta" }, `${number(paid.rollouts, "rollout")}, ${count(tokens(paid))} tokens, ${cost(paid)}, ${duration(paid.seconds)} of work`),
    node.verdict && h("p", { class: "meta", dir: "auto" }, node.verdict.charAt(0).toUpperCase() + node.verdict.slice(1) + (node.differences.length ? ` (${node.differences.map(signed).join(", ")})` : "")),
    said("Diagnosis", node.diagnosis),
    said("Rationale", node.rationale),
    edits.map(([component, text]) =>
      h("div", { class: "edit" }, h("h4", {}, h("code", { dir: "auto" }, component), copying(text, component)), difference(before[component], text))),
    node.evidence.length > 0 && h("div", { class: "said" }, h("h4", {}, "Evidence"), elsewhere(page, node), h("div", { class: "tries" }, node.evidence.map((number) => tryLink(page, number, context)))),
  ];
}
