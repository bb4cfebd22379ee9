// Elements: made, found and replaced. No text ever becomes markup here.

import { ago, clock, t } from "./words.js";

/** An element. Attributes that begin with "on" are listeners, those that are false or null are left out. */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.classList.add(...value.split(" ").filter(Boolean));
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (selector, root = document) => root.querySelector(selector);

/** Puts children in place of all that an element has; what has the focus keeps it, by its id or data-key. */
export function put(element, ...children) {
  const active = document.activeElement;
  const held = element.contains(active) ? (active.id ? `#${CSS.escape(active.id)}` : active.dataset.key ? `[data-key="${CSS.escape(active.dataset.key)}"]` : "") : "";
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if (held) $(held, element)?.focus({ preventScroll: true });
}

/** A time as people say it, with the exact one on hover. */
export function when(time) {
  return time ? h("time", { datetime: time, title: clock(time) }, ago(time)) : "—";
}

/** A command line that can be copied. */
export function command(line) {
  const copied = async (event) => {
    await navigator.clipboard.writeText(line);
    event.target.textContent = t("frame.copied");
  };
  return h("span.command", {}, h("code", { tabindex: 0 }, line), h("button", { type: "button", onclick: copied }, t("frame.copy")));
}

/** What stands where there is nothing yet: why, and the command that changes that. */
export function empty(sentence, line = "") {
  return h("div.empty", { "data-testid": "empty" }, h("p", {}, sentence), line && command(line));
}

/** Tells what went wrong, and offers to try again. */
export function explain(error, retry) {
  const detail = error.hint ? h("p.small", {}, error.hint) : null;
  const button = retry && h("button", { type: "button", onclick: retry }, t("frame.retry"));
  put($("#problem"), h("div.notice.error", {}, h("p", {}, error.message), detail, button));
}

export const settle = () => put($("#problem"));

/** Has the browser store a file. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Rows as CSV (RFC 4180); cells that a spreadsheet would take for formulas are quoted as text. */
export function csv(columns, rows) {
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = /^[=+@\t]|^-(?![\d.])/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

const probe = h("span", { hidden: true });

/** The colour that a custom property of the styles stands for now, for canvases. */
export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** Sizes a canvas to its place in device pixels; its context is scaled to CSS pixels. */
export function fit(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const scale = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

/** Calls back when the theme changes: canvases do not follow it by themselves. */
export function onTheme(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  document.addEventListener("theme", redraw);
}
