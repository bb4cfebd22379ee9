// Gates: where the evidence stands between its bounds, live.

import { bound, read, write } from "../address.js";
import { Chart } from "../chart.js";
import { $, begin, empty, h, put, when } from "../dom.js";
import { get } from "../rest.js";
import { gauge } from "../small.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { number, percent, t } from "../words.js";

const form = $("#filter");
let path = { x: [0], y: [0] }; // how the evidence of the chosen gate grew
let runs = [];
let leave = null;
let shown = null; // the chosen run, as it was told last

const verdictOf = (run) => (run.state === "cancelled" || run.state === "given_up" ? "cancelled" : run.gate.verdict);
const badge = (run) => h("span.badge", { class: { passed: "passed", failed: "failed", forgotten: "failed" }[verdictOf(run)] ?? "" }, t(`gates.${verdictOf(run)}`));
const explained = ({ gate }) => t("gates.explained", { ratio: number(gate.ratio, 2), lower: number(gate.lower, 2), upper: number(gate.upper, 2) });

const table = new Table($("#table"), {
  caption: t("gates.title"), name: "gates", key: (row) => row.gate.gate_id, chosen: (row) => row.gate.gate_id === read("gate"),
  columns: [
    { key: "candidate", title: t("gates.candidate"), value: (row) => row.gate.candidate, show: (row) => h("button", { type: "button", "data-key": row.gate.gate_id, onclick: () => choose(row.gate.gate_id) }, row.gate.candidate) },
    { key: "baseline", title: t("gates.baseline"), value: (row) => row.gate.baseline },
    { key: "verdict", title: t("gates.verdict"), value: verdictOf, show: badge },
    { key: "lower", value: (row) => row.gate.lower },
    { key: "ratio", title: t("gates.between"), value: (row) => row.gate.ratio, show: (row) => gauge(row.gate.ratio, row.gate.lower, row.gate.upper, explained(row)) },
    { key: "upper", value: (row) => row.gate.upper },
    { key: "matches", title: t("gates.matches"), number: true, value: (row) => row.gate.matches, show: (row) => number(row.gate.matches) },
    { key: "elo0", value: (row) => row.gate.hypotheses?.elo0 },
    { key: "elo1", title: t("gates.elo"), value: (row) => row.gate.hypotheses?.elo1, show: (row) => `${number(row.gate.hypotheses?.elo0, 1)} … ${number(row.gate.hypotheses?.elo1, 1)}` },
    { key: "time", title: t("gates.started"), value: (row) => row.create_time, show: (row) => when(row.create_time) },
  ],
  none: () => empty(t("gates.empty"), "mazemesh gate race:12 race:champion"),
});
const counts = new Table($("#counts"), {
  caption: t("gates.counts"), name: "counts", parameter: "counts", key: (row) => row.score,
  columns: [
    { key: "score", title: t("gates.score"), value: (row) => row.score, show: (row) => number(row.score, 2), number: true },
    { key: "matches", title: t("gates.matches"), value: (row) => row.matches, show: (row) => number(row.matches), number: true },
  ],
  none: () => null,
});
const ancestors = new Table($("#ancestors"), {
  caption: t("gates.ancestors"), name: "ancestors", parameter: "ancestors", key: (row) => row.ancestor,
  columns: [
    { key: "ancestor", title: t("gates.ancestor"), value: (row) => row.ancestor },
    { key: "score", title: t("gates.score"), value: (row) => row.score, show: (row) => number(row.score, 1), number: true },
    { key: "games", title: t("gates.games"), value: (row) => row.games, show: (row) => number(row.games), number: true },
    { key: "worse", title: t("gates.worse"), value: (row) => row.chance_worse, show: (row) => percent(row.chance_worse), number: true },
  ],
  none: () => null,
});
const chart = new Chart($("#path"), { title: t("gates.path"), name: "gate-path", x: { title: t("gates.matches") }, y: { title: t("gates.ratio") }, log: false });

function draw() {
  const shown = runs.filter((run) => (!form.state.value || (form.state.value === "running") === (run.state === "running")) && (!form.policy.value || run.gate.candidate.startsWith(form.policy.value)));
  table.show(shown);
}

function choose(gateId) {
  write({ gate: gateId }, true);
  open();
}

function open() {
  leave?.();
  leave = shown = null;
  const gateId = read("gate");
  $("#one").hidden = !gateId;
  table.draw();
  if (!gateId) return;
  const known = runs.find((run) => run.gate.gate_id === gateId);
  path = { x: [0], y: [0] };
  if (known) show(known);
  begun(gateId);
  leave = follow(`gates/${gateId}`, (run, kind) => {
    if (kind === "gate") show(run);
    if (kind === "over" && run.reason && !known) put($("#facts"), h("p.notice", {}, run.reason));
  });
}

/** What came before the tab was opened, in front of what it has seen since. */
async function begun(gateId) {
  const { points } = await get(`/gates/${encodeURIComponent(gateId)}/path`).catch(() => ({ points: [] })); // Elo is away: what comes is shown
  if (read("gate") !== gateId) return;
  const told = points.map((point) => [Number(point.matches), point.ratio]);
  const last = told.at(-1)?.[0] ?? 0;
  const since = path.x.map((matches, place) => [matches, path.y[place]]).filter(([matches]) => matches > last);
  const all = [[0, 0], ...told, ...since];
  path = { x: all.map((one) => one[0]), y: all.map((one) => one[1]) };
  if (shown) show(shown);
}

function show(run) {
  const { gate } = run;
  shown = run;
  const grown = path;
  if (grown.x.at(-1) < gate.matches) {
    grown.x.push(Number(gate.matches));
    grown.y.push(gate.ratio);
  }
  put($("#one-title"), t("gates.title.one", { candidate: gate.candidate, baseline: gate.baseline }));
  put($("#gauge"), gauge(gate.ratio, gate.lower, gate.upper, explained(run), "wide"), h("p", { "data-testid": "explained" }, badge(run), " ", explained(run)));
  const last = Math.max(1, gate.counts.length - 1);
  counts.show(gate.counts.map((matches, index) => ({ score: index / last, matches })));
  ancestors.show(gate.memories);
  put($("#facts"), run.explanation && h("p", {}, run.explanation), run.reason && h("p.soft", {}, run.reason));
  const ends = grown.x.at(-1) || 1;
  chart.show([{ name: t("gates.ratio"), ...grown }, { name: `${t("gates.passed")} ${number(gate.upper, 2)}`, x: [0, ends], y: [gate.upper, gate.upper] }, { name: `${t("gates.failed")} ${number(gate.lower, 2)}`, x: [0, ends], y: [gate.lower, gate.lower] }]);
}

bound(form, draw);
addEventListener("popstate", open);

begin(async () => {
  ({ runs } = await get("/gates", { page_size: 200 }));
  draw();
  open();
  follow("gates", (told, kind) => {
    if (kind !== "gates") return;
    runs = told;
    draw();
  });
});
