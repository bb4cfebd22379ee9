// Policies: where aliases stand, which version grew from which, what was checked, and moving them.

import { bound, options, read, write } from "../address.js";
import { $, command, empty, explain, h, put, settle, when } from "../dom.js";
import { allowed } from "../jobs.js";
import { lane, lanes, saveLineage, widest } from "../lineage.js";
import { move } from "../moving.js";
import { get, path } from "../rest.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { clock, number, t } from "../words.js";

const MOVED = ["champion", "candidate"];
const mayMove = (await allowed)("PUT /policies/{name}/aliases/{alias}");
const form = $("#filter");
let versions = [];
let moves = [];
let experiments = [];
let unfollow = () => {};

bound(form, (name) => {
  if (name === "name") write({ version: "" });
  load();
});

const name = () => form.elements.name.value;
const full = (version) => `${name()}:${version}`;

async function all(address, values, key) {
  const found = [];
  let token = "";
  do {
    const page = await get(address, { ...values, page_size: 1000, page_token: token });
    found.push(...page[key]);
    token = page.next_page_token;
  } while (token && found.length < 20_000);
  return found;
}

async function loadNames() {
  const known = await all("/policies", { snapshots_only: true, all_states: true }, "policies");
  const names = [...new Set(known.map((one) => one.name))].sort();
  const wanted = read("name");
  if (wanted && !names.includes(wanted)) names.push(wanted);
  options(form.elements.name, names.map((one) => [one, one]));
  for (const id of ["aliases", "tree", "experiments", "history"]) $(`#${id}-panel`).hidden = !names.length;
  put($("#nothing"), names.length ? null : empty(t("policies.empty"), "mazemesh up --game race"));
  return names.length;
}

async function load() {
  try {
    versions = await all("/policies", { name: name(), all_states: true }, "policies");
    moves = (await get(path`/policies/${name()}/history`, { page_size: 200 })).moves;
    experiments = (await get(path`/policies/${name()}/experiments`, { page_size: 200 })).experiments;
    settle();
  } catch (error) {
    return explain(error, load);
  }
  drawAliases();
  drawTree();
  drawExperiments();
  drawHistory();
  drawOne();
  unfollow();
  let began = false;
  unfollow = follow(`policies/${name()}`, () => {
    if (began) later();
    began = true;
  });
}

let waiting = 0;
function later() {
  clearTimeout(waiting);
  waiting = setTimeout(load, 500);
}

function drawAliases() {
  const stands = new Map(versions.flatMap((one) => one.aliases.map((alias) => [alias, one])));
  const names = [...new Set(["champion", "candidate", "previous", "latest", ...stands.keys()])].filter((alias) => stands.has(alias) || alias === "champion");
  put($("#aliases"), names.map((alias) => {
    const version = stands.get(alias);
    const last = moves.find((one) => one.alias === alias);
    const actions = [];
    if (mayMove && version && last?.from_version && MOVED.includes(alias)) actions.push(h("button", { type: "button", "data-key": `back-${alias}`, onclick: () => roll(alias, last) }, t("policies.back.to", { version: last.from_version })));
    return h("div.card", { "data-alias": alias, "data-version": version?.version ?? "" }, h("h3", {}, alias),
      version ? h("p", {}, link(version.version)) : h("p.soft", {}, t("policies.champion.none")),
      last && h("p.small.soft", {}, when(last.time), ` · ${last.mover || t("policies.mesh")}`, last.reason && ` · ${last.reason}`), h("div.row", {}, actions));
  }));
}

const link = (version) => h("a", { href: `?name=${encodeURIComponent(name())}&version=${version}`, "data-key": `version-${version}`, onclick: (event) => open(event, version) }, full(version));

function open(event, version) {
  event?.preventDefault();
  write({ name: name(), version }, true);
  drawOne();
  $("#one-title").focus();
}
addEventListener("popstate", () => drawOne());

async function promote(version, alias = "champion") {
  if (await move(name(), alias, version)) await load();
}

async function roll(alias, last) {
  if (await move(name(), alias, last.from_version, { back: true })) await load();
}

