// Policies: where aliases stand, which version grew from which, what was checked, and moving them.

import { bound, options, read, write } from "../address.js";
import { $, begin, command, empty, explain, facts, h, put, settle, when } from "../dom.js";
import { Experiments } from "../experiments.js";
import { allowed } from "../jobs.js";
import { lane, lanes, saveLineage, widest } from "../lineage.js";
import { move } from "../moving.js";
import { all, get, path } from "../rest.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { Version } from "../version.js";
import { choosable } from "../versions.js";
import { clock, number, t } from "../words.js";

const EVERY = 5000; // what no topic tells: experiments and drift
const SOON = 1000; // after news: all that come within are drawn at once

const MOVED = ["champion", "candidate"];
const mayMove = (await allowed)("PUT /policies/{name}/aliases/{alias}");
const form = $("#filter");
let versions = [];
let moves = [];
let tree = {}; // of the versions that are listed: their lanes, and where each stands
let unfollow = () => {};
let waiting = 0;
let stale = false; // whether what waits to be drawn has to be asked for

const lineage = new Table($("#tree"), {
  caption: t("policies.lineage"), name: "lineage", key: (row) => row.version, chosen: (row) => String(row.version) === read("version"),
  columns: [
    { key: "version", title: t("policies.version"), value: (row) => row.version, show: laned, sort: false },
    { key: "parent", title: t("policies.parent_version"), value: (row) => row.parent_version || null, sort: false, number: true },
    { key: "aliases", title: t("policies.aliases"), value: (row) => row.aliases.join(" "), show: (row) => row.aliases.map((one) => h("span.badge", {}, one)), sort: false },
    { key: "state", title: t("policies.state"), value: (row) => row.state, show: (row) => t(`policies.state.${row.state}`), sort: false },
    { key: "training_step", title: t("policies.training_step"), value: (row) => row.training_step, show: (row) => number(row.training_step), number: true, sort: false },
    { key: "create_time", title: t("policies.create_time"), value: (row) => row.create_time, show: (row) => when(row.create_time), sort: false },
    { key: "move", title: t("policies.action"), sort: false, show: promoter },
  ],
});
const moved = new Table($("#history"), {
  caption: t("policies.history"), name: "history", parameter: "moves", key: (row) => `${row.alias}-${row.revision}`,
  none: () => empty(t("policies.history.empty"), `mazemesh promote ${name()}:1`),
  columns: [
    { key: "time", title: t("policies.time"), value: (row) => row.time, show: (row) => when(row.time) },
    { key: "alias", title: t("policies.alias"), value: (row) => row.alias },
    { key: "from", title: t("policies.from"), value: (row) => row.from_version || null, show: (row) => (row.from_version ? link(row.from_version, `from-${row.revision}`) : "—") },
    { key: "to", title: t("policies.to"), value: (row) => row.version, show: (row) => link(row.version, `to-${row.revision}`) },
    { key: "mover", title: t("policies.mover"), value: (row) => [row.mover, row.key_id].filter(Boolean).join(" · ") || t("policies.mesh") },
    { key: "reason", title: t("policies.reason"), value: (row) => row.reason },
    { key: "gate", title: t("policies.gate"), value: (row) => row.gate_id, show: (row) => (row.gate_id ? h("a", { href: `/console/gates?gate=${encodeURIComponent(row.gate_id)}` }, row.gate_id) : "—") },
  ],
});
const experiments = new Experiments($("#experiments"), $("#comparisons"), { link, failed: explain });
const opened = new Version();

bound(form, (name) => {
  if (name !== "name") return drawTree();
  write({ version: "", experiment: "" });
  [versions, moves] = [[], []];
  watch();
  load();
});

const name = () => form.elements.name.value;
const full = (version) => `${name()}:${version}`;

async function loadNames() {
  const known = await choosable({ all_states: true });
  const names = [...new Set(known.map((one) => one.name))].sort();
  const wanted = read("name");
  if (wanted && !names.includes(wanted)) names.push(wanted);
  options(form.elements.name, names.map((one) => [one, one]));
  for (const id of ["aliases", "tree", "experiments", "history"]) $(`#${id}-panel`).hidden = !names.length;
  put($("#nothing"), names.length ? null : empty(t("policies.empty"), "mazemesh up --game race"));
  return names.length;
}

