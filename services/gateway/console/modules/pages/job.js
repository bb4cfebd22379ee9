// One job: how far it is, its curve as it grows, what was asked for, and the end of its log.

import { Chart } from "../chart.js";
import { curves, dense } from "../curves.js";
import { $, cards, command, explain, facts, h, put, settle, when } from "../dom.js";
import { OPEN, allowed, share, state, stopper } from "../jobs.js";
import { fresh, get, path } from "../rest.js";
import { follow } from "../socket.js";
import { number, percent, t } from "../words.js";

const EVERY = 3000;
const id = decodeURIComponent(location.pathname.split("/").pop());
const may = await allowed;
let job = null;

const chart = new Chart($("#chart"), { title: t("jobs.curve"), name: "curve", x: { title: t("training.x.steps") }, y: { title: "" } });

function show(next) {
  job = next;
  put($("#name"), job.title || job.policy);
  put($("#state"), state(job));
  put($("#reason"), job.reason);
  const done = share(job);
  $("#share").hidden = done === null;
  if (done !== null) $("#share").value = done;
  const { progress, usage } = job;
  const figures = [
    ["training.steps", number(usage.steps)], ["jobs.episodes", number(usage.episodes)], ["training.reward", number(progress?.reward, 3)],
    ["training.success", percent(progress?.success_rate, 1)], ["policies.version", number(progress?.version)], ["jobs.seconds", number(usage.seconds)],
    ["jobs.cpu", number(usage.cpu_seconds)], ["jobs.memory", `${number(usage.memory_bytes / 1048576)} MiB`], ["jobs.restarts", number(usage.restarts)],
    ...(usage.dollars ? [["jobs.dollars", number(usage.dollars, 4)]] : []), ...(progress?.trials ? [["jobs.trials", number(progress.trials)]] : []),
  ];
  put($("#figures"), cards(figures));
  const open = OPEN.includes(job.status) && job.status !== "stopping";
  const known = { game: job.game, algorithm: job.algorithm, policy: job.policy, priority: job.priority, owner: job.owner || "—", place: job.place || "—", ...flat(job.request) };
  put($("#request"), facts([[t("jobs.created"), when(job.create_time)], ...Object.entries(known).map(([key, value]) => [key, String(value ?? "—")])]), command(`mazemesh jobs status ${id}`));
  // What is being asked about now is not drawn anew under the finger.
  if (open && $("#actions [data-sure='1']")) return;
  put($("#actions"),
    open && may("POST /training/stop/{experiment_id}") && stopper(job, show),
    h("a.button", { href: `/console/training/start?clone=${encodeURIComponent(id)}`, "data-key": "clone" }, t("jobs.clone")),
    progress?.version > 0 && job.kind === "train" && h("a.button", { href: `/console/policies?name=${encodeURIComponent(job.policy)}`, "data-key": "policy" }, t("jobs.policy")),
    job.kind === "tune" && h("a.button", { href: `/console/training/studies?study=tune/${encodeURIComponent(job.policy)}` }, t("studies.title")));
}

function flat(values, prefix = "") {
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value && typeof value === "object" && !Array.isArray(value) ? Object.entries(flat(value, `${prefix}${key}.`)) : [[prefix + key, value]])));
}

/** The curve of the run that the job's learner writes: that of its policy. */
async function draw() {
  const known = await fresh("/training/runs", { q: job.policy });
  const run = known.runs.find((one) => one.policy === job.policy);
  if (!run) return;
  const metric = ["episode_reward", ...known.metrics].find((one) => known.metrics.includes(one));
  const found = await curves({ metric, runs: run.id, buckets: 400 });
  chart.title = metric;
  chart.y = { title: metric };
  chart.show(found.curves.map((curve) => dense(curve, found.x, 0)));
}

async function tail() {
  const lines = job.log.length ? job.log : (await get(path`/jobs/${id}/logs`, { lines: 100 }).catch(() => ({ lines: [] }))).lines;
  const log = $("#log");
  const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 20;
  put(log, lines.length ? lines.join("\n") : t("jobs.log.none"));
  if (atEnd) log.scrollTop = log.scrollHeight;
}

async function load() {
  try {
    show(await get(path`/jobs/${id}`));
    settle();
    await Promise.all([draw(), tail()]);
  } catch (error) {
    explain(error, load);
  }
}

await load();
document.documentElement.dataset.ready = "1";
follow(`training/${id}`, (news) => news?.experiment_id && show(news));
setInterval(() => document.hidden || !job || (!OPEN.includes(job.status) && chart.series.length) || load(), EVERY);
