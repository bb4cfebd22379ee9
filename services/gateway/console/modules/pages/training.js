// Training: curves of many runs, the runs themselves, and their settings side by side.

import { bound, options, read, write } from "../address.js";
import { Chart } from "../chart.js";
import { curves, dense } from "../curves.js";
import { $, empty, explain, facts, h, put, settle, when } from "../dom.js";
import { Jobs, allowed } from "../jobs.js";
import { Parallel } from "../parallel.js";
import { fresh } from "../rest.js";
import { Table } from "../table.js";
import { number, percent, t } from "../words.js";

const EVERY = 5000;
const FIGURES = "episode_reward,episode_success";
const MOST_AXES = 12;

const form = $("#filter");
const value = (name) => form.elements[name].value;
const picked = new Set(read("runs").split(",").filter(Boolean));
let known = { runs: [] };
let shown = null;
let zoom = [null, null];
let [lists, lines] = [0, 0]; // asked for so far: an answer that comes late replaces no later one

bound(form, (name) => (name === "smooth" ? drawCurves() : load()));

const chart = new Chart($("#chart"), {
  title: t("training.curves"), name: "curves", x: { title: "" }, y: { title: "" },
  zoomed: (...range) => {
    zoom = range;
    loadCurves().catch(explain);
  },
});
zoom = chart.range ?? zoom;

const table = new Table($("#runs"), {
  caption: t("training.runs"), name: "runs",
  chosen: (run) => picked.has(run.id), none: () => (value("q") ? empty(t("training.empty.words")) : empty(t("training.empty"), "mazemesh up --game race")),
  columns: [
    { key: "policy", title: t("training.run"), value: (run) => run.policy, show: (run) => choice(run) },
    { key: "origin", title: t("training.origin"), value: (run) => run.origin },
    { key: "game", title: t("training.game"), value: (run) => run.game },
    { key: "algorithm", title: t("training.algorithm"), value: (run) => run.algorithm },
    { key: "steps", title: t("training.steps"), value: (run) => run.steps, show: (run) => number(run.steps), number: true },
    { key: "reward", title: t("training.reward"), value: (run) => run.figures.episode_reward ?? null, show: (run) => number(run.figures.episode_reward, 3), number: true },
    { key: "success", title: t("training.success"), value: (run) => run.figures.episode_success ?? null, show: (run) => percent(run.figures.episode_success, 1), number: true },
    { key: "last", title: t("training.last"), value: (run) => run.last, show: (run) => (run.running ? h("span.badge", { "data-state": "live" }, t("training.running")) : when(run.last)) },
  ],
});

function choice(run) {
  const changed = (event) => {
    picked[event.target.checked ? "add" : "delete"](run.id);
    write({ runs: [...picked].join(",") });
    table.draw();
    load();
  };
  return h("label.inline", {}, h("input", { type: "checkbox", checked: picked.has(run.id), "data-key": `choose-${run.id}`, onchange: changed, "aria-label": t("training.choose", { run: run.policy, origin: run.origin }) }), run.policy);
}

$("#none").addEventListener("click", () => {
  picked.clear();
  write({ runs: "" });
  table.draw();
  load();
});

const settings = new Table($("#settings"), { caption: t("training.differing"), name: "settings", parameter: "order", columns: [], key: (row) => row.label });
const parallel = new Parallel($("#parallel"), { title: t("training.parallel"), name: "parallel" });

async function loadRuns() {
  const mine = ++lists;
  const found = await fresh("/training/runs", { q: value("q"), figures: [...new Set([...FIGURES.split(","), value("metric")])].join(",") });
  if (mine !== lists || found === known) return;
  known = found;
  const metrics = found.metrics.includes(value("metric")) || !found.metrics.length ? found.metrics : [value("metric"), ...found.metrics];
  if (metrics.length) options(form.elements.metric, metrics.map((one) => [one, one]));
  table.show(found.runs);
}

