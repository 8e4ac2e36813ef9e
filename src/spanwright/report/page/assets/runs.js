// The runs of a store, to look at one or to compare two.

import { count, when } from "./format.js";
import { h } from "./dom.js";

/** Draws the list; `picked` are the names of those that are chosen, which outlives a drawing. */
export function drawRuns(runs, { picked, openRun, compare }) {
  if (!runs.length) return h("p", { class: "empty" }, "This store has no runs yet. They appear here when one begins.");
  const button = h("button", { type: "button", class: "primary", disabled: picked.size !== 2, onclick: () => compare(...[...picked].slice(-2)) }, "Compare two");
  const row = (run) => h(
    "tr",
    {},
    h("td", {}, h("input", { type: "checkbox", "aria-label": `Compare ${run.name}`, checked: picked.has(run.name), onchange: (event) => {
      if (event.target.checked) picked.add(run.name);
      else picked.delete(run.name);
      button.disabled = picked.size !== 2;
    } })),
    h("th", { scope: "row" }, h("button", { class: "link", type: "button", dir: "auto", onclick: () => openRun(run.name) }, run.name)),
    h("td", {}, h("span", { class: `status ${run.status}` }, h("i", { "aria-hidden": "true" }), run.status + (run.reason ? `, ${run.reason}` : ""))),
    h("td", {}, when(run.started)),
    h("td", { class: "figure" }, count(run.rollouts)),
    h("td", { class: "figure" }, count(run.reflections)),
    h("td", { class: "figure" }, count(run.admitted)),
    h("td", { dir: "auto" }, run.policy),
  );
  const names = ["", "run", "status", "started", "rollouts", "reflections", "admitted", "policy"];
  return h(
    "div",
    {},
    h("div", { class: "scroll table", tabindex: "0", role: "region", "aria-label": "Runs" }, h("table", { class: "runs" }, h("thead", {}, h("tr", {}, names.map((name, place) => h("th", { scope: "col", class: place > 3 && place < 7 ? "figure" : "" }, name || h("span", { class: "sr" }, "compare"))))), h("tbody", {}, [...runs].reverse().map(row)))),
    h("div", { class: "bar" }, button, h("p", { class: "caption" }, "Choose two runs to see them side by side.")),
  );
}
