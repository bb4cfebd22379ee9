// System: services, learners, tables of Replay, jobs, workers, the end of logs, keys and the audit log.

import { bound, options } from "../address.js";
import { $, empty, explain, h, put, save, settle, when } from "../dom.js";
import { session } from "../frame.js";
import { Jobs } from "../jobs.js";
import { get, path } from "../rest.js";
import { Table } from "../table.js";
import { number, percent, t } from "../words.js";

const EVERY = 3000;
const UNBOUNDED = 1e17; // of a limiter's difference
const tables = new Map();
const jobs = new Jobs($("#jobs"), $("#jobs-panel"));
const who = await session;

/** Rows in a table that is made once; where there are none, why and what changes that. */
function list(id, rows, columns, key, nothing, line = "") {
  if (!rows.length) {
    tables.delete(id);
    put($(`#${id}`), empty(nothing, line));
    return;
  }
  if (!tables.has(id)) {
    put($(`#${id}`));
    tables.set(id, new Table($(`#${id}`), { caption: t(`system.${id}`), name: id, parameter: id, columns, key }));
  }
  tables.get(id).show(rows);
}

const badge = (good, words) => h("span.badge", { class: good ? "passed" : "failed" }, words);

function showSystem(found) {
  const rate = found.learners.reduce((sum, one) => sum + (one.steps_per_second ?? 0), 0);
  const lag = Math.max(...found.learners.map((one) => one.policy_lag ?? 0), 0);
  const figures = [
    ["system.up", `${found.services.filter((one) => one.state === "serving").length} / ${found.services.length}`], ["system.games", number(found.games)],
    ["system.rate", number(rate)], ["system.lag", found.learners.length ? number(lag, 2) : "—"],
    ["system.rows", number(found.tables.reduce((sum, one) => sum + one.size, 0))], ["system.waiting", number(found.tables.reduce((sum, one) => sum + one.waiting_inserts + one.waiting_samples, 0))],
    ["system.sockets", number(found.sockets)], ["system.feeds", number(found.feeds)],
  ];
  put($("#figures"), figures.map(([key, value]) => h("div.card", {}, h("span.small.soft", {}, t(key)), h("div.figure", { "data-testid": key }, value))));
  list("services", found.services, [
    { key: "name", title: t("system.service"), value: (one) => one.name },
    { key: "state", title: t("system.state"), value: (one) => one.state, show: (one) => badge(one.state === "serving", t(`system.state.${one.state}`)) },
    { key: "address", title: t("system.address"), value: (one) => one.address, show: (one) => h("code", {}, one.address) },
  ], (one) => one.name, "");
  list("learners", found.learners, [
    { key: "policy", title: t("policies.policy"), value: (one) => one.policy, show: (one) => h("a", { href: `/console/training?runs=${encodeURIComponent(one.run)}`, "data-key": `learner-${one.run}` }, one.policy) },
    { key: "algorithm", title: t("training.algorithm"), value: (one) => one.algorithm },
    { key: "steps", title: t("training.steps"), value: (one) => one.steps, show: (one) => number(one.steps), number: true },
    { key: "rate", title: t("system.rate"), value: (one) => one.steps_per_second, show: (one) => number(one.steps_per_second), number: true },
    { key: "lag", title: t("system.lag"), value: (one) => one.policy_lag, show: (one) => number(one.policy_lag, 2), number: true },
    { key: "version", title: t("policies.version"), value: (one) => one.version, show: (one) => number(one.version), number: true },
  ], (one) => one.run, t("system.learners.empty"), "mazemesh up --game race");
  const limiter = (one) => one.table.rate_limiter ?? {};
  const bound = (value) => (value === null || value === undefined || Math.abs(value) > UNBOUNDED ? "∞" : number(value));
  list("tables", found.tables, [
    { key: "table", title: t("system.table"), value: (one) => one.table.name },
    { key: "fill", title: t("system.fill"), value: (one) => one.size / one.table.capacity, show: (one) => h("span", {}, h("meter", { min: 0, max: 1, value: one.size / one.table.capacity, "aria-label": t("system.fill") }), ` ${percent(one.size / one.table.capacity)}`), number: true },
    { key: "size", title: t("system.rows"), value: (one) => one.size, show: (one) => `${number(one.size)} / ${number(one.table.capacity)}`, number: true },
    { key: "bytes", title: "MiB", value: (one) => one.bytes, show: (one) => number(one.bytes / 1048576, 1), number: true },
    { key: "inserts", title: t("system.inserts"), value: (one) => one.inserts, show: (one) => number(one.inserts), number: true },
    { key: "samples", title: t("system.samples"), value: (one) => one.samples, show: (one) => number(one.samples), number: true },
    { key: "limiter", title: t("system.limiter"), value: (one) => one.diff, show: (one) => `${number(one.diff)} ∈ [${bound(limiter(one).min_diff === undefined ? null : limiter(one).min_diff)}, ${bound(limiter(one).max_diff)}]`, number: true },
    { key: "waiting", title: t("system.waiting"), value: (one) => one.waiting_inserts + one.waiting_samples, show: (one) => `${number(one.waiting_inserts)} / ${number(one.waiting_samples)}`, number: true },
  ], (one) => `${one.shard}-${one.table.name}`, t("system.tables.empty"), "mazemesh up --game race");
  $("#workers-panel").hidden = !found.workers.length;
  if (found.workers.length) list("workers", found.workers, [
    { key: "worker", title: t("system.worker"), value: (one) => one.worker_id },
    { key: "state", title: t("system.state"), value: (one) => one.quarantined, show: (one) => badge(!one.quarantined, t(one.quarantined ? "system.quarantined" : "system.trusted")) },
    { key: "held", title: t("system.held"), value: (one) => one.held, number: true },
    { key: "completed", title: t("system.completed"), value: (one) => one.completed, number: true },
    { key: "audited", title: t("system.audited"), value: (one) => one.audited, number: true },
    { key: "last", title: t("system.last"), value: (one) => one.last_event?.reason ?? "", show: (one) => one.last_event?.reason ?? "—" },
  ], (one) => one.worker_id, "");
}

