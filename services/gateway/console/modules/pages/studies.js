// Studies: what a search tried, its Pareto front, and what stated weights choose of it.

import { bound, options, read, write } from "../address.js";
import { $, begin, empty, explain, facts, h, put, settle } from "../dom.js";
import { Parallel } from "../parallel.js";
import { fresh, get, path } from "../rest.js";
import { Scatter } from "../scatter.js";
import { Table } from "../table.js";
import { clock, number, t } from "../words.js";

const MOST_VARIABLES = 12;
const form = $("#filter");
let study = null;
let asked = 0;

bound(form, (name) => (name === "study" ? open() : study && drawScatter()));

const scatter = new Scatter($("#scatter"), { title: t("studies.front"), name: "scatter", opened: (point) => point.run && location.assign(curvesOf(point.run)) });
const parallel = new Parallel($("#parallel"), { title: t("studies.parallel"), name: "parallel" });
const points = new Table($("#points"), { caption: t("studies.points"), name: "points", columns: [], key: (point) => point.label, chosen: (point) => point.label === study.chosen });
const curvesOf = (run) => `/console/training?runs=${encodeURIComponent(run)}`;

/** Opens the study of the address, or the newest. */
async function open() {
  const [kind, ...name] = form.elements.study.value.split("/");
  if (!name.length) return;
  const mine = ++asked;
  try {
    const found = await get(path`/studies/${kind}/${name.join("/")}`, { weights: read("weights") });
    if (mine !== asked) return; // another one was chosen meanwhile
    study = found;
    settle();
  } catch (error) {
    return mine === asked && explain(error, open);
  }
  $("#one").hidden = false;
  put($("#one-title"), `${kind} · ${study.name}`);
  put($("#about"), facts(Object.entries(study.about).map(([key, value]) => [key, typeof value === "object" ? Object.entries(value).map(([one, other]) => `${one}=${other}`).join("  ") : String(value)])));
  const goals = study.objectives.map((one) => [one.name, one.unit ? `${one.name} (${one.unit})` : one.name]);
  options($("#across"), goals);
  options($("#up"), goals);
  if ($("#across").value === $("#up").value && goals.length > 1 && !read("up")) $("#up").value = goals[1][0];
  drawWeights();
  drawPoints();
  drawScatter();
}

function drawWeights() {
  const given = new Map(read("weights").split(",").filter(Boolean).map((one) => one.split("=")));
  const even = !given.size;
  const changed = () => {
    const weights = [...$("#weights").querySelectorAll("input")].filter((one) => Number(one.value) > 0).map((one) => `${one.name}=${one.value}`);
    write({ weights: weights.join(",") });
    open();
  };
  const legend = $("#weights legend");
  put($("#weights"), legend, study.objectives.map((one) => h("label", {}, `${one.name} ${one.maximise ? "↑" : "↓"}`,
    h("input", { type: "range", name: one.name, "data-key": `weight-${one.name}`, min: "0", max: "5", step: "1", value: even ? "1" : (given.get(one.name) ?? "0"), "aria-describedby": `means-${one.name}`, onchange: changed }),
    h("span.small.soft", { id: `means-${one.name}` }, one.meaning))));
}

function drawPoints() {
  const goals = study.objectives.map((one) => one.name);
  const variables = study.variables.slice(0, MOST_VARIABLES);
  const best = study.points.find((point) => point.label === study.chosen);
  put($("#best"), best ? t("studies.best", { label: best.label, values: goals.map((name) => `${name} ${number(best.values[name], 4)}`).join(", ") }) : t("studies.nothing.yet"));
  const axes = [...variables.map((name) => ({ name, title: name })), ...study.objectives.map((one) => ({ name: `=${one.name}`, title: one.name, better: one.maximise ? 1 : -1 }))];
  parallel.show(axes, study.points.filter((point) => point.state === "complete").map((point) => ({
    label: point.label, strong: point.front, best: point.label === study.chosen,
    values: [...variables.map((name) => point.variables[name] ?? null), ...goals.map((name) => point.values[name] ?? null)],
  })));
  const numeric = (name) => typeof study.points[0]?.variables[name] === "number";
  const cell = (value) => (typeof value === "number" ? number(value, 6) : value ?? "—");
  points.show(study.points.slice(0, 2000), [
    { key: "label", title: t("studies.point"), value: (point) => point.label, show: (point) => (point.run ? h("a", { href: curvesOf(point.run) }, point.label) : point.label) },
    { key: "state", title: t("studies.state"), value: (point) => point.error || (point.front ? "front" : point.state), show: (point) => (point.error ? `${t("studies.failed")}: ${point.error}` : point.front ? h("strong", {}, t("scatter.front")) : t(`studies.${point.state}`)) },
    ...goals.map((name) => ({ key: `=${name}`, title: name, value: (point) => point.values[name] ?? null, show: (point) => cell(point.values[name]), number: true })),
    { key: "closeness", title: t("studies.closeness"), value: (point) => point.closeness, show: (point) => number(point.closeness, 3), number: true },
    ...variables.map((name) => ({ key: name, title: name, value: (point) => point.variables[name] ?? null, show: (point) => cell(point.variables[name]), number: numeric(name) })),
  ]);
}

function drawScatter() {
  const [across, up] = [$("#across").value, $("#up").value];
  const goal = (name) => study.objectives.find((one) => one.name === name) ?? { name, unit: "", maximise: true };
  const axis = (name) => ({ title: goal(name).unit ? `${name} (${goal(name).unit})` : name, maximise: goal(name).maximise });
  const there = study.points.filter((point) => Number.isFinite(point.values[across]) && Number.isFinite(point.values[up]));
  scatter.show(axis(across), axis(up), there.map((point) => ({ label: point.label, x: point.values[across], y: point.values[up], front: point.front, best: point.label === study.chosen, run: point.run })));
}

begin(async () => {
  const found = await fresh("/studies", {});
  options($("#study"), found.map((one) => [`${one.kind}/${one.name}`, `${one.name} (${one.kind}, ${clock(one.changed)})`]));
  if (found.length) await open();
  else put($("#nothing"), empty(t("studies.empty"), "mazemesh tune learning_rate=log:1e-4..3e-3 --game race --trials 20"));
});
