// Two objectives against each other: what was tried, the Pareto front, and what the weights choose.

import { ticks } from "./chart.js";
import { colour } from "./dom.js";
import { Figure, star } from "./figure.js";
import { number, t } from "./words.js";

const MARGIN = { left: 64, right: 20, top: 16, bottom: 42 };

export class Scatter extends Figure {
  /** `opened` is called with a point that is pressed, or by Enter. */
  constructor(place, { title, name, opened = () => {} }) {
    super(place, { title, name, height: 340, keys: t("scatter.keys") });
    Object.assign(this, { points: [], x: {}, y: {}, over: -1, opened });
  }

  /** Axes are { title, maximise }; points { label, x, y, front, best } with finite numbers. */
  show(x, y, points) {
    Object.assign(this, { x, y, points: [...points].sort((one, other) => one.x - other.x), over: -1 });
    this.canvas.dataset.points = points.length;
    this.canvas.dataset.front = points.filter((one) => one.front).length;
    this.redraw();
  }

  ends(name) {
    const values = this.points.map((point) => point[name]);
    const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
    const spare = (high - low || Math.abs(high) || 1) * 0.06;
    return [low - spare, high + spare];
  }

  draw(context, wide, high) {
    const [[left, right], [low, top]] = [this.ends("x"), this.ends("y")];
    this.toX = (value) => MARGIN.left + ((value - left) / (right - left)) * (wide - MARGIN.left - MARGIN.right);
    this.toY = (value) => high - MARGIN.bottom - ((value - low) / (top - low)) * (high - MARGIN.top - MARGIN.bottom);
    context.strokeStyle = colour("--line");
    context.fillStyle = colour("--soft");
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of ticks(low, top, high / 60)) {
      line(context, MARGIN.left, this.toY(tick), wide - MARGIN.right, this.toY(tick));
      context.fillText(Number(tick.toPrecision(4)), MARGIN.left - 6, this.toY(tick));
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const tick of ticks(left, right, wide / 110)) context.fillText(Number(tick.toPrecision(4)), this.toX(tick), high - MARGIN.bottom + 6);
    context.fillText(`${this.x.title} ${this.x.maximise ? "→" : "←"}`, (MARGIN.left + wide) / 2, high - 16);
    context.save();
    context.translate(10, high / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(`${this.y.title} ${this.y.maximise ? "→" : "←"}`, 0, 0);
    context.restore();
    this.drawFront(context);
    this.points.forEach((point, index) => this.drawPoint(context, point, index === this.over));
  }

  drawFront(context) {
    context.strokeStyle = colour("--seat-0");
    context.lineWidth = 1.5;
    context.beginPath();
    this.points.filter((one) => one.front).forEach((one, index) => context[index ? "lineTo" : "moveTo"](this.toX(one.x), this.toY(one.y)));
    context.stroke();
    context.lineWidth = 1;
  }

  /** A point of the front is a filled diamond, the chosen one a star, all others are circles. */
  drawPoint(context, point, over) {
    const [x, y, size] = [this.toX(point.x), this.toY(point.y), over ? 8 : 5];
    context.fillStyle = context.strokeStyle = colour(point.best ? "--seat-1" : point.front ? "--seat-0" : "--edge");
    context.beginPath();
    if (point.best) star(context, x, y, size + 4, 0.45 * (size + 4));
    else if (point.front) for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) context.lineTo(x + dx * (size + 1), y + dy * (size + 1));
    else context.arc(x, y, size - 1, 0, 2 * Math.PI);
    context.closePath();
    if (point.front || point.best) context.fill();
    context.stroke();
  }

  choose(index) {
    this.over = index;
    const point = this.points[index];
    const kind = point && (point.best ? t("scatter.best") : point.front ? t("scatter.front") : "");
    this.tell(point ? `${point.label}: ${this.x.title} ${number(point.x, 4)} · ${this.y.title} ${number(point.y, 4)}${kind && ` · ${kind}`}` : "");
    this.redraw();
  }

  move(event) {
    if (!this.toX) return;
    const far = this.points.map((one) => Math.hypot(this.toX(one.x) - event.offsetX, this.toY(one.y) - event.offsetY));
    const nearest = far.indexOf(Math.min(...far));
    this.choose(far[nearest] < 14 ? nearest : -1);
  }

  release() {
    if (this.over >= 0) this.opened(this.points[this.over]);
  }

  key({ key }) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step && this.points.length) this.choose(Math.min(this.points.length - 1, Math.max(0, this.over + step)));
    else if (key === "Enter" && this.over >= 0) this.opened(this.points[this.over]);
    else return false;
    return true;
  }
}

function line(context, ...ends) {
  context.beginPath();
  context.moveTo(ends[0], ends[1]);
  context.lineTo(ends[2], ends[3]);
  context.stroke();
}
