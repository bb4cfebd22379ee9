// The gateway's REST: JSON in and out; what it refuses is thrown with its own words (RFC 9457).

import { t } from "./words.js";

const MOST = 20_000; // things of a listing

class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    Object.assign(this, { status, field: body.field ?? "", reason: body.reason ?? "", hint: body.next ?? "" });
  }
}

function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

async function fetched(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Problem(0, { detail: t("frame.away"), next: t("frame.away.next") });
  }
}

async function ask(method, path, body, headers = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (method !== "GET") sent["X-CSRF-Token"] = cookie("mazemesh_csrf");
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const answer = await fetched(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body) });
  const kind = answer.headers.get("Content-Type") ?? "";
  const told = kind.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Problem(answer.status, typeof told === "string" ? { detail: told.slice(0, 300) } : told);
  return told;
}

/** A path with its parts escaped: path`/ratings/${ladder}`. */
export const path = (parts, ...values) => String.raw({ raw: parts }, ...values.map((one) => encodeURIComponent(one)));

/** The same for ids of games, which have slashes of their own. */
export const deep = (parts, ...values) => path(parts, ...values).replaceAll("%2F", "/");

/** The path with a query; values that are empty are left out. */
function query(path, values) {
  const kept = Object.entries(values).flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => [key, one]));
  const text = new URLSearchParams(kept.filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false));
  return text.size ? `${path}?${text}` : path;
}

export const get = (path, values = {}) => ask("GET", query(path, values));
/** A POST that may be sent again: it happens once for a key. */
export const post = (path, body = {}, headers = {}) => ask("POST", path, body, { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()), ...headers });
export const put = (path, body, headers = {}) => ask("PUT", path, body, headers);
export const del = (path) => ask("DELETE", path);

/** All pages of a listing, as far as somebody may want to see: what `key` has in each. */
export async function all(path, values, key) {
  const found = [];
  let token = "";
  do {
    const page = await get(path, { ...values, page_size: 1000, page_token: token });
    found.push(...page[key]);
    token = page.next_page_token;
  } while (token && found.length < MOST);
  return found;
}

/** What was told before, so that nothing is sent twice: { tag, value } by address. */
const known = new Map();

/** The answer to a GET, read by `read`; the one of before where nothing has changed. */
export async function fresh(path, values, read = (answer) => answer.json()) {
  const address = query(path, values);
  const before = known.get(address);
  const answer = await fetched(address, { headers: before ? { "If-None-Match": before.tag } : {} });
  if (answer.status === 304) return before.value;
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({ detail: answer.statusText })));
  const value = await read(answer);
  const tag = answer.headers.get("ETag");
  if (known.size > 20) known.delete(known.keys().next().value);
  if (tag) known.set(address, { tag, value });
  return value;
}
