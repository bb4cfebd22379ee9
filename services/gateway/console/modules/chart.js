// Lines with bands on a canvas: zoom, a log axis, a cursor by mouse or keys, CSV, PNG, and a table of the same numbers.

import { read, write } from "./address.js";
import { colour, csv, h, put, save, themed } from "./dom.js";
import { Figure } from "./figure.js";
import { clock, number, t } from "./words.js";

const MARGIN = { left: 64, right: 14, top: 12, bottom: 40 };
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [12, 4], [1, 4], [6, 2, 1, 2]];
const ROWS = 200; // of the table; the file has all
const NAMED = 24; // lines that the legend has

/**
 * A chart. `show` takes series { name, x, y, low, high }: arrays of one length, x ascending, NaN for no value; low and
 * high may be absent. `x` and `y` are { title, time }. `zoomed(from, to)` hears of each zoom (nulls: all of it), so that
 * whoever asked for the numbers can ask for finer ones. `parameter` begins the names of its part of the address.
 */
export class Chart extends Figure {
  constructor(place, { title, name, x, y, parameter = "", zoomed = () => {}, log = true }) {
    super(place, { title, name, height: 288, keys: t("chart.keys") });
    Object.assign(this, { x, y, parameter, zoomed });
    this.series = [];
    this.hidden = new Set();
    this.cursor = this.pressed = this.dragged = null;
    this.range = this.readRange();
    this.log = read(`${parameter}log`) === "1";
    const button = (key, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, t(key));
    this.logButton = button("chart.log", () => this.setLog(!this.log), { "aria-pressed": String(this.log) });
    this.allButton = button("chart.all", () => this.zoom(null), { hidden: !this.range });
    this.buttons.prepend(...[this.allButton, log && this.logButton, button("frame.csv", () => this.saveCsv())].filter(Boolean));
    this.canvas.addEventListener("dblclick", () => this.zoom(null));
    this.legend = h("ul.legend");
    this.body = h("div.scroll", { tabindex: 0, role: "region", "aria-label": `${title}: ${t("chart.table")}` });
    this.details = h("details", { ontoggle: () => this.drawTable() }, h("summary", {}, t("chart.table")), this.body);
    this.below.append(this.legend, this.details);
  }

  readRange() {
    const [from, to] = read(`${this.parameter}zoom`).split("..").map(Number);
    return Number.isFinite(from) && to > from ? [from, to] : null;
  }

  show(series) {
    this.series = series;
    this.canvas.dataset.points = series.reduce((sum, one) => sum + one.x.length, 0);
    this.drawLegend();
    this.redraw();
    if (this.details.open) this.drawTable();
  }

  setLog(log) {
    this.log = log;
    this.logButton.setAttribute("aria-pressed", String(log));
    write({ [`${this.parameter}log`]: log });
    this.redraw();
  }

  zoom(range) {
    this.range = range;
    this.allButton.hidden = !range;
    write({ [`${this.parameter}zoom`]: range ? range.map((one) => Number(one.toPrecision(12))).join("..") : "" });
    this.redraw();
    this.zoomed(...(range ?? [null, null]));
  }

  get shown() {
    return this.series.map((one, index) => ({ ...one, index })).filter((one) => !this.hidden.has(one.name) && one.x.length);
  }

