// Means with their intervals on a common axis: the picture of the first screen.

import { between, score, signed } from "./format.js";
import { h, svg } from "./dom.js";

const WIDTH = 560;
const LEFT = 74;
const RIGHT = 64;

function axis(values) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  const pad = (high - low || 1) * 0.08;
  low -= pad;
  high += pad;
  return (value) => LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
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

export function whiskers(compared) {
  const ranges = [compared.seed, compared.best];
  const place = axis(ranges.flatMap((each) => [each.mean, each.low ?? each.mean, each.high ?? each.mean]));
  const said = `Seed ${score(compared.seed.mean)} (${between(compared.seed)}), winner ${score(compared.best.mean)} (${between(compared.best)})`;
  return h(
    "figure",
    { class: "whiskers" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} 84`, role: "img", "aria-label": said },
      row(place, 22, "Seed", compared.seed, "seed", score),
      row(place, 62, "Winner", compared.best, "winner", score),
    ),
    h("figcaption", {}, `Mean of ${compared.difference.n} cases each, with 95 % intervals. Paired difference ${signed(compared.difference.mean)}` + (between(compared.difference) ? `, ${between(compared.difference, signed)}.` : ".")),
  );
}
