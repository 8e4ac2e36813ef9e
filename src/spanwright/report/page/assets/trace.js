// One rollout: what was said and done, every span on a time line, and what persons wrote about it.

import { complaint } from "./source.js";
import { cost, count, duration, score, tokens, when } from "./format.js";
import { h, prose, replace } from "./dom.js";
import { nameOf } from "./candidates.js";

const SPEAKERS = { agent: "agent", instructions: "instructions", system: "system", user: "user", assistant: "assistant", thinking: "thinking", call: "calls", tool: "answers", error: "failed" };
const MOST = 400;

function drawEntry(entry) {
  const title = entry.speaker === "agent" ? `agent ${entry.name}` : entry.name ? `${SPEAKERS[entry.speaker]} ${entry.name}` : SPEAKERS[entry.speaker];
  const named = entry.speaker === "tool" ? `${entry.name} ${SPEAKERS.tool}` : title;
  return h("li", { class: `entry ${entry.speaker}` }, h("p", { class: "who" }, h("span", { dir: "auto" }, named), h("time", {}, duration(Math.max(0, entry.at)))), entry.text && prose(entry.text, { longest: entry.speaker === "instructions" ? 300 : 1200 }));
}

function drawEntries(trace) {
  const list = h("ol", { class: "entries" });
  const show = (most) => {
    replace(list, trace.entries.slice(0, most).map(drawEntry));
    if (trace.entries.length > most) list.append(h("li", {}, h("button", { class: "link", type: "button", onclick: () => show(Infinity) }, `Show ${trace.entries.length - most} more`)));
  };
  show(MOST);
  return trace.entries.length ? list : h("p", { class: "empty" }, "The trace holds no messages.");
}

function drawTimeline(trace) {
  if (!trace.bars.length) return h("p", { class: "empty" }, "The rollout left no spans.");
  const end = trace.bars.reduce((most, bar) => Math.max(most, bar.ended), 0) || 1;
  const details = h("div", { class: "span-details", "aria-live": "polite" }, h("p", { class: "caption" }, "Choose a span to see its attributes."));
  const list = h("ol", { class: "timeline" }, trace.bars.slice(0, 4 * MOST).map((bar) => {
    const left = Math.min(99.5, (100 * Math.max(0, bar.started)) / end);
    const width = Math.max(0.4, Math.min(100 - left, (100 * (bar.ended - bar.started)) / end));
    const button = h(
      "button",
      { type: "button", class: `span ${bar.kind} ${bar.error ? "wrong" : ""}`, "aria-expanded": "false", onclick: () => {
        for (const other of list.querySelectorAll("[aria-expanded=true]")) other.setAttribute("aria-expanded", "false");
        button.setAttribute("aria-expanded", "true");
        replace(details, h("h4", { dir: "auto" }, bar.name), bar.error && h("p", { class: "complaint", dir: "auto" }, bar.error), h("dl", { class: "pairs" }, Object.entries(bar.service ? { service: bar.service, ...bar.details } : bar.details).map(([name, text]) => [h("dt", { dir: "auto" }, name), h("dd", {}, prose(text, { longest: 500 }))])));
      } },
      h("span", { class: "name", dir: "auto", style: { "padding-inline-start": `${Math.min(8, bar.depth) * 12}px` } }, bar.name),
      h("span", { class: "lane", "aria-hidden": "true" }, h("span", { class: "stretch", style: { left: `${left}%`, width: `${width}%` } })),
      h("span", { class: "took" }, duration(bar.ended - bar.started)),
    );
    return h("li", {}, button);
  }));
  return h("div", {}, ruler(end), list, details);
}

/** The scale over the bars: from the start of the rollout to the end of its last span. */
function ruler(end) {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => h("span", { style: { left: `${100 * share}%` } }, duration(share * end)));
  return h("p", { class: "span ruler", "aria-hidden": "true" }, h("span", {}), h("span", { class: "lane" }, marks), h("span", { class: "took" }, "took"));
}