  /** Ends of both axes: of x the zoom or all there is, of y what is seen within. */
  extent() {
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const { x } of this.shown) [left, right] = [Math.min(left, x[0]), Math.max(right, x.at(-1))];
    if (this.range) [left, right] = this.range;
    for (const { x, y, low: lows, high: highs } of this.shown) {
      for (let index = 0; index < x.length; index++) {
        if (x[index] < left || x[index] > right) continue;
        for (const value of [y[index], lows?.[index], highs?.[index]]) {
          if (!Number.isFinite(value) || (this.log && value <= 0)) continue;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    if (!(left < right)) [left, right] = Number.isFinite(left) ? [left - 1, left + 1] : [0, 1];
    if (!Number.isFinite(low)) [low, high] = this.log ? [1, 10] : [0, 1];
    if (low === high) [low, high] = this.log ? [low / 2, high * 2] : [low - 1, high + 1];
    const spare = this.log ? 0 : (high - low) * 0.05;
    return { left, right, low: low - spare, high: high + spare };
  }

  scales() {
    const { left, right, low, high } = this.extent();
    const [wide, tall] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const [inner, outer] = [wide - MARGIN.left - MARGIN.right, tall - MARGIN.top - MARGIN.bottom];
    const along = axis(left, right, this.x.log);
    const rise = this.log ? (value) => Math.log(value / low) / Math.log(high / low) : (value) => (value - low) / (high - low);
    return {
      left, right, low, high, wide, tall,
      toX: (value) => MARGIN.left + along.to(value) * inner,
      toY: (value) => MARGIN.top + (1 - rise(value)) * outer,
      fromX: (pixel) => along.from((pixel - MARGIN.left) / inner),
    };
  }

  draw(context) {
    const scales = (this.drawn = this.scales());
    this.drawAxes(context, scales);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top - 2, scales.wide - MARGIN.left - MARGIN.right, scales.tall - MARGIN.top - MARGIN.bottom + 4);
    context.clip();
    for (const one of this.shown) drawBand(context, one, scales, this.log);
    const many = this.shown.length > NAMED;
    for (const one of this.shown) drawLine(context, one, scales, this.log, many);
    this.drawCursor(context, scales);
    context.restore();
    this.tellValues();
  }

  drawAxes(context, { left, right, low, high, wide, tall, toX, toY }) {
    context.strokeStyle = colour("--line");
    context.fillStyle = colour("--soft");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of this.log ? powers(low, high) : ticks(low, high, tall / 50)) {
      const y = Math.round(toY(tick)) + 0.5;
      context.beginPath();
      context.moveTo(MARGIN.left, y);
      context.lineTo(wide - MARGIN.right, y);
      context.stroke();
      context.fillText(short(tick), MARGIN.left - 6, y);
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const tick of this.x.log ? powers(left, right) : ticks(left, right, wide / 110)) context.fillText(this.x.time ? moment(tick, right - left) : short(tick), Math.min(Math.max(toX(tick), MARGIN.left + 14), wide - 24), tall - MARGIN.bottom + 6);
    context.fillText(this.x.title, MARGIN.left + (wide - MARGIN.left - MARGIN.right) / 2, tall - 16);
    context.save();
    context.translate(12, (tall - MARGIN.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(this.y.title, 0, -6);
    context.restore();
  }

  drawCursor(context, { toX, toY, tall }) {
    if (this.pressed !== null && this.dragged !== null) {
      context.fillStyle = colour("--accent");
      context.globalAlpha = 0.2;
      context.fillRect(Math.min(this.pressed, this.dragged), MARGIN.top, Math.abs(this.pressed - this.dragged), tall - MARGIN.top - MARGIN.bottom);
      context.globalAlpha = 1;
    }
    if (this.cursor === null) return;
    context.strokeStyle = colour("--edge");
    context.beginPath();
    context.moveTo(toX(this.cursor), MARGIN.top);
    context.lineTo(toX(this.cursor), tall - MARGIN.bottom);
    context.stroke();
    for (const one of this.shown) {
      const at = nearest(one.x, this.cursor);
      if (!Number.isFinite(one.y[at])) continue;
      context.fillStyle = colour(`--seat-${one.index % 8}`);
      context.beginPath();
      context.arc(toX(one.x[at]), toY(one.y[at]), 4, 0, 2 * Math.PI);
      context.fill();
    }
  }

  /** The values under the cursor, in words. */
  tellValues() {
    if (this.cursor === null) return this.tell("");
    const values = this.shown.slice(0, 8).map((one) => {
      const at = nearest(one.x, this.cursor);
      const band = one.low && Number.isFinite(one.low[at]) ? ` [${number(one.low[at], 3)}, ${number(one.high[at], 3)}]` : "";
      return `${one.name}: ${number(one.y[at], 3)}${band}`;
    });
    this.tell(`${this.x.title} ${this.x.time ? clock(this.cursor) : number(this.cursor, 3)} · ${values.join(" · ")}`);
  }

  point(value) {
    this.cursor = value;
    this.redraw();
  }

  leave() {
    this.point(null);
  }

  press(event) {
    [this.pressed, this.dragged] = [event.offsetX, null];
    this.canvas.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.drawn) return;
    if (this.pressed !== null) this.dragged = event.offsetX;
    this.point(this.drawn.fromX(event.offsetX));
  }

  release(event) {
    if (this.pressed === null) return;
    const [from, to] = [Math.min(this.pressed, event.offsetX), Math.max(this.pressed, event.offsetX)];
    this.pressed = null;
    if (to - from > 8) this.zoom([this.drawn.fromX(from), this.drawn.fromX(to)]);
    else this.redraw();
  }

  /** Arrows move the cursor, + and - zoom about it, 0 shows all. */
  key(event) {
    const { left, right } = this.extent();
    const span = right - left;
    const at = this.cursor ?? left + span / 2;
    const within = (value) => Math.min(Math.max(value, left), right);
    if (event.key === "ArrowRight") this.point(within(at + span / 50));
    else if (event.key === "ArrowLeft") this.point(within(at - span / 50));
    else if (event.key === "Home") this.point(left);
    else if (event.key === "End") this.point(right);
    else if (event.key === "+" || event.key === "=") this.zoom([at - span / 4, at + span / 4]);
    else if (event.key === "-" && this.range) this.zoom([at - span, at + span]);
    else if (event.key === "0" || event.key === "Escape") this.zoom(null);
    else return false;
    return true;
  }

  drawLegend() {
    const more = this.series.length > NAMED && h("li.soft", {}, t("chart.more", { count: this.series.length - NAMED }));
    put(this.legend, this.series.slice(0, NAMED).map((one, index) => {
      const pressed = () => {
        this.hidden[this.hidden.has(one.name) ? "delete" : "add"](one.name);
        this.drawLegend();
        this.redraw();
      };
      return h("li", {}, h("button", { type: "button", "data-key": one.name, "aria-pressed": String(!this.hidden.has(one.name)), onclick: pressed }, dash(index), one.name));
    }), more);
  }

  rows() {
    return this.series.flatMap((one) => Array.from(one.x, (x, at) => [one.name, this.x.time ? new Date(x).toISOString() : x, one.y[at], one.low?.[at] ?? "", one.high?.[at] ?? ""]));
  }

  drawTable() {
    const all = this.rows();
    const step = Math.max(1, Math.ceil(all.length / ROWS));
    const cell = (value, index) => (index > 1 && value !== "" ? number(value, 3) : String(value));
    const head = ["series", this.x.title, this.y.title, t("chart.low"), t("chart.high")];
    put(this.body, h("table", {}, h("thead", {}, h("tr", {}, head.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, all.filter((_, index) => index % step === 0).map((row) => h("tr", {}, row.map((value, index) => h("td", {}, cell(value, index))))))));
  }

  saveCsv() {
    save(`${this.name}.csv`, csv(["series", "x", "y", "low", "high"], this.rows()), "text/csv");
  }

  get heading() {
    return `${this.title}: ${this.shown.map((one) => one.name).join(", ")}`;
  }
}

/** A line as the legend shows it. */
function dash(index) {
  const canvas = h("canvas", { width: 56, height: 24, "aria-hidden": "true" });
  const draw = () => {
    const context = canvas.getContext("2d");
    context.reset();
    context.strokeStyle = colour(`--seat-${index % 8}`);
    context.lineWidth = 4;
    context.setLineDash(DASHES[index % 8].map((length) => length * 2));
    context.beginPath();
    context.moveTo(0, 12);
    context.lineTo(56, 12);
    context.stroke();
  };
  draw();
  return themed(canvas, draw);
}

function drawBand(context, { x, low, high, index }, { toX, toY }, log) {
  if (!low || !high) return;
  context.fillStyle = colour(`--seat-${index % 8}`);
  context.globalAlpha = 0.16;
  context.beginPath();
  const usable = Array.from(x.keys()).filter((at) => Number.isFinite(low[at]) && Number.isFinite(high[at]) && !(log && low[at] <= 0));
  for (const at of usable) context.lineTo(toX(x[at]), toY(high[at]));
  for (const at of usable.reverse()) context.lineTo(toX(x[at]), toY(low[at]));
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}

function drawLine(context, { x, y, index }, { toX, toY }, log, many) {
  context.strokeStyle = context.fillStyle = colour(`--seat-${index % 8}`);
  context.lineWidth = many ? 1 : 2;
  context.setLineDash(many ? [] : DASHES[index % 8]);
  context.beginPath();
  let drawing = false;
  for (let at = 0; at < x.length; at++) {
    const usable = Number.isFinite(y[at]) && !(log && y[at] <= 0);
    if (usable) context[drawing ? "lineTo" : "moveTo"](toX(x[at]), toY(y[at]));
    drawing = usable;
  }
  context.stroke();
  context.setLineDash([]);
  if (x.length > 40) return;
  for (let at = 0; at < x.length; at++) {
    if (!Number.isFinite(y[at]) || (log && y[at] <= 0)) continue;
    context.beginPath();
    context.arc(toX(x[at]), toY(y[at]), 2.5, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Index of the value of an ascending array that is nearest. */
function nearest(values, wanted) {
  let [low, high] = [0, values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle;
    else high = middle;
  }
  return Math.abs(values[low] - wanted) <= Math.abs(values[high] - wanted) ? low : high;
}

/** An axis from and to shares of its length: even, or even in the logarithm. */
function axis(left, right, log) {
  if (!log || left <= 0) return { to: (value) => (value - left) / (right - left), from: (share) => left + share * (right - left) };
  const span = Math.log(right / left);
  return { to: (value) => Math.log(Math.max(value, left / 10) / left) / span, from: (share) => left * Math.exp(share * span) };
}

/** Round numbers between two, about `count` of them. */
export function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((one) => one * power >= raw) * power;
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}

function powers(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) found.push(10 ** power);
  const within = found.filter((one) => one >= low && one <= high);
  return within.length > 1 ? within : [low, high];
}

const short = (value) => (Math.abs(value) >= 10_000 ? Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 }).format(value) : Number(value.toPrecision(4)).toString());

function moment(time, span) {
  const date = new Date(time);
  return span > 2 * 86_400_000 ? date.toLocaleDateString(document.documentElement.lang, { month: "short", day: "numeric" }) : date.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
}
