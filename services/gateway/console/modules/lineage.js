// Which version grew from which, as lanes beside a table: a lane goes down from a version to the one that it grew from.

import { colour, fit, h, save, themed } from "./dom.js";
import { star } from "./figure.js";

const [LANE, ROW] = [16, 40];
const SIGNS = { READY: "circle", RETIRED: "ring", REJECTED: "cross" };

/**
 * Lanes of versions, newest first: { number, parent }, `parent` being 0 or a version that may not be among them (its
 * nearest ancestor that is takes its place, by `ancestry`: number -> parent). A row is { lane, above, below }: lanes that
 * pass its upper and its lower half, as [from, to].
 */
export function lanes(versions, ancestry = new Map()) {
  const shown = new Set(versions.map((one) => one.number));
  const grew = (number) => {
    let parent = ancestry.get(number) ?? 0;
    while (parent && !shown.has(parent)) parent = ancestry.get(parent) ?? 0;
    return parent;
  };
  let waiting = []; // what each lane leads down to; null where it is free
  return versions.map(({ number, parent }) => {
    if (!ancestry.has(number)) ancestry.set(number, parent);
    const led = waiting.map((one, lane) => (one === number ? lane : -1)).filter((lane) => lane >= 0);
    const free = waiting.indexOf(null);
    const lane = led[0] ?? (free >= 0 ? free : waiting.length);
    const above = waiting.flatMap((one, from) => (one === null ? [] : [[from, one === number ? lane : from]]));
    waiting = waiting.map((one) => (one === number ? null : one));
    const next = grew(number);
    waiting[lane] = next || null;
    while (waiting.length && waiting.at(-1) === null) waiting.pop();
    const below = waiting.flatMap((one, from) => (one === null ? [] : [[from, from]]));
    return { lane, above, below };
  });
}

/** A canvas with a row's lanes, for the first cell of the row of a table. */
export function lane(row, widest, version) {
  const canvas = h("canvas.lane", { "aria-hidden": "true" });
  canvas.style.width = `${widest * LANE}px`;
  canvas.style.height = `${ROW}px`;
  const draw = () => paint(fit(canvas, widest * LANE, ROW), row, version, 0);
  draw();
  return themed(canvas, draw);
}

export const widest = (rows) => Math.max(1, ...rows.flatMap((row) => [row.lane + 1, ...row.above.flat().map((one) => one + 1)]));

function paint(context, row, version, top) {
  const x = (lane) => (lane + 0.5) * LANE;
  context.clearRect(0, top, 10_000, ROW);
  context.lineWidth = 2;
  const stroke = (lane, ...ends) => {
    context.strokeStyle = colour(`--seat-${lane % 8}`);
    context.beginPath();
    context.moveTo(ends[0], ends[1]);
    context.bezierCurveTo(ends[0], (ends[1] + ends[3]) / 2, ends[2], (ends[1] + ends[3]) / 2, ends[2], ends[3]);
    context.stroke();
  };
  for (const [from, to] of row.above) stroke(from, x(from), top, x(to), top + ROW / 2);
  for (const [from, to] of row.below) stroke(to, x(from), top + ROW / 2, x(to), top + ROW);
  const sign = version.champion ? "star" : SIGNS[version.state] ?? "circle";
  context.fillStyle = context.strokeStyle = colour(version.state === "REJECTED" ? "--bad" : `--seat-${row.lane % 8}`);
  const [middle, y] = [x(row.lane), top + ROW / 2];
  context.beginPath();
  if (sign === "cross") {
    for (const [from, to] of [[-1, 1], [1, -1]]) {
      context.moveTo(middle + from * 5, y - 5);
      context.lineTo(middle + to * 5, y + 5);
    }
  } else if (sign === "star") star(context, middle, y, 8, 3.5);
  else context.arc(middle, y, version.snapshot ? 6 : 4, 0, 2 * Math.PI);
  if (sign === "ring" || sign === "cross") {
    context.save();
    context.fillStyle = colour("--raised");
    if (sign === "ring") context.fill();
    context.restore();
    context.stroke();
  } else context.fill();
}

/** All rows as one picture, with their words. */
export function saveLineage(name, rows, versions, words) {
  const across = widest(rows) * LANE;
  const scale = 2;
  const canvas = h("canvas", { width: (across + 700) * scale, height: rows.length * ROW * scale });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  rows.forEach((row, index) => paint(context, row, versions[index], index * ROW));
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = colour("--raised");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "source-over";
  context.fillStyle = colour("--text");
  context.font = "14px system-ui, sans-serif";
  context.textBaseline = "middle";
  versions.forEach((version, index) => context.fillText(words(version), across + 10, (index + 0.5) * ROW));
  canvas.toBlob((blob) => save(`${name}.png`, blob), "image/png");
}
