// The map of candidates (rows) and cases (columns). A canvas, because it may have half a million cells.

import { h } from "./dom.js";
import { nameOf, shading, winnerOf } from "./candidates.js";
import { number, score } from "./format.js";

const ROWS = { score: "best first", birth: "oldest first", tries: "most tried first" };
const COLUMNS = { hardest: "hardest first", given: "as given", name: "by name" };
const SPLITS = { all: "all cases", train: "train", validation: "validation", test: "test" };
const GUTTER = 56;

/** Means and numbers of rollouts by cell. */
function tabled(page) {
  const { tries, cases, candidates } = page;
  const size = cases.length * candidates.length;
  const sums = new Float64Array(size);
  const scored = new Int32Array(size);
  const tried = new Int32Array(size);
  const last = new Int32Array(size);
  const [width, { number, candidate, case: column, score }] = [cases.length, tries];
  for (let each = 0; each < number.length; each++) {
    if (candidate[each] < 0) continue;
    const cell = candidate[each] * width + column[each];
    tried[cell]++;
    last[cell] = number[each];
    if (!Number.isNaN(score[each])) {
      sums[cell] += score[each];
      scored[cell]++;
    }
  }
  return { width, last, tried, scored, mean: (cell) => (scored[cell] ? sums[cell] / scored[cell] : null) };
}

/** The candidates that were tried on some of these cases. */
function rowsOf(page, table, order, columns) {
  const tried = (place) => columns.reduce((sum, column) => sum + table.tried[place * table.width + column], 0);
  const rows = page.candidates.map((_, place) => place).filter((place) => columns.some((column) => table.tried[place * table.width + column]));
  const winner = winnerOf(page);
  const worth = (place) => (place === winner ? Infinity : page.candidates[place].estimate ?? -Infinity);
  if (order === "score") rows.sort((one, other) => worth(other) - worth(one) || one - other);
  if (order === "tries") {
    const counts = new Map(rows.map((place) => [place, tried(place)]));
    rows.sort((one, other) => counts.get(other) - counts.get(one) || one - other);
  }
  return rows;
}

function sortedColumns(page, table, { rows, order, columns }) {
  if (order === "name") columns.sort((one, other) => page.cases[one].id.localeCompare(page.cases[other].id, "en", { numeric: true }));
  if (order === "hardest") {
    const ease = new Map(columns.map((column) => {
      let sum = 0;
      let known = 0;
      for (const row of rows) {
        const mean = table.mean(row * table.width + column);
        if (mean !== null) {
          sum += mean;
          known++;
        }
      }
      return [column, known ? sum / known : Infinity];
    }));
    columns.sort((one, other) => ease.get(one) - ease.get(other) || one - other);
  }
  return columns;
}

/** The shades as pixels: read from the style sheet by drawing them. */
function palette() {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const style = getComputedStyle(document.documentElement);
  const pixel = (colour) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    return new Uint32Array(brush.getImageData(0, 0, 1, 1).data.buffer)[0];
  };
  const shades = Array.from({ length: 11 }, (_, step) => pixel(style.getPropertyValue(`--s${step}`)));
  return { shades, none: pixel(style.getPropertyValue("--void")), failed: pixel(style.getPropertyValue("--bad")), ink: style.getPropertyValue("--ink"), quiet: style.getPropertyValue("--quiet") };
}

function paint(canvas, view) {
  const { rows, columns, table, page, across, down, shade, cursor } = view;
  const sharp = rows.length * down > 4000 ? 1 : Math.min(2, devicePixelRatio || 1);
  const [width, height] = [GUTTER + Math.ceil(columns.length * across), Math.ceil(rows.length * down)];
  canvas.width = width * sharp;
  canvas.height = height * sharp;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const brush = canvas.getContext("2d");
  const colours = palette();
  const image = new ImageData(columns.length, rows.length);
  const pixels = new Uint32Array(image.data.buffer);
  let at = 0;
  for (const row of rows) {
    const first = row * table.width;
    for (const column of columns) {
      const mean = table.mean(first + column);
      pixels[at++] = mean !== null ? colours.shades[shade(mean)] : table.tried[first + column] ? colours.failed : colours.none;
    }
  }
  const small = new OffscreenCanvas(columns.length, rows.length);
  small.getContext("2d").putImageData(image, 0, 0);
  brush.scale(sharp, sharp);
  brush.imageSmoothingEnabled = false;
  brush.drawImage(small, GUTTER, 0, columns.length * across, rows.length * down);
  if (across >= 5 && down >= 8) {
    brush.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--card");
    for (let x = 1; x < columns.length; x++) brush.fillRect(GUTTER + x * across - 0.5, 0, 1, height);
    for (let y = 1; y < rows.length; y++) brush.fillRect(GUTTER, y * down - 0.5, width, 1);
  }
  if (down >= 11) {
    brush.font = "11px system-ui";
    brush.textBaseline = "middle";
    rows.forEach((row, y) => {
      const won = page.candidates[row].id === page.head.best;
      brush.fillStyle = won ? colours.ink : colours.quiet;
      brush.fillText(row === 0 ? "seed" : won ? `${row} best` : String(row), 0, y * down + down / 2);
    });
  }
  if (cursor) {
    brush.strokeStyle = colours.ink;
    brush.lineWidth = 2;
    brush.strokeRect(GUTTER + cursor.x * across, cursor.y * down, Math.max(3, across), Math.max(3, down));
  }
}

