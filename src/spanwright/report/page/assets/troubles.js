// What failed and whose fault it was, what came to nothing, and cases that decided nothing.

import { h, prose } from "./dom.js";
import { number } from "./format.js";
import { tryLink } from "./tree.js";

const WHOSE = { candidate: "the candidate's text", world: "the world", user: "your code or settings", reflection: "an attempt that came to nothing" };

export function drawTroubles(page, context) {
  const { troubles, unscored } = page;
  if (!troubles.length && !unscored.length) return h("p", { class: "empty" }, "Nothing failed.");
  return h(
    "div",
    {},
    troubles.map((each) =>
      h(
        "div",
        { class: `trouble ${each.blame}` },
        h("h3", {}, h("span", { class: "times" }, `${each.count} ×`), " ", h("span", { dir: "auto" }, each.what)),
        h("p", { class: "meta" }, WHOSE[each.blame] + (each.cases ? `, on ${number(each.cases, "case")}` : "")),
        each.message && prose(each.message, { longest: 400 }),
        each.rollouts.length > 0 && h("div", { class: "tries" }, each.rollouts.map((number) => tryLink(page, number, context))),
      )),
    unscored.length > 0 &&
      h("div", { class: "said" }, h("h3", {}, "Cases set aside"), h("p", { class: "caption" }, "They were tried and never got a score, so they decided nothing."), h("ul", { class: "plain" }, unscored.map((each) => h("li", {}, h("code", { dir: "auto" }, each.case), ` (${each.split}), ${number(each.tries, "try").replace("trys", "tries")}`)))),
  );
}
