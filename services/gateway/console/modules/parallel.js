// Parallel coordinates: an axis a quantity, a line a run or trial; a range on an axis leaves the lines that pass through it.

import { colour } from "./dom.js";
import { Figure, scale } from "./figure.js";
import { number, t } from "./words.js";

const MARGIN = { left: 30, right: 30, top: 44, bottom: 26 };

export class Parallel extends Figure {
  constructor(place, { title, name }) {
    super(place, { title, name, height: 340, keys: t("parallel.keys") });
    Object.assign(this, { axes: [], rows: [], ranges: new Map(), active: 0, over: null });
  }

  /** Axes are { name, title, better }: 1 where more is better, -1 less; rows { label, values: [an axis each], strong, best }. */
  show(axes, rows) {
    this.axes = axes.map((axis, index) => ({ ...axis, ...scale(rows.map((row) => row.values[index])) }));
    this.rows = rows;
    for (const name of this.ranges.keys()) if (!axes.some((axis) => axis.name === name)) this.ranges.delete(name);
    this.active = Math.min(this.active, Math.max(0, axes.length - 1));
    this.canvas.dataset.rows = rows.length;
    this.changed();
  }

  passes(row) {
    return this.axes.every((axis, index) => {
      const range = this.ranges.get(axis.name);
      if (!range) return true;
      const at = axis.at(row.values[index]);
      return at >= range[0] - 1e-9 && at <= range[1] + 1e-9;
    });
  }

  changed() {
    const left = this.rows.filter((row) => this.passes(row));
    this.canvas.dataset.left = left.length;
    this.tell(this.ranges.size ? t("parallel.left", { left: left.length, all: this.rows.length }) : "");
    this.redraw();
  }

  get places() {
    const wide = this.canvas.clientWidth - MARGIN.left - MARGIN.right;
    return this.axes.map((_, index) => MARGIN.left + (this.axes.length > 1 ? (index / (this.axes.length - 1)) * wide : wide / 2));
  }

  y(share) {
    return MARGIN.top + (1 - share) * (this.canvas.clientHeight - MARGIN.top - MARGIN.bottom);
  }

  share(y) {
    return Math.min(1, Math.max(0, 1 - (y - MARGIN.top) / (this.canvas.clientHeight - MARGIN.top - MARGIN.bottom)));
  }