function drawTree() {
  const everything = form.elements.all.value === "1";
  const ancestry = new Map(versions.map((one) => [one.version, one.parent_version]));
  const shown = versions.filter((one) => everything || one.snapshot || one.aliases.length || one.state === "rejected").slice(0, 2000);
  const listed = shown.map((one) => ({ number: one.version, parent: one.parent_version, state: one.state.toUpperCase(), snapshot: one.snapshot, champion: one.aliases.includes("champion") }));
  const rows = lanes(listed, ancestry);
  const wide = widest(rows);
  const place = new Map(shown.map((one, index) => [one.version, index]));
  put($("#tree"));
  new Table($("#tree"), {
    caption: t("policies.lineage"), name: "lineage", key: (row) => row.version, chosen: (row) => String(row.version) === read("version"),
    columns: [
      { key: "version", title: t("policies.version"), value: (row) => row.version, show: (row) => h("span.laned", {}, lane(rows[place.get(row.version)], wide, listed[place.get(row.version)]), link(row.version)), sort: false },
      { key: "parent", title: t("policies.parent_version"), value: (row) => row.parent_version || null, sort: false, number: true },
      { key: "aliases", title: t("policies.aliases"), value: (row) => row.aliases.join(" "), show: (row) => row.aliases.map((one) => h("span.badge", {}, one)), sort: false },
      { key: "state", title: t("policies.state"), value: (row) => row.state, show: (row) => t(`policies.state.${row.state}`), sort: false },
      { key: "training_step", title: t("policies.training_step"), value: (row) => row.training_step, show: (row) => number(row.training_step), number: true, sort: false },
      { key: "create_time", title: t("policies.create_time"), value: (row) => row.create_time, show: (row) => when(row.create_time), sort: false },
      { key: "move", title: t("policies.action"), sort: false, show: (row) => (mayMove && row.state === "ready" && !row.aliases.includes("champion") ? h("button", { type: "button", "data-key": `promote-${row.version}`, "aria-label": t("policies.promote.version", { version: full(row.version) }), onclick: () => promote(row.version) }, t("policies.promote")) : "") },
    ],
  }).show(shown);
  $("#tree-png").onclick = () => saveLineage(`lineage-${name()}`, rows, listed, (one) => `${full(one.number)}  ${shown[place.get(one.number)].aliases.join(" ")}  ${clock(shown[place.get(one.number)].create_time)}`);
}

/** Who is served by which version, and how the arms compare; the shares are those of now. */
function drawExperiments() {
  put($("#experiments"));
  put($("#comparisons"));
  if (!experiments.length) return put($("#experiments"), empty(t("policies.experiments.empty"), `mazemesh experiment create ${name()}:champion ${name()}:2`));
  const total = (one) => one.arms.reduce((sum, arm) => sum + arm.weight, 0) || 1;
  new Table($("#experiments"), {
    caption: t("policies.experiments"), name: "experiments", parameter: "experiments", key: (row) => row.experiment_id,
    columns: [
      { key: "experiment_id", title: t("policies.experiment"), value: (row) => row.experiment_id, show: (row) => h("button", { type: "button", "data-key": `compare-${row.experiment_id}`, onclick: () => compare(row) }, row.experiment_id) },
      { key: "kind", title: t("policies.kind"), value: (row) => row.kind },
      { key: "alias", title: t("policies.alias"), value: (row) => row.alias },
      { key: "state", title: t("policies.state"), value: (row) => row.state, show: (row) => h("span.badge", { class: row.state === "rolled_back" ? "failed" : row.state === "passed" ? "passed" : "" }, row.state) },
      { key: "arms", title: t("policies.arms"), value: (row) => row.arms.map((arm) => `${arm.version}: ${number((100 * arm.weight) / total(row), 1)} %`).join(", ") },
      { key: "create_time", title: t("policies.begun"), value: (row) => row.create_time, show: (row) => when(row.create_time) },
      { key: "explanation", title: t("policies.explanation"), value: (row) => row.explanation || row.reason },
    ],
  }).show(experiments);
}

