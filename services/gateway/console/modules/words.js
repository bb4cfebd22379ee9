// What the console says, in the page's language, and how it writes numbers and times.

const language = document.documentElement.lang;
const words = await (await fetch(`/console/messages/${language}.json`, { credentials: "same-origin" })).json();

/** The sentence of a key; `{name}` in it stands for values.name. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

const formats = new Map();
function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(language, options));
  return formats.get(key);
}

/** A number with at most `digits` after the point; an em dash for none. */
export function number(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(Number(value))) return "—";
  return format(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);
}

export function percent(value, digits = 0) {
  if (value === null || value === undefined) return "—";
  return format(Intl.NumberFormat, { style: "percent", maximumFractionDigits: digits }).format(value);
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** How long ago a time was ("3 minutes ago"). */
export function ago(time) {
  const seconds = (new Date(time).getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  return format(Intl.RelativeTimeFormat, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

export function clock(time) {
  return format(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(time));
}
