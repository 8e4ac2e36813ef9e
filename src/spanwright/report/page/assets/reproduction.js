// How to come by the same result, and what to do with it.

import { copying, h } from "./dom.js";
import { number } from "./format.js";

const command = (line, why) => h("li", {}, why && h("p", { class: "caption" }, why), h("div", { class: "command" }, h("code", { dir: "auto" }, line), copying(line, "the command")));

export function drawReproduction(page) {
  const { reproduction, head } = page;
  const { splits } = reproduction;
  const facts = {
    run: head.run,
    policy: head.policy,
    cases: `${splits.train} train, ${splits.validation} validation, ${splits.test} test`,
    budget: Object.entries(head.budget).filter(([, value]) => value !== null).map(([key, value]) => `${key} ${value}`).join(", ") || "no limit",
    "Spanwright": reproduction.spanwright,
    "Python": reproduction.python,
  };
  return h(
    "div",
    {},
    h("ul", { class: "commands" }, reproduction.command && command(reproduction.command, "How it was started"), reproduction.commands.map(([line, why]) => command(line, why))),
    h("dl", { class: "pairs" }, Object.entries(facts).map(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)])),
    h("details", { class: "text-card" }, h("summary", {}, `${number(Object.keys(reproduction.fingerprints).length, "fingerprint")}: what has to be equal when the run is resumed`), h("dl", { class: "pairs" }, Object.entries(reproduction.fingerprints).map(([name, mark]) => [h("dt", { dir: "auto" }, name), h("dd", { dir: "auto" }, h("code", {}, mark))]))),
  );
}
