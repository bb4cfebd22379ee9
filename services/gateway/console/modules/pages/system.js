// System: services, learners, tables of Replay, jobs, workers, the end of logs, keys and the audit log.

import { bound, options } from "../address.js";
import { $, cards, careful, command, empty, explain, h, put, save, settle, when } from "../dom.js";
import { session } from "../frame.js";
import { Jobs } from "../jobs.js";
import { del, fresh, get, path, post } from "../rest.js";
import { Table } from "../table.js";
import { number, percent, t } from "../words.js";

const EVERY = 3000;
const UNBOUNDED = 1e17; // of a limiter's difference
const tables = new Map();
const jobs = new Jobs($("#jobs"), $("#jobs-panel"));
const who = await session;

/** Rows in the table of a place, which is made once; where there are none, why and what changes that. */
function list(id, rows, columns, key, nothing, line = "") {
  if (!tables.has(id)) tables.set(id, new Table($(`#${id}`), { caption: t(`system.${id}`), name: id, parameter: id, columns, key, none: () => empty(nothing, line) }));
  tables.get(id).show(rows);
}

const badge = (good, words) => h("span.badge", { class: good ? "passed" : "failed" }, words);

async function look() {
  const [found, running, runs, workers] = await Promise.all([
    get("/system"), get("/games/running").catch(() => null),
    fresh("/training/runs", { figures: "agent_steps_per_second,lag_versions,version" }), get("/system/workers", { page_size: 1000 }).catch(() => ({ workers: [] })),
  ]);
  const learners = runs.runs.filter((one) => one.running);
  showSystem({ ...found, tables: found.tables ?? [], learners, workers: workers.workers, games: running && running.games.reduce((sum, one) => sum + (one.num_games ?? 1), 0) });
}

