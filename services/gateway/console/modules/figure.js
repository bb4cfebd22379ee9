// What charts share: a canvas with its words, redrawn with its place and theme, and saved as PNG.

import { colour, fit, h, save, themed } from "./dom.js";
import { t } from "./words.js";

export class Figure {
  /** `keys` is the sentence that explains the keyboard. */
  constructor(place, { title, name, height = 320, keys = "" }) {
    Object.assign(this, { title, name });
    this.canvas = h("canvas", {
      tabindex: 0, role: "img", "data-testid": name, "aria-label": title,
      onpointermove: (event) => this.move(event), onpointerleave: () => this.leave(),
      onpointerdown: (event) => this.press(event), onpointerup: (event) => this.release(event), onpointercancel: () => this.cancel(),
      onkeydown: (event) => this.key(event) && event.preventDefault(),
    });
    this.canvas.style.height = `${height}px`;
    this.told = h("output.small.soft", { "data-testid": `${name}-told` }, "\u00a0");
    this.buttons = h("span.row", {}, h("button", { type: "button", onclick: () => this.savePng() }, t("frame.png")));
    this.below = h("div");
    place.append(h("figure.chart", { "aria-label": title },
      h("figcaption.spread", {}, h("strong", {}, title), this.buttons), this.canvas, this.told, this.below, keys && h("p.small.soft", {}, keys)));
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
    themed(this.canvas, () => this.redraw());
  }

  move() {}
  leave() {}
  press() {}
  release() {}
  /** The pointer was taken away: a finger scrolls instead. */
  cancel() {
    this.pressed = null;
    this.redraw();
  }
  key() {}
  /** Draws on a context of CSS pixels. */
  draw() {}

  /** What the picture is called in its file. */
  get heading() {
    return this.title;
  }

  tell(text) {
    this.told.textContent = text || "\u00a0";
  }

  redraw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      const [wide, high] = [this.canvas.clientWidth, this.canvas.clientHeight];
      if (wide < 50) return;
      const context = fit(this.canvas);
      context.clearRect(0, 0, wide, high);
      context.font = "12px system-ui, sans-serif";
      this.draw(context, wide, high);
    });
  }

  savePng() {
    const picture = h("canvas", { width: this.canvas.width, height: this.canvas.height + 40 });
    const context = picture.getContext("2d");
    context.fillStyle = colour("--raised");
    context.fillRect(0, 0, picture.width, picture.height);
    context.drawImage(this.canvas, 0, 40);
    context.fillStyle = colour("--text");
    context.font = "600 22px system-ui, sans-serif";
    context.fillText(this.heading, 16, 28, picture.width - 32);
    picture.toBlob((blob) => save(`${this.name}.png`, blob), "image/png");
  }
}

/** A scale from values to 0..1: numbers by their range, all else by its place among the values. */
export function scale(values) {
  const known = values.filter((one) => one !== null && one !== undefined);
  if (known.length && known.every((one) => typeof one === "number" && Number.isFinite(one))) {
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const log = low > 0 && high / low >= 100;
    const at = log ? (value) => Math.log(value / low) / Math.log(high / low) : (value) => (high > low ? (value - low) / (high - low) : 0.5);
    const from = log ? (share) => low * (high / low) ** share : (share) => low + share * (high - low);
    return { at: (value) => (typeof value === "number" ? at(value) : NaN), from, low, high, log, names: null };
  }
  const names = [...new Set(known.map(String))].sort();
  const place = new Map(names.map((name, index) => [name, names.length > 1 ? index / (names.length - 1) : 0.5]));
  return { at: (value) => place.get(String(value)) ?? NaN, from: (share) => share, low: 0, high: 1, log: false, names };
}

/** The path of a star of five points about (x, y). */
export function star(context, x, y, far, near) {
  for (let corner = 0; corner < 10; corner++) {
    const turn = (corner / 5) * Math.PI - Math.PI / 2;
    const radius = corner % 2 ? near : far;
    context.lineTo(x + radius * Math.cos(turn), y + radius * Math.sin(turn));
  }
  context.closePath();
}