function drawAnnotations(page, number, { source, annotated }) {
  const written = page.annotations.filter((each) => each.rollout === number);
  const place = page.tries.number.indexOf(number);
  const split = place < 0 ? "" : page.cases[page.tries.case[place]].split;
  if (!source.live && !written.length) return null;
  const promise = split === "train"
    ? "A training rollout: later reflections read what you write."
    : `A ${split} rollout: what you write is shown here, and no reflection ever reads it.`;
  const field = h("textarea", { rows: "3", maxlength: "4000", id: "annotation", "aria-describedby": "annotation-promise" });
  const problem = h("div", {});
  const send = async (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    try {
      await source.annotate(page.head.run, number, field.value.trim());
      await annotated();
    } catch (error) {
      replace(problem, complaint(error));
    }
  };
  return h(
    "section",
    { class: "annotations" },
    h("h3", {}, "Annotations"),
    written.map((each) => h("blockquote", {}, prose(each.text, { className: "prose words" }), h("footer", {}, when(each.at)))),
    source.live && h("form", { onsubmit: send }, h("label", { for: "annotation" }, "What should a reader of this trace know?"), field, h("p", { class: "caption", id: "annotation-promise" }, promise), problem, h("button", { type: "submit", class: "primary" }, "Keep")),
  );
}

function pill(value) {
  return h("span", { class: "score" }, value === null ? "no score" : score(value));
}

function drawTrace(page, trace, context) {
  const place = page.candidates.findIndex((node) => node.id === trace.candidate);
  const objectives = Object.entries(trace.objectives);
  const blamed = Object.entries(trace.blame);
  const body = h("div", {});
  const views = { conversation: () => drawEntries(trace), "time line": () => drawTimeline(trace) };
  const choice = h("div", { class: "choice", role: "group", "aria-label": "Shown" });
  const show = (name) => {
    replace(choice, Object.keys(views).map((each) => h("button", { type: "button", "aria-pressed": String(each === name), onclick: () => show(each) }, each)));
    replace(body, views[name]());
  };
  show("conversation");
  return [
    h("p", { class: "meta", dir: "auto" }, [place >= 0 ? nameOf(page, place) : trace.candidate, trace.purpose, trace.attempt === null ? "" : `attempt ${trace.attempt}`, duration(trace.seconds), `${count(tokens(trace.usage))} tokens`, cost(trace.usage)].filter(Boolean).join(" · ")),
    trace.missing.length > 0 && h("p", { class: "complaint" }, `The trace is not whole: ${trace.missing.join(", ")}.`),
    h(
      "div",
      { class: "outcome" },
      trace.failure && h("div", { class: "said" }, h("h3", {}, "Failed"), prose(trace.failure)),
      trace.output && h("div", { class: "said" }, h("h3", {}, "Output"), prose(trace.output)),
      (trace.feedback || objectives.length > 0 || blamed.length > 0) &&
        h("div", { class: "said" }, h("h3", {}, "Feedback"), objectives.length > 0 && h("p", { class: "meta", dir: "auto" }, objectives.map(([name, value]) => `${name} ${score(value)}`).join(" · ")), trace.feedback && prose(trace.feedback), blamed.map(([component, why]) => h("p", { dir: "auto" }, "Blamed: ", h("code", {}, component), ` ${why}`))),
    ),
    drawAnnotations(page, trace.number, context),
    h("div", { class: "bar" }, choice),
    body,
  ];
}

/** The dialog that shows rollouts. `closed` is called when a person leaves it. */
export function viewer({ source, closed }) {
  const title = h("h2", { id: "trace-title", tabindex: "-1" });
  const body = h("div", { class: "trace" });
  const others = h("div", { class: "bar others" });
  const dialog = h("dialog", { "aria-labelledby": "trace-title" }, h("header", {}, title, h("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, "Close")), others, body);
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  let latest = 0;
  const open = async (page, number, step) => {
    const turn = ++latest;
    const place = page.tries.number.indexOf(number);
    const same = place < 0 ? [] : Array.from(page.tries.number).filter((_, each) => page.tries.case[each] === page.tries.case[place] && page.tries.candidate[each] === page.tries.candidate[place]);
    replace(title, `Rollout ${number}`, place >= 0 && h("span", { dir: "auto" }, page.cases[page.tries.case[place]].id), place >= 0 && pill(page.tries.score[place]));
    replace(others, same.length > 1 && ["Tries of this cell:", same.slice(0, 40).map((each) => h("button", { type: "button", class: "try", "aria-pressed": String(each === number), disabled: !source.has(each), onclick: () => step(each) }, `#${each}`))]);
    replace(body, h("p", { class: "empty" }, "Reading …"));
    if (!dialog.open) dialog.showModal();
    title.focus();
    try {
      const trace = await source.rollout(page.head.run, number);
      if (turn === latest) replace(body, drawTrace(page, trace, { source, annotated: () => step(number, true) }));
    } catch (error) {
      if (turn === latest) replace(body, complaint(error));
    }
  };
  return { dialog, open, close: () => dialog.open && dialog.close() };
}