  draw(context, wide, high) {
    const places = this.places;
    const order = this.rows.map((row) => [this.passes(row) ? (row.best ? 3 : row.strong ? 2 : 1) : 0, row]).sort(([one], [other]) => one - other);
    const colours = ["--line", "--edge", "--seat-0", "--seat-1"].map(colour);
    for (const [rank, row] of order) {
      const over = row === this.over;
      context.strokeStyle = over ? colour("--text") : colours[rank];
      context.globalAlpha = rank === 0 ? 0.35 : rank === 1 && this.rows.length > 60 ? 0.5 : 1;
      context.lineWidth = over || rank === 3 ? 3 : rank === 2 ? 2 : 1;
      context.setLineDash(rank === 3 ? [8, 3] : []);
      context.beginPath();
      let drawing = false;
      row.values.forEach((value, index) => {
        const at = this.axes[index].at(value);
        if (Number.isFinite(at)) context[drawing ? "lineTo" : "moveTo"](places[index], this.y(at));
        drawing = Number.isFinite(at);
      });
      context.stroke();
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    this.axes.forEach((axis, index) => this.drawAxis(context, axis, index, places[index], wide / Math.max(1, this.axes.length), high));
  }

  drawAxis(context, axis, index, x, room, high) {
    const range = this.ranges.get(axis.name);
    const active = document.activeElement === this.canvas && index === this.active;
    context.strokeStyle = colour(active ? "--focus" : "--edge");
    context.lineWidth = active ? 3 : 1.5;
    context.beginPath();
    context.moveTo(x, this.y(0));
    context.lineTo(x, this.y(1));
    context.stroke();
    if (range) {
      context.fillStyle = colour("--accent");
      context.globalAlpha = 0.3;
      context.fillRect(x - 7, this.y(range[1]), 14, Math.max(3, this.y(range[0]) - this.y(range[1])));
      context.globalAlpha = 1;
    }
    context.fillStyle = colour("--text");
    context.textAlign = index === 0 ? "left" : index === this.axes.length - 1 ? "right" : "center";
    const at = index === 0 ? x - MARGIN.left + 4 : index === this.axes.length - 1 ? x + MARGIN.right - 4 : x;
    const sign = axis.better ? (axis.better > 0 ? " ↑" : " ↓") : "";
    context.fillText(fitting(context, axis.title + sign, room - 6), at, 14);
    context.fillStyle = colour("--soft");
    const ends = axis.names ? [axis.names.at(-1) ?? "", axis.names[0] ?? ""] : [axis.high, axis.low].map((one) => short(one));
    context.fillText(fitting(context, ends[0], room - 6), at, MARGIN.top - 10);
    context.fillText(fitting(context, ends[1] + (axis.log ? " (log)" : ""), room - 6), at, high - 8);
  }

  nearestAxis(x) {
    const places = this.places;
    return places.reduce((best, place, index) => (Math.abs(place - x) < Math.abs(places[best] - x) ? index : best), 0);
  }

  move(event) {
    if (!this.axes.length) return;
    if (this.pressed) {
      const { name, from } = this.pressed;
      const to = this.share(event.offsetY);
      this.ranges.set(name, [Math.min(from, to), Math.max(from, to)]);
      this.changed();
      return;
    }
    const index = this.nearestAxis(event.offsetX);
    const near = this.rows.filter((row) => this.passes(row)).map((row) => [Math.abs(this.y(this.axes[index].at(row.values[index])) - event.offsetY), row]).filter(([far]) => far < 8);
    near.sort(([one], [other]) => one - other);
    this.over = near[0]?.[1] ?? null;
    this.tell(this.over ? this.words(this.over) : "");
    this.redraw();
  }

  words(row) {
    return `${row.label}: ${this.axes.map((axis, index) => `${axis.title} ${typeof row.values[index] === "number" ? number(row.values[index], 4) : row.values[index] ?? "—"}`).join(" · ")}`;
  }

  press(event) {
    if (!this.axes.length) return;
    const axis = this.axes[(this.active = this.nearestAxis(event.offsetX))];
    this.ranges.delete(axis.name);
    this.pressed = { name: axis.name, from: this.share(event.offsetY) };
    this.canvas.setPointerCapture(event.pointerId);
    this.changed();
  }

  release() {
    const range = this.pressed && this.ranges.get(this.pressed.name);
    if (range && range[1] - range[0] < 0.02) this.ranges.delete(this.pressed.name);
    this.pressed = null;
    this.changed();
  }

  /** Left and right choose an axis; up and down move the range's lower end, with shift its upper one; escape lets all pass. */
  key({ key, shiftKey }) {
    const axis = this.axes[this.active];
    if (!axis) return false;
    if (key === "ArrowLeft" || key === "ArrowRight") this.active = Math.min(this.axes.length - 1, Math.max(0, this.active + (key === "ArrowLeft" ? -1 : 1)));
    else if (key === "ArrowUp" || key === "ArrowDown") {
      const range = [...(this.ranges.get(axis.name) ?? [0, 1])];
      const step = key === "ArrowUp" ? 0.05 : -0.05;
      range[shiftKey ? 1 : 0] = Math.min(1, Math.max(0, range[shiftKey ? 1 : 0] + step));
      if (range[0] <= range[1]) this.ranges.set(axis.name, range);
    } else if (key === "Escape") this.ranges.clear();
    else return false;
    this.changed();
    const range = this.ranges.get(this.axes[this.active].name);
    const ends = range && !this.axes[this.active].names ? ` ${range.map((one) => short(this.axes[this.active].from(one))).join(" … ")}` : "";
    this.tell(`${this.axes[this.active].title}${ends} · ${t("parallel.left", { left: this.canvas.dataset.left, all: this.rows.length })}`);
    return true;
  }
}

const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(3)).toString() : "");

/** As much of a text as has room. */
function fitting(context, text, room) {
  let kept = String(text);
  if (context.measureText(kept).width <= room) return kept;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}