async function compare(row) {
  const { experiment } = await get(path`/policies/${name()}/experiments/${row.experiment_id}`).catch((error) => explain(error, () => compare(row)) ?? {});
  if (!experiment) return;
  put($("#comparisons"), h("h3", {}, experiment.experiment_id));
  if (!experiment.comparisons.length) return $("#comparisons").append(h("p", {}, t("policies.comparisons.none")));
  new Table($("#comparisons"), {
    caption: experiment.experiment_id, name: "comparisons", parameter: "comparisons", key: (one) => `${one.version}-${one.metric}`,
    columns: [
      { key: "version", title: t("policies.version"), value: (one) => one.version, show: (one) => link(one.version) },
      { key: "metric", title: t("policies.metric"), value: (one) => one.metric },
      { key: "effect", title: t("policies.effect"), value: (one) => one.effect, show: (one) => `${number(one.effect, 3)} [${number(one.low, 3)}, ${number(one.high, 3)}]`, number: true },
      { key: "p_value", title: t("policies.p_value"), value: (one) => one.p_value, show: (one) => number(one.p_value, 4), number: true },
      { key: "observations", title: t("policies.observations"), value: (one) => one.observations, show: (one) => `${number(one.observations)} / ${one.required_observations ? number(one.required_observations) : "—"}`, number: true },
      { key: "broken", title: t("policies.rule"), value: (one) => (one.broken ? t("policies.broken") : one.ruled ? t("policies.holds") : "—") },
    ],
  }).show(experiment.comparisons);
}

function drawHistory() {
  put($("#history"));
  if (!moves.length) return put($("#history"), empty(t("policies.history.empty"), `mazemesh promote ${name()}:1`));
  new Table($("#history"), {
    caption: t("policies.history"), name: "history", parameter: "moves", key: (row) => `${row.alias}-${row.revision}`,
    columns: [
      { key: "time", title: t("policies.time"), value: (row) => row.time, show: (row) => when(row.time) },
      { key: "alias", title: t("policies.alias"), value: (row) => row.alias },
      { key: "from", title: t("policies.from"), value: (row) => row.from_version || null, show: (row) => (row.from_version ? link(row.from_version) : "—") },
      { key: "to", title: t("policies.to"), value: (row) => row.version, show: (row) => link(row.version) },
      { key: "mover", title: t("policies.mover"), value: (row) => [row.mover, row.key_id].filter(Boolean).join(" · ") || t("policies.mesh") },
      { key: "reason", title: t("policies.reason"), value: (row) => row.reason },
      { key: "gate", title: t("policies.gate"), value: (row) => row.gate_id, show: (row) => (row.gate_id ? h("a", { href: `/console/gates?gate=${encodeURIComponent(row.gate_id)}` }, row.gate_id) : "—") },
    ],
  }).show(moves);
}

function drawOne() {
  const wanted = Number(read("version"));
  const one = versions.find((version) => version.version === wanted);
  $("#one").hidden = !one;
  if (!one) return;
  put($("#one-title"), full(one.version));
  const stands = one.aliases.includes("champion");
  put($("#one-actions"),
    mayMove && one.state === "ready" && !stands && h("button.primary", { type: "button", "data-key": "promote", onclick: () => promote(one.version) }, t("policies.promote")),
    mayMove && one.state === "ready" && !one.aliases.includes("candidate") && !stands && h("button", { type: "button", "data-key": "candidate", onclick: () => promote(one.version, "candidate") }, t("policies.candidate")),
    one.state === "ready" && h("a.button", { href: `/console/play?opponent=${encodeURIComponent(full(one.version))}&game=${encodeURIComponent(one.collection?.game ?? "")}` }, t("policies.play")),
    one.state === "ready" && h("a.button", { href: path`/policies/${one.name}/versions/${one.version}/file` }, "ONNX"),
    one.run_id && h("a.button", { href: `/console/training?runs=${encodeURIComponent(one.run_id)}` }, t("policies.curves")));
  const facts = [
    ["state", t(`policies.state.${one.state}`)], ["create_time", when(one.create_time)], ["game", one.collection?.game || "—"],
    ["parent_version", one.parent_version ? link(one.parent_version) : "—"], ["training_step", number(one.training_step)],
    ["run_id", one.run_id || "—"], ["size_bytes", number(one.size_bytes)], ["sha256", h("code", {}, one.sha256)], ["spec_hash", h("code", {}, one.spec_hash)],
    ...Object.entries(one.metadata),
  ];
  put($("#facts"), h("dl.facts", {}, facts.map(([key, value]) => [h("dt", {}, words(key)), h("dd", {}, value)])), command(`mazemesh policies show ${full(one.version)}`));
  drawReport(one);
  drawDrift(one);
}

