// Where the page's data comes from: out of the file itself, or from the server that it was opened with.

import { h } from "./dom.js";

const embedded = (name) => {
  const block = document.getElementById(name);
  return block === null ? null : JSON.parse(block.textContent);
};

async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

class File {
  live = false;
  constructor(page, traces) {
    this.only = page;
    this.traces = traces;
  }
  async page() {
    return this.only;
  }
  has(number) {
    return number in this.traces.packed;
  }
  async rollout(_run, number) {
    if (!this.has(number)) throw new Error("This file does not hold the trace of this rollout.");
    return unpacked(this.traces.packed[number]);
  }
}

class Server {
  live = true;
  constructor(token) {
    this.token = token;
  }
  async ask(path, parameters, options) {
    const address = `${path}?${new URLSearchParams(parameters)}`;
    const answer = await fetch(address, { ...options, headers: { authorization: `Bearer ${this.token}`, ...options?.headers } });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error ?? `the server answered ${answer.status}`);
    return said;
  }
  runs() {
    return this.ask("api/runs", {});
  }
  page(run) {
    return this.ask("api/page", { run });
  }
  has() {
    return true;
  }
  rollout(run, number) {
    return this.ask("api/rollout", { run, number });
  }
  annotate(run, rollout, text) {
    const body = JSON.stringify({ run, rollout, text });
    return this.ask("api/annotations", {}, { method: "POST", body, headers: { "content-type": "application/json" } });
  }
  /** Calls `changed` whenever the run has news; returns what ends that. */
  follow(run, changed) {
    const events = new EventSource(`api/events?${new URLSearchParams({ run, token: this.token })}`);
    events.addEventListener("changed", (event) => changed(JSON.parse(event.data)));
    return () => events.close();
  }
}

export function source() {
  const page = embedded("page");
  return page === null ? new Server(new URLSearchParams(location.search).get("token") ?? "") : new File(page, embedded("traces"));
}

export const complaint = (error) => h("p", { class: "complaint", role: "alert" }, error instanceof Error ? error.message : String(error));
