// How tools were used with the seed and with the winner, and which was called in place of which.

import { count, number } from "./format.js";
import { h } from "./dom.js";

const COLUMNS = [
  ["calls", "calls"],
  ["missed", "missed"],
  ["needless", "needless"],
  ["refused", "refused"],
  ["raised", "failed"],
  ["ignored", "unused"],
];

const change = (seed, best) =>
  h("td", { class: "figure" }, seed === best ? String(best) : [h("span", { class: "was" }, String(seed)), h("span", { class: "sr" }, " with the seed, "), " → ", h("b", {}, String(best)), h("span", { class: "sr" }, " with the winner")]);

const MEANINGS = {
  missed: "missed: rollouts that should have called it and did not",
  needless: "needless: rollouts that called it and should not have",
  refused: "refused: calls that the tool sent back, to be tried again",
  raised: "failed: calls that ended in an exception",
  ignored: "unused: calls of whose results nothing was used",
};

function drawConfusions(confusions, triedOn) {
  const rows = [...new Set(confusions.map((each) => each.called))].sort();
  const columns = [...new Set(confusions.map((each) => each.should))].sort();
  const most = Math.max(...confusions.map((each) => Math.max(each.seed, each.best)));
  const found = new Map(confusions.map((each) => [`${each.called}\n${each.should}`, each]));
  const cell = (called, should) => {
    const each = found.get(`${called}\n${should}`);
    if (!each) return h("td", { class: "figure nothing" }, "·");
    return h("td", { class: "figure confused", style: { "--much": String(Math.max(each.seed, each.best) / most) } }, h("span", { class: "was" }, String(each.seed)), " → ", h("b", {}, String(each.best)));
  };
  return h(
    "div",
    { class: "scroll table", tabindex: "0", role: "region", "aria-label": "Tool confusions" },
    h("table", { class: "matrix" }, h("caption", {}, `Called (rows) where another should have been (columns): rollouts with the seed → with the winner${triedOn}`), h("thead", {}, h("tr", {}, h("td", {}), columns.map((name) => h("th", { scope: "col" }, h("span", { dir: "auto" }, name))))), h("tbody", {}, rows.map((called) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, called), columns.map((should) => cell(called, should)))))),
  );
}

export function drawTools(page) {
  const { tools } = page;
  const names = [...new Set([...Object.keys(tools.best), ...Object.keys(tools.seed)])].sort();
  if (!names.length) return h("p", { class: "empty" }, "No tool was called.");
  const used = COLUMNS.filter(([key]) => key === "calls" || names.some((name) => tools.seed[name]?.[key] || tools.best[name]?.[key]));
  const triedOn = page.head.best === page.head.seed ? `, in ${number(tools.seed_rollouts, "rollout")}.` : `, in ${number(tools.seed_rollouts, "rollout")} of the seed and ${count(tools.best_rollouts)} of the winner.`;
  const meanings = used.map(([key]) => MEANINGS[key]).filter(Boolean);
  return h(
    "div",
    {},
    tools.confusions.length ? drawConfusions(tools.confusions, triedOn) : h("p", { class: "caption" }, "No tool was called in place of another, as far as it is known which should have been."),
    h(
      "div",
      { class: "scroll table", tabindex: "0", role: "region", "aria-label": "Each tool" },
      h("table", {}, h("caption", {}, `Each tool, with the seed → with the winner${triedOn}`), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "tool"), used.map(([, label]) => h("th", { scope: "col", class: "figure" }, label)))), h("tbody", {}, names.map((name) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, name), used.map(([key]) => change(tools.seed[name]?.[key] ?? 0, tools.best[name]?.[key] ?? 0)))))),
    ),
    meanings.length > 0 && h("p", { class: "caption" }, `${meanings.join("; ")}.`),
  );
}
