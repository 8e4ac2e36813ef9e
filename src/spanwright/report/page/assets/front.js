// What there is to choose from: candidates in two figures, those that none beats in every way named.

import { count, figure, score } from "./format.js";
import { h, svg } from "./dom.js";
import { nameOf, winnerOf } from "./candidates.js";

const [HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [320, 62, 46, 26, 24];

function scaled(values, from, to) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.07;
  const place = (value) => from + ((value - low + pad) / (high - low + 2 * pad)) * (to - from);
  return { place, marks: high > low ? [low, (low + high) / 2, high] : [low] };
}

function drawScatter(page, across, pick) {
  const { front } = page;
  const [winner, most] = [winnerOf(page), front.candidates];
  const width = Math.max(280, document.getElementById("main").clientWidth - 42);
  const x = scaled(most.map((each) => each.figures[across].mean), LEFT, width - RIGHT);
  const y = scaled(most.map((each) => each.figures.score.mean), HEIGHT - BOTTOM, TOP);
  const spots = most.map((each) => {
    const [cx, cy] = [x.place(each.figures[across].mean), y.place(each.figures.score.mean)];
    const kind = each.candidate === winner ? "winner" : each.candidate === 0 ? "seed" : each.on_front ? "chosen" : "other";
    const name = `${nameOf(page, each.candidate)}: score ${score(each.figures.score.mean)}, ${across} ${figure(across, each.figures[across].mean)}`;
    return svg(
      "g",
      { class: `spot ${kind}`, onclick: () => pick(each.candidate) },
      svg("title", {}, name),
      svg("circle", { cx, cy, r: kind === "other" ? 4 : 7 }),
      kind !== "other" && svg("text", { x: cx > width - 90 ? cx - 11 : cx + 11, y: cy + 4, "text-anchor": cx > width - 90 ? "end" : "start" }, kind === "winner" ? "winner" : kind === "seed" ? "seed" : String(each.candidate)),
    );
  });
  const better = front.less.includes(across) ? "less is better" : "more is better";
  return svg(
    "svg",
    { class: "scatter", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `Score against ${across} of ${most.length} candidates; the table below has those of the front` },
    y.marks.map((mark) => svg("g", { class: "grid" }, svg("line", { x1: LEFT, x2: width - RIGHT, y1: y.place(mark), y2: y.place(mark) }), svg("text", { x: LEFT - 10, y: y.place(mark) + 4, "text-anchor": "end" }, score(mark)))),
    x.marks.map((mark, place) => svg("text", { class: "tick", x: x.place(mark), y: HEIGHT - BOTTOM + 18, "text-anchor": place === 2 ? "end" : "middle" }, figure(across, mark))),
    svg("text", { class: "axis", x: LEFT - 10, y: 12, "text-anchor": "end" }, "score"),
    svg("text", { class: "axis", x: (width + LEFT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, `${across} (${better})`),
    spots.reverse(),
  );
}

/** On how many cases candidates were measured: one number, or the least and the most. */
function casesOf(candidates) {
  const counts = candidates.map((each) => each.figures.score.n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? count(most) : `${count(least)} to ${count(most)}`;
}

export function drawFront(page, { state, redraw, select }) {
  const { front } = page;
  if (front.figures.length < 2) return h("p", { class: "empty" }, "The score is all that was asked for, so the winner is the front. Goals such as minimize(\"cost\") open it.");
  const others = front.figures.filter((name) => name !== "score");
  const across = others.includes(state.across) ? state.across : others[0];
  const chosen = front.candidates.filter((each) => each.on_front || each.candidate === 0);
  const cell = (name, range) => h("td", { class: "figure" }, range ? figure(name, range.mean) : "–", range && range.low !== null && h("small", {}, `${figure(name, range.low)} to ${figure(name, range.high)}`));
  return h(
    "div",
    {},
    others.length > 1 && h("div", { class: "bar" }, h("div", { class: "choice", role: "group", "aria-label": "Score against" }, others.map((each) => h("button", { type: "button", "aria-pressed": String(each === across), onclick: () => redraw({ across: each }) }, each)))),
    drawScatter(page, across, select),
    front.limits.length > 0 && h("p", { class: "caption" }, `Limits: ${front.limits.join(", ")}.`),
    h(
      "div",
      { class: "scroll table", tabindex: "0", role: "region", "aria-label": "The front" },
      h("table", {}, h("caption", {}, `Means on ${casesOf(chosen)} ${front.measured_on} cases with 95 % intervals. No other candidate is better than one of these in one figure and as good in the rest${chosen.some((each) => !each.on_front) ? "; the seed stands there to compare" : ""}.`), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "candidate"), front.figures.map((name) => h("th", { scope: "col", class: "figure" }, name)))), h("tbody", {}, chosen.map((each) => h("tr", {}, h("th", { scope: "row" }, h("button", { class: "link", type: "button", onclick: () => select(each.candidate) }, each.candidate === winnerOf(page) ? "the winner" : nameOf(page, each.candidate))), front.figures.map((name) => cell(name, each.figures[name])))))),
    ),
  );
}
