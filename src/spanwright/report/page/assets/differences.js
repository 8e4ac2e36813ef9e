// What changed in a text, word by word: jsdiff finds it, and gives up on texts that have nothing in common.

import { h } from "./dom.js";

const MOST = 4000;

export function changes(before, after) {
  const long = before.length + after.length > 60000;
  const found = long ? undefined : Diff.diffWordsWithSpace(before, after, { maxEditLength: MOST });
  if (found) return found;
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
