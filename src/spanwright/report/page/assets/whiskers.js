// Means with their intervals on a common axis: the picture of the first screen.

import { between, score, signed } from "./format.js";
import { h, svg } from "./dom.js";

const WIDTH = 560;
const LEFT = 74;
const LETTER = 10.5;

function axis(values, right) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  const pad = (high - low || 1) * 0.08;
  low -= pad;
  high += pad;
  return (value) => LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - right);
}

function row(place, y, label, range, className, write) {
  const [low, high] = [range.low ?? range.mean, range.high ?? range.mean];
  return svg(
    "g",
    { class: `whisker ${className}` },
    svg("text", { x: 0, y: y + 5, class: "label" }, label),
    svg("line", { x1: place(low), x2: place(high), y1: y, y2: y, class: "reach" }),
    svg("line", { x1: place(low), x2: place(low), y1: y - 5, y2: y + 5, class: "end" }),
    svg("line", { x1: place(high), x2: place(high), y1: y - 5, y2: y + 5, class: "end" }),
    svg("circle", { cx: place(range.mean), cy: y, r: 6 }),
    svg("text", { x: WIDTH, y: y + 5, class: "value", "text-anchor": "end" }, write(range.mean)),
  );
}

function caption({ seed, difference }, alone) {
  const of = difference.n === 1 ? "One case: no interval." : `Mean of ${difference.n} cases${alone ? "" : " each"}, with ${alone ? "its 95 % interval" : "95 % intervals"}.`;
  if (alone) return of;
  return `${of} Paired difference ${signed(difference.mean)}` + (between(difference) ? `, ${between(difference, signed)}.` : ".");
}

/** Draws seed and winner; the seed `alone` where it is the winner. */
export function whiskers(compared, { alone = false } = {}) {
  const ranges = [compared.seed, compared.best];
  const right = 22 + LETTER * Math.max(...ranges.map((each) => score(each.mean).length)); // room for the figures
  const place = axis(ranges.flatMap((each) => [each.mean, each.low ?? each.mean, each.high ?? each.mean]), right);
  const words = (range) => score(range.mean) + (between(range) ? ` (${between(range)})` : "");
  const said = `Seed ${words(compared.seed)}` + (alone ? "" : `, winner ${words(compared.best)}`);
  return h(
    "figure",
    { class: "whiskers" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${alone ? 44 : 84}`, role: "img", "aria-label": said },
      row(place, 22, "Seed", compared.seed, "seed", score),
      !alone && row(place, 62, "Winner", compared.best, "winner", score),
    ),
    h("figcaption", {}, caption(compared, alone)),
  );
}