const words = (key) => {
  const said = t(`policies.${key}`);
  return said.startsWith("policies.") ? key : said;
};

/** What was checked before the version was taken: a line each, with its figure and what that is held to. */
async function drawReport(one) {
  const title = h("h3", {}, t("policies.report"));
  const rejected = one.rejection && h("div.notice.error", {}, h("p", {}, one.rejection));
  const told = await get(path`/policies/${one.name}/versions/${one.version}/details`).catch((error) => ({ error }));
  if (String(one.version) !== read("version")) return; // another one was opened meanwhile
  if (told.error || !told.checks.length) return put($("#report"), title, rejected, h("p", {}, told.error?.message ?? (one.checked || t("policies.report.none"))));
  const figure = (value, unit) => (value === null ? "—" : `${number(value, 6)} ${unit}`);
  put($("#report"), title, rejected, told.kept_by && h("p.small.soft", {}, t("policies.kept", { why: told.kept_by })));
  new Table($("#report"), {
    caption: t("policies.report"), name: "report", parameter: "checks", key: (row) => row.check,
    columns: [
      { key: "check", title: t("policies.check"), value: (row) => row.check },
      { key: "outcome", title: t("policies.outcome"), value: (row) => row.outcome, show: (row) => h("span.badge", { class: row.outcome === "passed" ? "passed" : row.outcome === "failed" ? "failed" : "" }, t(`policies.${row.outcome}`)) },
      { key: "figure", title: t("policies.figure"), value: (row) => row.figure, show: (row) => figure(row.figure, row.unit), number: true },
      { key: "limit", title: t("policies.limit"), value: (row) => row.limit, show: (row) => figure(row.limit, ""), number: true },
      { key: "detail", title: t("policies.detail"), value: (row) => row.detail },
    ],
  }).show(told.checks);
}

/** What the version is asked and answers of late against its validation; nothing where it was asked nothing. */
async function drawDrift(one) {
  put($("#drift"));
  const told = await get(path`/policies/${one.name}/versions/${one.version}/drift`).catch(() => ({ policies: [] }));
  const [found] = told.policies;
  if (!found || String(one.version) !== read("version")) return;
  put($("#drift"), h("h3", {}, t("policies.drift")), h("p.small.soft", {}, found.reason || t("policies.drift.rows", { rows: number(found.rows), policy: found.policy })));
  if (!found.columns.length) return;
  new Table($("#drift"), {
    caption: t("policies.drift"), name: "drift", parameter: "drift", key: (row) => row.column,
    columns: [
      { key: "column", title: t("policies.column"), value: (row) => row.column },
      { key: "psi", title: "PSI", value: (row) => row.psi, show: (row) => number(row.psi, 3), number: true },
      { key: "ks", title: "KS", value: (row) => row.ks, show: (row) => number(row.ks, 3), number: true },
      { key: "mean", title: t("policies.mean"), value: (row) => row.mean, show: (row) => `${number(row.mean, 4)} / ${number(row.reference_mean, 4)}`, number: true },
      { key: "drifted", title: t("policies.outcome"), value: (row) => row.drifted, show: (row) => h("span.badge", { class: row.drifted ? "failed" : "passed" }, t(row.drifted ? "policies.drifted" : "policies.steady")) },
    ],
  }).show(found.columns);
}

try {
  if (await loadNames()) await load();
} catch (error) {
  explain(error, () => location.reload());
}
document.documentElement.dataset.ready = "1";
