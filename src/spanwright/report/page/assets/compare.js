// Two runs side by side: their figures, their winners on the cases that both know, and their winners' texts.

import { between, cost, count, duration, score, signed, tokens } from "./format.js";
import { difference } from "./differences.js";
import { h } from "./dom.js";
import { winnerOf } from "./candidates.js";

function means(page) {
  const winner = winnerOf(page);
  const sums = new Map();
  page.tries.number.forEach((_, each) => {
    const value = page.tries.score[each];
    if (page.tries.candidate[each] !== winner || Number.isNaN(value)) return;
    const column = page.cases[page.tries.case[each]];
    if (column.split === "train") return;
    const known = sums.get(column.id) ?? { sum: 0, count: 0 };
    sums.set(column.id, { sum: known.sum + value, count: known.count + 1 });
  });
  return new Map([...sums].map(([id, { sum, count }]) => [id, sum / count]));
}

/** A mean with its interval. */
function sure(range) {
  if (!range) return "–";
  const ends = between(range);
  return ends ? `${score(range.mean)} (${ends})` : score(range.mean);
}

/** The mean difference and about how far chance reaches: by the normal distribution, so for twenty cases or more. */
function paired(differences) {
  const { length } = differences;
  const mean = differences.reduce((sum, each) => sum + each, 0) / length;
  if (length < 20) return { mean, low: null, high: null };
  const half = 1.96 * Math.sqrt(differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (length - 1) / length);
  return { mean, low: mean - half, high: mean + half };
}

const ROWS = [
  ["status", ({ head }) => head.status],
  ["policy", ({ head }) => head.policy],
  ["test cases", ({ head }) => (head.test ? count(head.test.difference.n) : "–")],
  ["seed, test", ({ head }) => sure(head.test?.seed)],
  ["winner, test", ({ head }) => sure(head.test?.best)],
  ["difference, test", ({ head }) => (head.test ? `${signed(head.test.difference.mean)} (${between(head.test.difference, signed) || "unbounded"})` : "–")],
  ["validation cases", ({ head }) => (head.validation ? count(head.validation.difference.n) : "–")],
  ["seed, validation", ({ head }) => sure(head.validation?.seed)],
  ["winner, validation", ({ head }) => sure(head.validation?.best)],
  ["rollouts", ({ head }) => count(head.usage.rollouts)],
  ["reflections", ({ head }) => count(head.usage.reflections)],
  ["tokens", ({ head }) => count(tokens(head.usage))],
  ["cost", ({ head }) => cost(head.usage)],
  ["time", ({ head }) => duration(head.seconds)],
  ["admitted", ({ head }) => `${head.accepted} of ${head.proposed}`],
];

function drawCases(one, other) {
  const [first, second] = [means(one), means(other)];
  const shared = [...first.keys()].filter((id) => second.has(id)).map((id) => ({ id, first: first.get(id), second: second.get(id) }));
  if (!shared.length) return h("p", { class: "empty" }, "The winners share no validation or test case.");
  const gap = paired(shared.map((each) => each.second - each.first));
  const apart = shared.filter((each) => each.first !== each.second).sort((a, b) => Math.abs(b.second - b.first) - Math.abs(a.second - a.first));
  return h(
    "div",
    {},
    h("p", { class: "caption" }, `On the ${shared.length} validation and test cases that both winners were tried on, the second is ${signed(gap.mean)} in the mean${gap.low === null ? "" : ` (about ${between(gap, signed)} with 95 % confidence)`}. They differ on ${apart.length}; those that differ most come first. Some of these cases chose the winners.`),
    h("div", { class: "scroll table", tabindex: "0", role: "region", "aria-label": "Cases on which the winners differ" }, h("table", {}, h("thead", {}, h("tr", {}, ["case", "first", "second", "difference"].map((name, place) => h("th", { scope: "col", class: place ? "figure" : "" }, name)))), h("tbody", {}, apart.slice(0, 60).map((each) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, each.id), h("td", { class: "figure" }, score(each.first)), h("td", { class: "figure" }, score(each.second)), h("td", { class: "figure" }, signed(each.second - each.first))))))),
  );
}

export function drawComparison(one, other) {
  const texts = one.words.map((each) => ({ component: each.component, first: each.after, second: other.words.find((its) => its.component === each.component)?.after })).filter((each) => each.second !== undefined && each.second !== each.first);
  return [
    h("section", {}, h("h2", {}, "Figures"), h("div", { class: "scroll table whole", tabindex: "0", role: "region", "aria-label": "Figures" }, h("table", {}, h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col", dir: "auto" }, one.head.run), h("th", { scope: "col", dir: "auto" }, other.head.run))), h("tbody", {}, ROWS.map(([name, of]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, of(one)), h("td", {}, of(other)))))))),
    h("section", {}, h("h2", {}, "Cases"), drawCases(one, other)),
    h("section", {}, h("h2", {}, "The winners' texts"), texts.length ? texts.map((each) => h("div", { class: "edit" }, h("h4", {}, h("code", { dir: "auto" }, each.component)), difference(each.first, each.second))) : h("p", { class: "empty" }, "The texts that both have are equal.")),
  ];
}