async function load() {
  const wanted = name();
  try {
    const [listed, history] = await Promise.all([
      all("/policies", { name: wanted, all_states: true }, "policies"), get(path`/policies/${wanted}/history`, { page_size: 200 }), experiments.load(wanted),
    ]);
    if (wanted !== name()) return;
    // What was published meanwhile was told already.
    const newer = versions.filter((one) => one.version > (listed[0]?.version ?? 0));
    [versions, moves] = [[...newer, ...listed], history.moves];
    settle();
  } catch (error) {
    return explain(error, load);
  }
  draw();
}

function draw() {
  drawAliases();
  drawTree();
  moved.show(moves);
  drawOne();
}

/** Follows the policy: a version that comes is taken as it is told, an alias that moves is asked for with its history. */
function watch() {
  const before = unfollow;
  let began = false;
  unfollow = follow(`policies/${name()}`, (news, kind) => {
    if (kind === "policy") versions = [news, ...versions.filter((one) => one.version !== news.version)].sort((one, other) => other.version - one.version);
    else if (began) stale = true; // the first is the list that `load` asks for; another one comes after a break
    else return (began = true);
    waiting ||= setTimeout(() => {
      waiting = 0;
      if (stale) load();
      else draw();
      stale = false;
    }, SOON);
  });
  before(); // last: a socket that follows nothing is closed
}

/** What changes without news. */
async function refresh() {
  const one = versions.find((each) => String(each.version) === read("version"));
  await Promise.all([experiments.load(name()), one && opened.show(one)]);
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
      version ? h("p", {}, link(version.version, `stands-${alias}`)) : h("p.soft", {}, t("policies.champion.none")),
      last && h("p.small.soft", {}, when(last.time), ` · ${last.mover || t("policies.mesh")}`, last.reason && ` · ${last.reason}`), h("div.row", {}, actions));
  }));
}

/** A link to a version; `where` tells it from others on the page, for the focus. */
function link(version, where) {
  return h("a", { href: `?name=${encodeURIComponent(name())}&version=${version}`, "data-key": `${where}-${version}`, onclick: (event) => open(event, version) }, full(version));
}

function open(event, version) {
  event?.preventDefault();
  write({ name: name(), version }, true);
  drawOne();
  lineage.draw(); // which of its rows is the chosen one
  $("#one-title").focus();
}
addEventListener("popstate", () => {
  drawOne();
  experiments.compare().catch(explain);
});

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
  tree = { rows, listed, wide: widest(rows), place: new Map(shown.map((one, index) => [one.version, index])) };
  lineage.show(shown);
  $("#tree-png").onclick = () => saveLineage(`lineage-${name()}`, rows, listed, (one) => `${full(one.number)}  ${shown[tree.place.get(one.number)].aliases.join(" ")}  ${clock(shown[tree.place.get(one.number)].create_time)}`);
}

/** The lanes of a row beside its version. */
function laned({ version }) {
  const at = tree.place.get(version);
  return h("span.laned", {}, lane(tree.rows[at], tree.wide, tree.listed[at]), link(version, "listed"));
}

function promoter(one) {
  if (!mayMove || one.state !== "ready" || one.aliases.includes("champion")) return "";
  return h("button", { type: "button", "data-key": `promote-${one.version}`, "aria-label": t("policies.promote.version", { version: full(one.version) }), onclick: () => promote(one.version) }, t("policies.promote"));
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
  const known = [
    ["state", t(`policies.state.${one.state}`)], ["create_time", when(one.create_time)], ["game", one.collection?.game || "—"],
    ["parent_version", one.parent_version ? link(one.parent_version, "grew") : "—"], ["training_step", number(one.training_step)],
    ["run_id", one.run_id || "—"], ["size_bytes", number(one.size_bytes)], ["sha256", h("code", {}, one.sha256)], ["spec_hash", h("code", {}, one.spec_hash)],
    ...Object.entries(one.metadata),
  ];
  put($("#facts"), facts(known.map(([key, value]) => [words(key), value])), command(`mazemesh policies show ${full(one.version)}`));
  if (opened.shown !== full(one.version)) opened.show(one);
}

const words = (key) => {
  const said = t(`policies.${key}`);
  return said.startsWith("policies.") ? key : said;
};

begin(async () => {
  if (!(await loadNames())) return;
  watch();
  await load();
  setInterval(() => document.hidden || refresh().catch((error) => explain(error, load)), EVERY);
});