async function loadCurves() {
  const mine = ++lines;
  const wide = $("#chart canvas").clientWidth || 800;
  const count = picked.size || known.runs.length || 100;
  const log = form.elements.logx.checked;
  const found = await curves({
    metric: value("metric"), q: picked.size ? "" : value("q"), runs: [...picked].join(","), x: value("x"),
    buckets: count > 24 && !value("group") ? Math.max(100, Math.min(400, Math.round(60_000 / count))) : Math.min(800, Math.round(wide)),
    from: zoom[0], to: zoom[1], log, group: value("group"), band: value("group") ? value("band") : "",
  });
  if (mine !== lines || found === shown) return;
  shown = found;
  drawCurves();
}

function drawCurves() {
  if (!shown) return;
  const weight = Number(value("smooth"));
  const names = new Map();
  const series = shown.curves.map((curve) => {
    const before = names.get(curve.label) ?? 0;
    names.set(curve.label, before + 1);
    const label = shown.group ? `${curve.label} (${curve.runs})` : before ? `${curve.label} · ${curve.id.slice(0, 6)}` : curve.label;
    return dense({ ...curve, label }, shown.x, weight);
  });
  chart.title = shown.metric;
  chart.x = { title: t(`training.x.${shown.axis}`), log: shown.log };
  chart.y = { title: shown.metric };
  chart.show(series);
  const still = shown.read < shown.journals ? ` ${t("training.reading", { read: shown.read, all: shown.journals })}` : "";
  put($("#note"), t(shown.group ? "training.groups" : "training.lines", { count: series.length, buckets: shown.buckets }) + still);
  requestAnimationFrame(() => requestAnimationFrame(() => (document.documentElement.dataset.painted ??= String(performance.now()))));
}

/** Settings that differ, as a table and as parallel coordinates with the figure that is looked at. */
async function loadSettings() {
  const runs = picked.size ? known.runs.filter((run) => picked.has(run.id)) : known.runs;
  $("#compare").hidden = runs.length < 2;
  $("#none").hidden = !picked.size;
  put($("#chosen"), picked.size ? t("training.chosen", { count: picked.size }) : "");
  if (runs.length < 2) return;
  const found = await fresh("/training/runs/settings", { q: picked.size ? "" : value("q"), runs: [...picked].join(",") });
  const names = Object.keys(found.differing);
  const figures = new Map(known.runs.map((run) => [run.id, run.figures[value("metric")] ?? null]));
  const group = form.elements.group;
  const wanted = [...["", "policy", "game", "algorithm"].map((one) => [one, t(`training.group.${one || "none"}`)]), ...names.map((name) => [`setting:${name}`, short(name)])];
  if (wanted.length !== group.options.length) options(group, wanted);
  const axes = names.slice(0, MOST_AXES).map((name) => ({ name, title: short(name) }));
  axes.push({ name: "figure", title: value("metric"), better: 1 });
  const rows = found.runs.map((id, index) => ({
    label: found.labels[index],
    values: [...names.slice(0, MOST_AXES).map((name) => plain(found.differing[name][index])), figures.get(id) ?? null],
    strong: picked.has(id),
  }));
  const best = rows.reduce((one, other) => ((other.values.at(-1) ?? -Infinity) > (one?.values.at(-1) ?? -Infinity) ? other : one), null);
  if (best) best.best = true;
  parallel.show(axes, rows);
  settings.show(rows.slice(0, 200), [
    { key: "run", title: t("training.run"), value: (row) => row.label },
    ...axes.map((axis, at) => ({ key: axis.name, title: axis.title, value: (row) => row.values[at], show: (row) => (typeof row.values[at] === "number" ? number(row.values[at], 6) : row.values[at] ?? "—"), number: typeof rows[0].values[at] === "number" })),
  ]);
  put($("#same"), facts(Object.entries(found.same).map(([name, one]) => [name, String(one)])));
}

const short = (name) => name.replace(/^config\./, "");
const plain = (one) => (typeof one === "boolean" ? String(one) : one);

async function load() {
  try {
    await Promise.all([loadRuns(), loadCurves()]);
    settle();
    await Promise.all([loadSettings(), jobs.load()]);
  } catch (error) {
    explain(error, load);
  }
}

$("#start").hidden = !(await allowed)("POST /training/start");
const jobs = new Jobs($("#jobs"), $("#jobs-panel"));
await load();
document.documentElement.dataset.ready = "1";
setInterval(() => document.hidden || load(), EVERY);
document.addEventListener("visibilitychange", () => document.hidden || load());
