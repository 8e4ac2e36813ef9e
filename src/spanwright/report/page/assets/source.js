// Where the page's data comes from: out of the file itself, or from the server that it was opened with.

import { h } from "./dom.js";

const BYTES_OF_A_TRY = 21;

const embedded = (name) => {
  const block = document.getElementById(name);
  return block === null ? null : JSON.parse(block.textContent);
};

async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/** The columns of all tries, as `packing.py` writes them; a try without a score has NaN. */
async function tried(packed) {
  const bytes = await unpacked(packed).then((answer) => answer.arrayBuffer());
  const size = bytes.byteLength / BYTES_OF_A_TRY;
  let at = 0;
  const [score, number, candidate, case_, purpose] = [Float64Array, Int32Array, Int32Array, Int32Array, Uint8Array].map((Column) => {
    const column = new Column(bytes, at, size);
    at += column.byteLength;
    return column;
  });
  for (let each = 1; each < size; each++) number[each] += number[each - 1];
  return { score, number, candidate, case: case_, purpose };
}

async function whole(page) {
  if (page.packed === undefined) return page;
  page.tries = await tried(page.packed);
  delete page.packed;
  return page;
}

class File {
  live = false;
  constructor(page, traces) {
    this.only = page;
    this.traces = traces;
  }
  async page() {
    return whole(this.only);
  }
  has(number) {
    return number in this.traces.packed;
  }
  async rollout(_run, number) {
    if (!this.has(number)) throw new Error("This file does not hold the trace of this rollout.");
    return (await unpacked(this.traces.packed[number])).json();
  }
}

class Server {
  live = true;
  known = "";
  constructor(token) {
    this.token = token;
  }
  async ask(path, parameters, options) {
    return (await this.answer(path, parameters, options)).said;
  }
  async answer(path, parameters, options) {
    const address = `${path}?${new URLSearchParams(parameters)}`;
    const answer = await fetch(address, { ...options, headers: { authorization: `Bearer ${this.token}`, ...options?.headers } });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error ?? `the server answered ${answer.status}`);
    return { said, known: answer.headers.get("x-known") ?? "" };
  }
  runs() {
    return this.ask("api/runs", {});
  }
  async page(run) {
    const { said, known } = await this.answer("api/page", { run });
    this.known = known;
    return whole(said);
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
  /**
   * Calls `changed` whenever the run has news, those since its page was read included, and `heard` whenever the server
   * is lost or found again; returns what ends that.
   */
  follow(run, changed, heard) {
    const events = new EventSource(`api/events?${new URLSearchParams({ run, known: this.known, token: this.token })}`);
    events.addEventListener("changed", (event) => changed(JSON.parse(event.data)));
    events.addEventListener("open", () => heard(true));
    events.addEventListener("error", () => heard(false));
    return () => events.close();
  }
}

export function source() {
  const page = embedded("page");
  return page === null ? new Server(new URLSearchParams(location.search).get("token") ?? "") : new File(page, embedded("traces"));
}

export const complaint = (error) => h("p", { class: "complaint", role: "alert" }, error instanceof Error ? error.message : String(error));
