// The gateway's REST: JSON in and out; what it refuses is thrown with its own words (RFC 9457).

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    Object.assign(this, { status, field: body.field ?? "", reason: body.reason ?? "", hint: body.next ?? "" });
  }
}

function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

async function ask(method, path, body, headers = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (method !== "GET") sent["X-CSRF-Token"] = cookie("mazemesh_csrf");
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    const { t } = await import("./words.js");
    throw new Problem(0, { detail: t("frame.away"), next: t("frame.away.next") });
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  const told = kind.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Problem(answer.status, typeof told === "string" ? { detail: told.slice(0, 300) } : told);
  return told;
}

/** A path with its parts escaped: path`/ratings/${ladder}`. */
export const path = (parts, ...values) => String.raw({ raw: parts }, ...values.map((one) => encodeURIComponent(one)));

/** The path with a query; values that are empty are left out. */
export function query(path, values) {
  const kept = Object.entries(values).flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => [key, one]));
  const text = new URLSearchParams(kept.filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false));
  return text.size ? `${path}?${text}` : path;
}

export const get = (path, values = {}) => ask("GET", query(path, values));
/** A POST that may be sent again: it happens once for a key. */
export const post = (path, body = {}, headers = {}) => ask("POST", path, body, { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()), ...headers });
export const put = (path, body, headers = {}) => ask("PUT", path, body, headers);
export const del = (path) => ask("DELETE", path);
