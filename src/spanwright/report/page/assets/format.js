// How figures are written.

/** Two decimals, unless a scale is so small or so large that they say nothing. */
function decimal(value) {
  const size = Math.abs(value);
  if (size > 0 && size < 0.005) return value.toPrecision(2);
  return size < 1000 ? value.toFixed(2) : Math.round(value).toLocaleString("en");
}

export const score = (value) => (value === null || value === undefined || Number.isNaN(value) ? "–" : decimal(value));

export const signed = (value) => (value === null || value === undefined ? "–" : (value < 0 ? "−" : "+") + decimal(Math.abs(value)));

export const between = (range, write = score) =>
  range.low === null || range.high === null ? "" : `${write(range.low)} to ${write(range.high)}`;

export function count(value) {
  if (value < 10000) return value.toLocaleString("en");
  return value < 1e6 ? `${Math.round(value / 1000).toLocaleString("en")} k` : `${(value / 1e6).toFixed(1)} M`;
}

export const number = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

export function dollars(value) {
  if (value === 0) return "$0";
  return value >= 0.1 ? `$${value.toFixed(2)}` : `$${value.toPrecision(2)}`;
}

export function cost(usage) {
  if (usage.unpriced && !usage.usd) return usage.requests ? "price unknown" : "$0";
  return dollars(usage.usd);
}

export function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (part) => String(part).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

export function figure(name, value) {
  if (value === null || value === undefined) return "–";
  if (name === "score") return score(value);
  if (name === "cost") return dollars(Math.max(0, value));
  if (name === "latency") return duration(Math.max(0, value));
  return Number(value.toPrecision(3)).toLocaleString("en");
}

export const when = (seconds) => new Date(seconds * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });

export const tokens = (usage) => usage.input_tokens + usage.output_tokens;
