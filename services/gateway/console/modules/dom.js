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

/** Tells what went wrong. With what tries again it is told once: a page that asks every few seconds does not say it each time. */
export function explain(error, retry) {
  const place = $("#problem");
  if (retry && place.dataset.told === error.message && place.hasChildNodes()) return;
  place.dataset.told = error.message;
  const again = () => {
    settle();
    retry();
  };
  put(place, h("div.notice.error", {}, h("p", {}, error.message), error.hint && h("p.small", {}, error.hint),
    retry && h("button", { type: "button", onclick: again }, t("frame.retry"))));
}

export const settle = () => put($("#problem"));

/** Loads a page, or tells why not and offers to try again; either way it is ready then. */
export async function begin(load) {
  try {
    await load();
  } catch (error) {
    explain(error, () => begin(load));
  }
  document.documentElement.dataset.ready = "1";
}

/** Facts by their names, one below the other. */
export const facts = (pairs) => h("dl.facts", {}, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

/** Figures as cards: [key of its words, value]. */
export const cards = (pairs) => pairs.map(([key, value]) => h("div.card", {}, h("span.small.soft", {}, t(key)), h("div.figure", { "data-testid": key }, value)));

/** A button for what cannot be taken back: pressed once it asks `sure`, pressed again it acts; left, it forgets that. */
export function careful({ key, label, words, sure, act }) {
  const button = h("button.danger", { type: "button", "data-key": key, "aria-label": label }, words);
  button.addEventListener("click", async () => {
    if (button.dataset.sure !== "1") {
      button.dataset.sure = "1";
      button.textContent = sure;
      button.setAttribute("aria-label", `${label}: ${sure}`);
      return;
    }
    button.disabled = true;
    await act().catch(explain);
    button.disabled = false;
  });
  button.addEventListener("blur", () => {
    button.dataset.sure = "";
    button.textContent = words;
    button.setAttribute("aria-label", label);
  });
  return button;
}

/** Has the browser store a file. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Rows as CSV (RFC 4180); texts that a spreadsheet would take for formulas are marked as text. */
export function csv(columns, rows) {
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

const probe = h("span", { hidden: true });
const colours = new Map();

/** The colour that a custom property of the styles stands for now, for canvases. */
export function colour(name) {
  if (!colours.has(name)) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(${name})`;
    colours.set(name, getComputedStyle(probe).color);
  }
  return colours.get(name);
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

/** Has a canvas drawn anew when the theme changes, which it does not follow by itself, for as long as it is on the page. */
export const themed = (canvas, redraw) => Object.assign(canvas, { redraw });

function follow() {
  colours.clear();
  for (const canvas of document.querySelectorAll("canvas")) canvas.redraw?.();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
document.addEventListener("theme", follow);