// The end of a log, line by line as it grows.
const form = $("#logs");
let told = { name: "", words: "", at: 0, lines: [] };

async function loadLogs() {
  const found = await get("/system/logs").catch(() => []);
  $("#logs-panel").hidden = !found.length;
  if (!found.length) return;
  options(form.elements.log, found.map((one) => [one.name, one.name]));
}

async function tail() {
  const [name, words] = [form.elements.log.value, form.elements.words.value];
  if (!name || !form.elements.follow.checked && told.name === name && told.words === words) return;
  const anew = told.name !== name || told.words !== words;
  const found = await get(path`/system/logs/${name}`, { lines: 500, since: anew ? 0 : told.at, words });
  told = { name, words, at: found.at, lines: [...(anew ? [] : told.lines), ...found.lines].slice(-1000) };
  const place = $("#tail");
  const atEnd = anew || place.scrollTop + place.clientHeight > place.scrollHeight - 20;
  place.textContent = told.lines.join("\n") || t("system.logs.none");
  if (atEnd) place.scrollTop = place.scrollHeight;
}
bound(form, () => tail().catch(explain));
$("#log-file").addEventListener("click", () => save(`${told.name}.log`, `${told.lines.join("\n")}\n`, "text/plain"));

async function loadKeys() {
  if (!who.keys) return put($("#keys"), empty(t("system.keys.none"), "mazemesh up --secure"));
  const found = await get("/keys").catch((error) => ({ error }));
  if (found.error) return put($("#keys"), empty(found.error.message, "mazemesh keys list"));
  const rows = found.keys ?? found;
  list("keys", rows, [
    { key: "id", title: t("system.key"), value: (one) => one.id, show: (one) => h("code", {}, one.id) },
    { key: "label", title: t("system.label"), value: (one) => one.label },
    { key: "role", title: t("system.role"), value: (one) => one.role },
    { key: "created", title: t("system.created"), value: (one) => one.created ?? one.create_time, show: (one) => when(one.created ?? one.create_time) },
    { key: "expires", title: t("system.expires"), value: (one) => one.expires ?? one.expire_time, show: (one) => when(one.expires ?? one.expire_time) },
    { key: "revoked", title: t("system.state"), value: (one) => one.revoked ?? one.revoke_time ?? "", show: (one) => badge(!(one.revoked ?? one.revoke_time), t(one.revoked ?? one.revoke_time ? "system.revoked" : "system.good")) },
  ], (one) => one.id, t("system.keys.empty"), "mazemesh keys create --role viewer");
}

async function loadAudit() {
  const found = await get("/audit", { page_size: 200 }).catch((error) => ({ error }));
  if (found.error) return put($("#audit"), empty(who.keys ? found.error.message : t("system.audit.none"), "mazemesh audit"));
  const rows = found.lines ?? found.entries ?? found;
  list("audit", rows, [
    { key: "time", title: t("policies.time"), value: (one) => one.time, show: (one) => when(one.time) },
    { key: "who", title: t("policies.mover"), value: (one) => [one.label ?? one.key, one.role].filter(Boolean).join(" · ") },
    { key: "method", title: t("system.method"), value: (one) => one.method },
    { key: "what", title: t("system.what"), value: (one) => (typeof one.what === "object" && one.what ? Object.entries(one.what).map(([key, value]) => `${key}=${value}`).join(" ") : one.what ?? "") },
    { key: "status", title: t("system.outcome"), value: (one) => one.status ?? one.outcome ?? "" },
    { key: "address", title: t("system.address"), value: (one) => one.address ?? one.peer ?? "" },
  ], (one) => `${one.time}-${one.method}-${one.key ?? ""}`, t("system.audit.empty"), "mazemesh audit");
}

async function load() {
  try {
    showSystem(await get("/system"));
    settle();
    await Promise.all([jobs.load(), tail()]);
  } catch (error) {
    explain(error, load);
  }
}

await Promise.all([loadLogs(), loadKeys(), loadAudit()]);
await load();
setInterval(() => document.hidden || load(), EVERY);
