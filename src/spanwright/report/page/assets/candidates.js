// What is derived of the candidates: their texts, their names, and how well each did as a shade.

const STEPS = 10;

/** The texts of a candidate that its edits replaced, by the component. */
export function replaced(page, place) {
  const node = page.candidates[place];
  const before = {};
  for (const component of Object.keys(node.edits)) before[component] = textOf(page, node.parents[0], component);
  return before;
}

export function textOf(page, place, component) {
  for (let node = page.candidates[place]; node !== undefined; node = page.candidates[node.parents[0]]) {
    if (component in node.edits) return node.edits[component];
  }
  return page.words.find((each) => each.component === component)?.before ?? "";
}

export function nameOf(page, place) {
  if (place === 0) return "the seed";
  if (place < 0) return "a new candidate";
  return `candidate ${place}`;
}

export const winnerOf = (page) => page.candidates.findIndex((node) => node.id === page.head.best);

/** Maps scores to 0..10, the highest that the run has seen to 10. */
export function shading(scores) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of scores) {
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const reach = high - low;
  const shade = (value) => (reach > 0 ? Math.round(((value - low) / reach) * STEPS) : STEPS);
  return { low, high, shade };
}