function showSystem(found) {
  const rate = found.learners.reduce((sum, one) => sum + (one.figures.agent_steps_per_second ?? 0), 0);
  const lag = Math.max(...found.learners.map((one) => one.figures.lag_versions ?? 0), 0);
  const figures = [
    ["system.up", `${found.services.filter((one) => one.state === "serving").length} / ${found.services.length}`], ["system.games", number(found.games)],
    ["system.rate", number(rate)], ["system.lag", found.learners.length ? number(lag, 2) : "—"],
    ["system.rows", number(found.tables.reduce((sum, one) => sum + one.size, 0))], ["system.waiting", number(found.tables.reduce((sum, one) => sum + one.waiting_inserts + one.waiting_samples, 0))],
    ["system.sockets", number(found.sockets)], ["system.feeds", number(found.feeds)],
  ];
  put($("#figures"), cards(figures));
  list("services", found.services, [
    { key: "name", title: t("system.service"), value: (one) => one.service },
    { key: "state", title: t("system.state"), value: (one) => one.state, show: (one) => badge(one.state === "serving", t(`system.state.${one.state}`)) },
    { key: "address", title: t("system.address"), value: (one) => one.address, show: (one) => h("code", {}, one.address) },
  ], (one) => one.address, "");
  list("learners", found.learners, [
    { key: "policy", title: t("policies.policy"), value: (one) => one.policy, show: (one) => h("a", { href: `/console/training?runs=${encodeURIComponent(one.id)}`, "data-key": `learner-${one.id}` }, one.policy) },
    { key: "algorithm", title: t("training.algorithm"), value: (one) => one.algorithm },
    { key: "steps", title: t("training.steps"), value: (one) => one.steps, show: (one) => number(one.steps), number: true },
    { key: "rate", title: t("system.rate"), value: (one) => one.figures.agent_steps_per_second ?? null, show: (one) => number(one.figures.agent_steps_per_second), number: true },
    { key: "lag", title: t("system.lag"), value: (one) => one.figures.lag_versions ?? null, show: (one) => number(one.figures.lag_versions, 2), number: true },
    { key: "version", title: t("policies.version"), value: (one) => one.figures.version ?? null, show: (one) => number(one.figures.version), number: true },
  ], (one) => one.id, t("system.learners.empty"), "mazemesh up --game race");
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

let tails = 0;
async function tail() {
  const [name, words] = [form.elements.log.value, form.elements.words.value];
  if (!name || !form.elements.follow.checked && told.name === name && told.words === words) return;
  const anew = told.name !== name || told.words !== words;
  const mine = ++tails;
  const found = await get(path`/system/logs/${name}`, { lines: 500, since: anew ? 0 : told.at, words });
  if (mine !== tails) return; // asked for once more meanwhile: these lines come with that answer
  told = { name, words, at: found.at, lines: [...(anew ? [] : told.lines), ...found.lines].slice(-1000) };
  const place = $("#tail");
  const atEnd = anew || place.scrollTop + place.clientHeight > place.scrollHeight - 20;
  place.textContent = told.lines.join("\n") || t("system.logs.none");
  if (atEnd) place.scrollTop = place.scrollHeight;
}
bound(form, () => tail().catch(explain));
$("#log-file").addEventListener("click", () => save(`${told.name}.log`, `${told.lines.join("\n")}\n`, "text/plain"));

async function loadKeys() {
  $("#new-key").hidden = !who.may?.includes("POST /keys");
  if (!who.keys) return put($("#keys"), empty(t("system.keys.none"), "mazemesh up --secure"));
  const found = await get("/keys").catch((error) => ({ error }));
  if (found.error) return explain(found.error, loadKeys);
  list("keys", found.keys, [
    { key: "id", title: t("system.key"), value: (one) => one.id, show: (one) => h("code", {}, one.id) },
    { key: "label", title: t("system.label"), value: (one) => one.label },
    { key: "role", title: t("system.role"), value: (one) => one.role },
    { key: "names", title: t("system.names"), value: (one) => [...one.policies, ...one.games, one.player].filter(Boolean).join(" ") },
    { key: "used", title: t("system.used"), value: (one) => one.last_use_time, show: (one) => when(one.last_use_time) },
    { key: "expires", title: t("system.expires"), value: (one) => one.expire_time, show: (one) => when(one.expire_time) },
    { key: "state", title: t("system.state"), value: (one) => one.state, show: (one) => badge(one.state === "good", one.state === "good" ? t("system.good") : one.state) },
    { key: "action", title: t("jobs.actions"), sort: false, show: (one) => (one.state === "good" && who.may?.includes("DELETE /keys/{key_id}") ? voider(one) : "") },
  ], (one) => one.id, t("system.keys.empty"), "mazemesh keys create --role viewer");
}

const voider = (key) => careful({
  key: `void-${key.id}`, label: t("system.void.one", { key: key.label || key.id }), words: t("system.void"), sure: t("system.void.sure"),
  act: () => del(path`/keys/${key.id}`).then(loadKeys),
});

$("#new-key").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { role, label, days } = event.target.elements;
  try {
    const made = await post("/keys", { role: role.value, label: label.value, expires_in: days.value ? Number(days.value) * 86_400 : null });
    put($("#made"), h("p", {}, t("system.made")), command(made.key));
    await loadKeys();
  } catch (error) {
    explain(error);
  }
});

async function loadAudit() {
  if (!who.keys) return put($("#audit"), empty(t("system.audit.none"), "mazemesh up --secure"));
  const found = await get("/audit", { last: 500 }).catch((error) => ({ error }));
  if (found.error) return explain(found.error, loadAudit);
  const words = (value) => (value && typeof value === "object" ? Object.entries(value).map(([key, one]) => `${key}=${one}`).join(" ") : value ?? "");
  list("audit", found.lines.reverse(), [
    { key: "time", title: t("policies.time"), value: (one) => one.time, show: (one) => when(one.time) },
    { key: "key", title: t("system.key"), value: (one) => one.key },
    { key: "role", title: t("system.role"), value: (one) => one.role },
    { key: "method", title: t("system.method"), value: (one) => one.method },
    { key: "what", title: t("system.what"), value: (one) => words(one.names ?? one.what) },
    { key: "status", title: t("system.outcome"), value: (one) => one.outcome ?? "" },
    { key: "address", title: t("system.address"), value: (one) => one.address },
  ], (one) => `${one.service}-${one.number}-${one.time}`, t("system.audit.empty"), "mazemesh audit");
}

async function load() {
  try {
    await look();
    settle();
    await Promise.all([jobs.load(), tail()]);
  } catch (error) {
    explain(error, load);
  }
}

await Promise.all([loadLogs(), loadKeys(), loadAudit()]);
await load();
document.documentElement.dataset.ready = "1";
setInterval(() => document.hidden || load(), EVERY);