/** Whether cells were not tried, or have no score: what the shades do not say. */
function emptiness(table, { rows, columns }) {
  const found = { untried: false, failed: false };
  for (const row of rows) {
    for (const column of columns) {
      const cell = row * table.width + column;
      if (!table.tried[cell]) found.untried = true;
      else if (!table.scored[cell]) found.failed = true;
    }
  }
  return found;
}

const key = (kind, name) => [h("span", { class: `key ${kind}`, "aria-hidden": "true" }), name];

function chooser(label, options, value, change) {
  return h("label", { class: "select" }, label, h("select", { onchange: (event) => change(event.target.value) }, Object.entries(options).map(([key, name]) => h("option", { value: key, selected: key === value }, name))));
}

export function drawHeat(page, { state, redraw, open, source }) {
  if (!page.tries.number.length) return h("p", { class: "empty" }, "No rollout has ended yet.");
  const [order, sorted] = [state.rows ?? "score", state.columns ?? "hardest"];
  const known = (split) => page.cases.some((each) => each.split === split);
  const splits = Object.fromEntries(Object.entries(SPLITS).filter(([key]) => key === "all" || known(key)));
  const split = splits[state.split] ? state.split : "validation" in splits ? "validation" : "all";
  const table = tabled(page);
  const some = page.cases.map((_, place) => place).filter((place) => split === "all" || page.cases[place].split === split);
  const rows = rowsOf(page, table, order, some);
  const columns = sortedColumns(page, table, { rows, order: sorted, columns: some });
  const { low, high, shade } = shading(page.tries.score);
  const holes = emptiness(table, { rows, columns });
  const told = h("p", { class: "told", "aria-live": "polite" }, "Rows are candidates, columns cases. Point at a cell, or walk with the arrow keys; a click or Enter opens its trace.");
  const canvas = h("canvas", { tabindex: "0", role: "application", "aria-label": `Map of ${number(rows.length, "candidate")} and ${number(columns.length, "case")}: arrow keys walk it, Enter opens a trace` });
  const scroll = h("div", { class: "scroll heat" }, canvas);
  const view = { rows, columns, table, page, shade, across: 4, down: 4, cursor: null };
  const measure = () => {
    const room = Math.max(240, scroll.clientWidth - GUTTER - 16);
    view.across = Math.max(2, Math.min(26, room / columns.length));
    view.down = rows.length > 150 ? 3 : rows.length > 60 ? 8 : Math.max(14, Math.min(20, 460 / rows.length));
  };
  const say = ({ x, y }) => {
    const [row, column] = [rows[y], columns[x]];
    const cell = row * table.width + column;
    const tries = table.tried[cell];
    const result = tries ? (table.mean(cell) === null ? "no score" : `score ${score(table.mean(cell))}`) : "not tried";
    told.textContent = `${nameOf(page, row)} on ${page.cases[column].id} (${page.cases[column].split}): ${result}${tries > 1 ? ` in the mean of ${tries}` : ""}`;
  };
  const enter = ({ x, y }) => {
    const cell = rows[y] * table.width + columns[x];
    if (table.tried[cell] && source.has(table.last[cell])) open(table.last[cell]);
  };
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [Math.floor((event.clientX - box.left - GUTTER) / view.across), Math.floor((event.clientY - box.top) / view.down)];
    return x >= 0 && y >= 0 && x < columns.length && y < rows.length ? { x, y } : null;
  };
  canvas.addEventListener("pointermove", (event) => {
    const found = spot(event);
    canvas.classList.toggle("over", found !== null);
    if (found) say(found);
  });
  canvas.addEventListener("click", (event) => {
    const found = spot(event);
    if (found) enter(found);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Enter" && view.cursor) enter(view.cursor);
    else if (step) {
      const from = view.cursor ?? { x: -step[0], y: -step[1] };
      view.cursor = { x: Math.max(0, Math.min(columns.length - 1, from.x + step[0])), y: Math.max(0, Math.min(rows.length - 1, from.y + step[1])) };
      paint(canvas, view);
      say(view.cursor);
    } else return;
    event.preventDefault();
  });
  queueMicrotask(() => {
    measure();
    paint(canvas, view);
    let width = scroll.clientWidth;
    const watch = new ResizeObserver(() => {
      if (!scroll.isConnected) return watch.disconnect();
      if (scroll.clientWidth === width) return;
      width = scroll.clientWidth;
      measure();
      paint(canvas, view);
    });
    watch.observe(scroll);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const again = () => (scroll.isConnected ? paint(canvas, view) : scheme.removeEventListener("change", again));
    scheme.addEventListener("change", again);
  });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "bar" },
      chooser("Cases", splits, split, (value) => redraw({ split: value })),
      chooser("Rows", ROWS, order, (value) => redraw({ rows: value })),
      chooser("Columns", COLUMNS, sorted, (value) => redraw({ columns: value })),
      h("p", { class: "scale" }, score(Number.isFinite(low) ? low : null), h("span", { class: "ramp", "aria-hidden": "true" }), score(Number.isFinite(high) ? high : null), holes.untried && key("untried", "not tried"), holes.failed && key("unscored", "no score")),
    ),
    told,
    scroll,
  );
}
