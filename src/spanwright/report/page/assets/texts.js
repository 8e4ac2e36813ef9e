// The winner's texts, each with what changed and a button that copies it.

import { copying, h, prose } from "./dom.js";
import { difference } from "./differences.js";
import { number } from "./format.js";

function drawText(page, each, state) {
  const changed = page.head.changed.includes(each.component);
  const box = h("details", { class: "text-card", "data-component": each.component, open: state.component === each.component || (changed && page.head.changed.length <= 3) });
  const summary = h("summary", {}, h("code", { dir: "auto" }, each.component), h("span", { class: "kind" }, each.kind), h("span", { class: changed ? "tag" : "tag none" }, changed ? "changed" : "as in the seed"));
  const body = h("div", {});
  let view = changed ? "what changed" : "text";
  const draw = () => {
    const views = changed ? ["what changed", "winner", "seed"] : ["text"];
    const shown = view === "what changed" ? difference(each.before, each.after, { whole: true }) : prose(view === "seed" ? each.before : each.after, { longest: 6000 });
    body.replaceChildren(
      h("div", { class: "bar" },
        views.length > 1 && h("div", { class: "choice", role: "group", "aria-label": "Shown" }, views.map((name) => h("button", { type: "button", "aria-pressed": String(name === view), onclick: () => { view = name; draw(); } }, name))),
        copying(each.after, `the winner's text of ${each.component}`)),
      each.after || view === "seed" ? shown : h("p", { class: "empty" }, "No text."),
    );
  };
  const unfold = () => {
    if (box.open && !body.hasChildNodes()) draw();
  };
  box.append(summary, body);
  box.addEventListener("toggle", unfold);
  unfold();
  return box;
}

export function drawTexts(page, { state }) {
  const changed = page.words.filter((each) => page.head.changed.includes(each.component));
  const others = page.words.filter((each) => !page.head.changed.includes(each.component));
  if (!changed.length) return h("div", { class: "texts" }, others.map((each) => drawText(page, each, state)));
  return h(
    "div",
    { class: "texts" },
    changed.map((each) => drawText(page, each, state)),
    others.length > 0 && h("details", { class: "others-card" }, h("summary", {}, `${number(others.length, "text")} as in the seed`), h("div", { class: "texts" }, others.map((each) => drawText(page, each, state)))),
  );
}
