// Small pictures for cells of tables: whiskers, sparklines, gauges.

import { colour, fit, h, themed } from "./dom.js";

function picture(kind, label, draw) {
  const canvas = h("canvas", { class: kind, role: "img", "aria-label": label });
  const redraw = () => {
    const context = fit(canvas);
    context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    draw(context, canvas.clientWidth, canvas.clientHeight);
  };
  requestAnimationFrame(() => canvas.isConnected && redraw());
  return themed(canvas, redraw);
}

/** A rating with its interval on the scale from `left` to `right`. */
export function whisker({ rating, low, high }, left, right, label) {
  return picture("whisker", label, (context, width, height) => {
    const at = (value) => 6 + ((value - left) / (right - left || 1)) * (width - 12);
    const middle = height / 2;
    context.strokeStyle = context.fillStyle = colour("--accent");
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(at(low), middle);
    context.lineTo(at(high), middle);
    for (const end of [low, high]) {
      context.moveTo(at(end), middle - 5);
      context.lineTo(at(end), middle + 5);
    }
    context.stroke();
    context.beginPath();
    context.arc(at(rating), middle, 4, 0, 2 * Math.PI);
    context.fill();
  });
}

/** The course of a number. */
export function spark(values, label) {
  return picture("spark", label, (context, width, height) => {
    if (values.length < 2) return;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    context.strokeStyle = colour("--accent");
    context.lineWidth = 1.5;
    context.beginPath();
    values.forEach((value, index) => context.lineTo(2 + (index / (values.length - 1)) * (width - 4), height - 3 - ((value - low) / (high - low || 1)) * (height - 6)));
    context.stroke();
  });
}

/** A number between two bounds: the lower one marked by a bar, the upper one by a double bar. */
export function gauge(value, lower, upper, label, kind = "whisker") {
  return picture(kind, label, (context, width, height) => {
    const [left, right] = [Math.min(lower, value), Math.max(upper, value)];
    const at = (one) => 8 + ((one - left) / (right - left || 1)) * (width - 16);
    const middle = height / 2;
    context.lineWidth = 2;
    context.strokeStyle = colour("--edge");
    context.beginPath();
    context.moveTo(at(lower), middle);
    context.lineTo(at(upper), middle);
    context.stroke();
    const mark = (one, name, twice) => {
      context.strokeStyle = colour(name);
      context.beginPath();
      for (const shift of twice ? [0, -4] : [0]) {
        context.moveTo(at(one) + shift, middle - height * 0.35);
        context.lineTo(at(one) + shift, middle + height * 0.35);
      }
      context.stroke();
    };
    mark(lower, "--bad", false);
    mark(upper, "--good", true);
    mark(0 > left && 0 < right ? 0 : left, "--line", false);
    context.fillStyle = colour("--accent");
    context.beginPath();
    context.moveTo(at(value), middle - 7);
    context.lineTo(at(value) + 6, middle);
    context.lineTo(at(value), middle + 7);
    context.lineTo(at(value) - 6, middle);
    context.fill();
  });
}
