// The first screen: did it get better, by how much, how sure, what did it cost, what changed.

import { amount } from "./differences.js";
import { between, cost, count, dollars, duration, number, signed, tokens, when } from "./format.js";
import { copying, h } from "./dom.js";
import { whiskers } from "./whiskers.js";

function verdict(head) {
  const compared = head.test ?? head.validation;
  if (head.best === head.seed) return head.status === "ended" ? "Nothing beat the seed" : "Nothing has beaten the seed yet";
  if (compared === null) return "Not compared yet";
  if (head.at_hand) return head.improved ? "A better text" : "Nothing better yet";
  if (head.improved) return "Better, beyond chance";
  return head.test === null ? "Better where it was chosen" : "Not better beyond chance";
}

function fact(label, value, note) {
  return h("div", { class: "fact" }, h("dt", {}, label), h("dd", {}, h("strong", {}, value), note && h("span", {}, note)));
}

function gain(head) {
  const compared = head.test ?? head.validation;
  if (compared === null || head.best === head.seed) return fact("Gain", "none", "the seed stands");
  const sure = between(compared.difference, signed);
  return fact("Gain", signed(compared.difference.mean), sure ? `95 % interval ${sure}` : head.at_hand ? "on the one case that there is" : "one case says nothing of chance");
}

function allowance(head) {
  const { budget, usage } = head;
  const parts = budget.usd ? [`of ${dollars(budget.usd)}`] : [];
  if (budget.rollouts) parts.push(`${count(usage.rollouts)} of ${count(budget.rollouts)} rollouts`);
  else parts.push(number(usage.rollouts, "rollout"));
  parts.push(`${count(tokens(usage))} tokens`);
  if (usage.unpriced && usage.usd) parts.push(`${count(usage.unpriced)} requests unpriced`);
  return parts.join(", ");
}

function status(head) {
  const reason = head.stop_reason ? `, ${head.stop_reason}` : "";
  const flying = head.in_flight ? `, ${number(head.in_flight, "rollout")} in flight` : "";
  return h("span", { class: `status ${head.status}` }, h("i", { "aria-hidden": "true" }), `${head.status}${reason}${flying}`);
}

export function drawHead(page, { go }) {
  const { head } = page;
  const compared = head.test ?? head.validation;
  const changed = page.words.filter((each) => head.changed.includes(each.component));
  return h(
    "div",
    { class: "hero" },
    h("p", { class: "kicker" }, status(head), h("span", { dir: "auto" }, head.run), h("time", {}, when(head.started))),
    head.held_up.length > 0 && h("p", { class: "meta", dir: "auto" }, `Held up: ${head.held_up.join("; ")}.`),
    h("h1", {}, verdict(head)),
    head.headline !== `${verdict(head)}.` && h("p", { class: "lede", dir: "auto" }, head.headline.replace("->", "→")),
    head.status === "paused" && h("p", { class: "meta" }, "It stopped before its end. Go on with ", h("code", { dir: "auto" }, page.reproduction.commands[0][0]), " ", copying(page.reproduction.commands[0][0], "the command")),
    h(
      "div",
      { class: "first" },
      h(
        "div",
        { class: "card" },
        compared ? whiskers(compared, { alone: head.best === head.seed }) : h("p", { class: "empty" }, "Seed and winner have no case in common yet."),
        h(
          "dl",
          { class: "facts" },
          gain(head),
          fact("Cost", cost(head.usage), allowance(head)),
          fact("Time", duration(head.seconds), `${number(head.usage.reflections, "reflection")}, ${head.accepted} of ${head.proposed} admitted`),
        ),
      ),
      h(
        "div",
        { class: "card changed" },
        h("h2", {}, changed.length ? `What changed: ${number(changed.length, "text")}` : "No text changed"),
        h(
          "ul",
          {},
          changed.slice(0, 7).map((each) => {
            const { added, removed } = amount(each.before, each.after);
            return h(
              "li",
              {},
              h("button", { class: "link", type: "button", dir: "auto", onclick: () => go("texts", each.component) }, each.component),
              h("span", { class: "amount" }, added > 0 && h("ins", {}, `+${added}`), " ", removed > 0 && h("del", {}, `−${removed}`), " words"),
            );
          }),
        ),
        changed.length > 7 && h("p", { class: "more" }, h("button", { class: "link", type: "button", onclick: () => go("texts") }, `and ${changed.length - 7} more`)),
      ),
    ),
    head.notes.length > 0 && h("ul", { class: "notes" }, head.notes.map((note) => h("li", { dir: "auto" }, note))),
  );
}
