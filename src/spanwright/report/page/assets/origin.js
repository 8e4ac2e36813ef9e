// How to come by the same result, and what to do with it.

import { copying, h } from "./dom.js";
import { number } from "./format.js";

const command = (line, why) => h("li", {}, why && h("p", { class: "caption" }, why), h("div", { class: "command" }, h("code", { dir: "auto" }, line), copying(line, "the command")));

export function drawOrigin(page) {
  const { origin, head } = page;
  const { splits } = origin;
  const facts = {
    run: head.run,
    policy: head.policy,
    cases: `${splits.train} train, ${splits.validation} validation, ${splits.test} test`,
    budget: Object.entries(head.budget).filter(([, value]) => value !== null).map(([key, value]) => `${key} ${value}`).join(", ") || "no limit",
    "Spanwright": origin.spanwright,
    "Python": origin.python,
  };
  return h(
    "div",
    {},
    h("ul", { class: "commands" }, origin.command && command(origin.command, "How it was started"), origin.commands.map(([line, why]) => command(line, why))),
    h("dl", { class: "pairs" }, Object.entries(facts).map(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)])),
    h("details", { class: "text-card" }, h("summary", {}, `${number(Object.keys(origin.fingerprints).length, "fingerprint")}: what has to be equal when the run is resumed`), h("dl", { class: "pairs" }, Object.entries(origin.fingerprints).map(([name, mark]) => [h("dt", { dir: "auto" }, name), h("dd", { dir: "auto" }, h("code", {}, mark))]))),
  );
}
