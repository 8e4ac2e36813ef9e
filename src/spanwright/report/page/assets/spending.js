// Where time and money went.

import { cost, count, dollars, duration, number, tokens } from "./format.js";
import { h } from "./dom.js";

const MEANS = {
  minibatch: "to learn from",
  reflection: "to write new texts",
  gate: "to test a child first",
  validation: "to choose",
  final: "to be sure of finalists",
  test: "to report",
  calibration: "to know the noise",
};

export function drawSpending(page) {
  const spent = Object.entries(MEANS).filter(([purpose]) => page.spent[purpose]).map(([purpose, means]) => ({ purpose, means, usage: page.spent[purpose] }));
  if (!spent.length) return h("p", { class: "empty" }, "Nothing was spent yet.");
  const priced = page.head.usage.usd > 0;
  const weigh = priced ? (usage) => usage.usd : (usage) => tokens(usage) || usage.seconds;
  const most = Math.max(...spent.map(({ usage }) => weigh(usage))) || 1;
  const all = spent.reduce((sum, { usage }) => sum + weigh(usage), 0) || 1;
  return h(
    "div",
    {},
    h(
      "div",
      { class: "scroll table whole", tabindex: "0", role: "region", "aria-label": "Spending by purpose" },
      h(
        "table",
        { class: "spending" },
        h("caption", {}, `Bars show ${priced ? "dollars" : "tokens, for no price is known"}. Working time is summed over what ran at the same time.`),
        h("thead", {}, h("tr", {}, ["what for", "", "runs", "tokens", "cost", "working time"].map((name, place) => h("th", { scope: "col", class: place > 1 ? "figure" : "" }, name || h("span", { class: "sr" }, "share"))))),
        h("tbody", {}, spent.map(({ purpose, means, usage }) => h("tr", {}, h("th", { scope: "row" }, purpose, h("small", {}, means)), h("td", { class: "share" }, h("span", { class: "track" }, h("span", { class: "filled", style: { width: `${(100 * weigh(usage)) / most}%` } })), h("small", {}, `${Math.round((100 * weigh(usage)) / all)} %`)), h("td", { class: "figure" }, count(usage.rollouts || usage.reflections)), h("td", { class: "figure" }, count(tokens(usage))), h("td", { class: "figure" }, cost(usage)), h("td", { class: "figure" }, duration(usage.seconds))))),
      ),
    ),
    page.head.paid.length > 0 && h("div", { class: "said" }, h("h3", {}, "What the parts of the search brought"), h("p", { class: "caption" }, "A change is a child's mean score minus its parent's on the cases that both were tried on, with its 95 % interval over the children."), h("ul", { class: "plain" }, page.head.paid.map((line) => h("li", {}, line)))),
    page.head.lost > 0 && h("p", { class: "caption" }, `${number(page.head.lost, "rollout")} ${page.head.lost === 1 ? "was" : "were"} lost with a process: paid for, and done again.`),
    priced && h("p", { class: "caption" }, `Known prices add up to ${dollars(page.head.usage.usd)}.`),
  );
}
