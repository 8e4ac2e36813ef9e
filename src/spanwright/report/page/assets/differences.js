// What changed in a text, word by word: jsdiff finds it, and gives up on texts that have nothing in common.

import { h } from "./dom.js";

const MOST = 4000;
const ALIKE = 0.5;

/** Whether the words of the shorter text are for the most part in both: else a comparison of words is confetti. */
function alike(pieces, before, after) {
  const letters = (text) => text.replace(/\s+/g, "").length;
  const common = pieces.filter((piece) => !piece.added && !piece.removed).reduce((sum, piece) => sum + letters(piece.value), 0);
  return common >= ALIKE * Math.min(letters(before), letters(after));
}

export function changes(before, after) {
  const long = before.length + after.length > 60000;
  const found = long ? undefined : Diff.diffWordsWithSpace(before, after, { maxEditLength: MOST });
  if (found && (alike(found, before, after) || !before.includes("\n"))) return found;
  const byLine = long ? undefined : Diff.diffLines(before, after, { maxEditLength: MOST });
  if (byLine) return byLine;
  return [
    { value: before, removed: true, added: false },
    { value: after, added: true, removed: false },
  ].filter((piece) => piece.value);
}

export function amount(before, after) {
  const words = (text) => text.split(/\s+/).filter(Boolean).length;
  let added = 0;
  let removed = 0;
  for (const piece of changes(before, after)) {
    if (piece.added) added += words(piece.value);
    if (piece.removed) removed += words(piece.value);
  }
  return { added, removed };
}

const CONTEXT = 160;

function shortened(value, first, last) {
  if (value.length <= 2 * CONTEXT + 40) return value;
  const head = first ? "" : value.slice(0, CONTEXT);
  const tail = last ? "" : value.slice(-CONTEXT);
  return `${head} … ${tail}`;
}

export function difference(before, after, { whole = false } = {}) {
  const pieces = changes(before, after);
  return h(
    "div",
    { class: "difference", dir: "auto" },
    pieces.map((piece, place) => {
      if (piece.added) return h("ins", {}, piece.value);
      if (piece.removed) return h("del", {}, piece.value);
      return h("span", {}, whole ? piece.value : shortened(piece.value, place === 0, place === pieces.length - 1));
    }),
  );
}
