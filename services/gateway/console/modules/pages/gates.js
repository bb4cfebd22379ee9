// Gates: where the evidence stands between its bounds, live.

import { bound, read, write } from "../address.js";
import { Chart } from "../chart.js";
import { $, empty, explain, h, put, settle, when } from "../dom.js";
import { get } from "../rest.js";
import { gauge } from "../small.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { number, percent, t } from "../words.js";

const form = $("#filter");
const paths = new Map(); // evidence as it was seen to grow, by gate
let runs = [];
let leave = null;

const verdictOf = (run) => (run.state === "cancelled" || run.state === "given_up" ? "cancelled" : run.gate.verdict);
const badge = (run) => h("span.badge", { class: { passed: "passed", failed: "failed", forgotten: "failed" }[verdictOf(run)] ?? "" }, t(`gates.${verdictOf(run)}`));
const explained = ({ gate }) => t("gates.explained", { ratio: number(gate.ratio, 2), lower: number(gate.lower, 2), upper: number(gate.upper, 2) });

const table = new Table($("#table"), {
  caption: t("gates.title"), name: "gates", key: (row) => row.gate.gate_id, chosen: (row) => row.gate.gate_id === read("gate"),
  columns: [
    { key: "candidate", title: t("gates.candidate"), value: (row) => row.gate.candidate, show: (row) => h("button", { type: "button", "data-key": row.gate.gate_id, onclick: () => choose(row.gate.gate_id) }, row.gate.candidate) },
    { key: "baseline", title: t("gates.baseline"), value: (row) => row.gate.baseline },
    { key: "verdict", title: t("gates.verdict"), value: verdictOf, show: badge },
    { key: "ratio", title: t("gates.between"), value: (row) => row.gate.ratio, show: (row) => gauge(row.gate.ratio, row.gate.lower, row.gate.upper, explained(row)) },
    { key: "matches", title: t("gates.matches"), number: true, value: (row) => row.gate.matches, show: (row) => number(row.gate.matches) },
    { key: "elo", title: t("gates.elo"), value: (row) => row.gate.hypotheses?.elo1 ?? "", show: (row) => `${number(row.gate.hypotheses?.elo0, 1)} … ${number(row.gate.hypotheses?.elo1, 1)}` },
    { key: "time", title: t("gates.started"), value: (row) => row.create_time, show: (row) => when(row.create_time) },
  ],
});
const none = h("div", { hidden: true });
$("#table").append(none);
const chart = new Chart($("#path"), { title: t("gates.path"), name: "gate-path", x: { title: t("gates.matches") }, y: { title: t("gates.ratio") }, log: false });

function draw() {
  const shown = runs.filter((run) => (!form.state.value || (form.state.value === "running") === (run.state === "running")) && (!form.policy.value || run.gate.candidate.startsWith(form.policy.value)));
  table.show(shown);
  none.hidden = shown.length > 0;
  put(none, empty(t("gates.empty"), "mazemesh gate race:12 race:champion"));
}

function choose(gateId) {
  write({ gate: gateId }, true);
  open();
}

function open() {
  leave?.();
  leave = null;
  const gateId = read("gate");
  $("#one").hidden = !gateId;
  table.draw();
  if (!gateId) return;
  const known = runs.find((run) => run.gate.gate_id === gateId);
  if (known) show(known);
  leave = follow(`gates/${gateId}`, (run, kind) => {
    if (kind === "gate") show(run);
    if (kind === "over" && run.reason && !known) put($("#facts"), h("p.notice", {}, run.reason));
  });
}

function show(run) {
  const { gate } = run;
  const grown = paths.get(gate.gate_id) ?? { x: [0], y: [0] };
  paths.set(gate.gate_id, grown);
  if (grown.x.at(-1) < gate.matches) {
    grown.x.push(Number(gate.matches));
    grown.y.push(gate.ratio);
  }
  put($("#one-title"), t("gates.title.one", { candidate: gate.candidate, baseline: gate.baseline }));
  put($("#gauge"), gauge(gate.ratio, gate.lower, gate.upper, explained(run), "wide"), h("p", { "data-testid": "explained" }, badge(run), " ", explained(run)));
  const last = gate.counts.length - 1;
  const counts = h("table", {}, h("caption", {}, t("gates.counts")), h("thead", {}, h("tr", {}, gate.counts.map((_, index) => h("th.number", { scope: "col" }, number(index / Math.max(1, last), 2))))),
    h("tbody", {}, h("tr", {}, gate.counts.map((count) => h("td.number", {}, number(count))))));
  const ancestors = h("table", {}, h("caption", {}, t("gates.ancestors")), h("thead", {}, h("tr", {}, ["ancestor", "score", "games", "worse"].map((one) => h("th", { scope: "col" }, t(`gates.${one}`))))),
    h("tbody", {}, gate.memories.map((one) => h("tr", {}, h("th", { scope: "row" }, one.ancestor), h("td.number", {}, number(one.score, 1)), h("td.number", {}, number(one.games)), h("td.number", {}, percent(one.chance_worse))))));
  put($("#facts"), run.explanation && h("p", {}, run.explanation), run.reason && h("p.soft", {}, run.reason), last >= 0 && h("div.scroll", { tabindex: 0, role: "region", "aria-label": t("gates.counts") }, counts),
    gate.memories.length > 0 && h("div.scroll", { tabindex: 0, role: "region", "aria-label": t("gates.ancestors") }, ancestors));
  const ends = grown.x.at(-1) || 1;
  chart.show([{ name: t("gates.ratio"), ...grown }, { name: `${t("gates.passed")} ${number(gate.upper, 2)}`, x: [0, ends], y: [gate.upper, gate.upper] }, { name: `${t("gates.failed")} ${number(gate.lower, 2)}`, x: [0, ends], y: [gate.lower, gate.lower] }]);
}

bound(form, draw);
addEventListener("popstate", open);

async function begin() {
  try {
    ({ runs } = await get("/gates", { page_size: 200 }));
    settle();
    draw();
    open();
    follow("gates", (told, kind) => {
      if (kind !== "gates") return;
      runs = told;
      draw();
    });
    document.documentElement.dataset.ready = "1";
  } catch (error) {
    explain(error, begin);
  }
}
begin();
