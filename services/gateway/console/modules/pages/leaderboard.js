// Ratings with their intervals, curves over time, and who beats whom.

import { bound, options, read, readAll, write } from "../address.js";
import { Chart } from "../chart.js";
import { $, begin, csv, empty, explain, h, put, save, settle, when } from "../dom.js";
import { get, path } from "../rest.js";
import { spark, whisker } from "../small.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { number, percent, t } from "../words.js";

const form = $("#filter");
const curves = new Map(); // of the ladder, by player
let board = { players: [] };
let scale = [0, 1];
let leave = null;
let matrix = null;
let asked = 0;

const table = new Table($("#table"), {
  caption: t("leaderboard.title"), name: "leaderboard", key: (row) => row.player, chosen: (row) => chosen().includes(row.player),
  columns: [
    { key: "rank", title: t("leaderboard.rank"), number: true, value: (row) => row.rank || null, show: (row) => row.rank || h("span", { title: t("leaderboard.unranked") }, "—") },
    { key: "player", title: t("leaderboard.player"), value: (row) => row.player, show: (row) => h("a", { href: `/console/live?policy=${encodeURIComponent(row.player)}` }, row.player) },
    { key: "rating", title: t("leaderboard.rating"), number: true, value: (row) => row.rating, show: (row) => number(row.rating, form.model.value === "plackett_luce" ? 1 : 0) },
    { key: "low", title: t("leaderboard.interval"), value: (row) => row.low, show: (row) => h("span", { title: `${number(row.low)} … ${number(row.high)}` }, whisker(row, ...scale, `${number(row.low)} … ${number(row.high)}`)) },
    { key: "high", value: (row) => row.high },
    { key: "superiority_of_above", title: t("leaderboard.above"), number: true, value: (row) => row.superiority_of_above, show: (row) => percent(row.superiority_of_above) },
    { key: "trend", title: t("leaderboard.trend"), sort: false, show: (row) => spark(curves.get(row.player)?.points.map((one) => one.rating) ?? [], t("leaderboard.trend")) },
    { key: "matches", title: t("leaderboard.matches"), number: true, value: (row) => row.matches, show: (row) => number(row.matches) },
    { key: "wins", title: t("leaderboard.record"), number: true, value: (row) => row.wins, show: (row) => `${row.wins} / ${row.draws} / ${row.losses}` },
    { key: "draws", value: (row) => row.draws },
    { key: "losses", value: (row) => row.losses },
    { key: "last_match_time", title: t("leaderboard.last"), value: (row) => row.last_match_time, show: (row) => when(row.last_match_time) },
    { key: "curve", title: t("leaderboard.chosen"), sort: false, show: (row) => h("input", { type: "checkbox", checked: chosen().includes(row.player), "data-key": `curve-${row.player}`, "aria-label": `${t("leaderboard.chosen")}: ${row.player}`, onchange: () => choose(row.player) }) },
  ],
  none: () => (!form.ladder.value ? empty(t("leaderboard.none"), "mazemesh up") : board.matches ? empty(t("leaderboard.nobody")) : empty(t("leaderboard.empty"), "mazemesh up")),
});
const chart = new Chart($("#curves"), { title: t("leaderboard.curves"), name: "rating-curves", x: { title: t("leaderboard.time"), time: true }, y: { title: t("leaderboard.rating") }, parameter: "c" });

/** Players whose curves are drawn: those of the address, else the first five. */
const chosen = () => (readAll("curve").length ? readAll("curve") : board.players.slice(0, 5).map((one) => one.player));

function choose(player) {
  const now = chosen();
  write({ curve: now.includes(player) ? now.filter((one) => one !== player) : [...now, player].slice(-8) });
  table.draw();
  drawCurves();
}

function isPlain() {
  return !form.model.value && !form.kind.value && !form.run.value && !form.prefix.value;
}

function show(told) {
  board = told;
  scale = [Math.min(...told.players.map((one) => one.low)), Math.max(...told.players.map((one) => one.high))];
  table.show(told.players);
  $("#note").textContent = t("leaderboard.note", { matches: number(told.matches), fitted: number(told.fitted_matches), effect: number(told.seat_effect, 1) });
}

async function load() {
  const mine = ++asked;
  const ladder = form.ladder.value;
  if (!ladder) return table.show([]);
  try {
    const told = await get(path`/leaderboards/${ladder}`, { page_size: 100, model: form.model.value, kinds: form.kind.value, run: form.run.value, prefix: form.prefix.value });
    if (mine !== asked) return;
    settle();
    show(told);
    const names = [...new Set([...chosen(), ...told.players.slice(0, 32).map((one) => one.player)])].slice(0, 64);
    const [lines, heat] = await Promise.all([names.length ? get("/ratings/curves", { ladder, player: names }) : { curves: [] }, names.length > 1 ? get("/head-to-head", { ladder, player: names.slice(0, 20) }) : null]);
    if (mine !== asked) return;
    curves.clear();
    for (const one of lines.curves) curves.set(one.player, one);
    matrix = heat;
    table.draw();
    drawCurves();
    drawHeat();
  } catch (error) {
    if (mine === asked) explain(error, load);
  }
}

function drawCurves() {
  chart.show(chosen().filter((player) => curves.has(player)).map((player) => {
    const { points } = curves.get(player);
    return { name: player, x: points.map((one) => new Date(one.time).getTime()), y: points.map((one) => one.rating), low: points.map((one) => one.low), high: points.map((one) => one.high) };
  }));
}

const heatKind = () => document.querySelector("input[name=heat]:checked").value;

/** Each cell of the matrix as a number and as a ground: red below a half, blue above, and the number tells it too. */
function drawHeat() {
  if (!matrix) return put($("#heat"), empty(t("leaderboard.empty"), "mazemesh up"));
  const kind = heatKind();
  const count = matrix.players.length;
  const cell = (row, column) => {
    const at = row * count + column;
    if (row === column) return { text: "·", share: null };
    if (kind === "superiorities") return { text: percent(matrix.superiorities[at]), share: matrix.superiorities[at] };
    if (!matrix.games[at]) return { text: "—", share: null };
    if (kind === "games") return { text: number(matrix.games[at]), share: null };
    return { text: percent(matrix.scores[at] / matrix.games[at]), share: matrix.scores[at] / matrix.games[at] };
  };
  const table = h("table.heat", { "data-testid": "heat" }, h("caption.small", {}, t("leaderboard.heat.row")),
    h("thead", {}, h("tr", {}, h("td"), matrix.players.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, matrix.players.map((name, row) => h("tr", {}, h("th", { scope: "row" }, name), matrix.players.map((other, column) => {
      const { text, share } = cell(row, column);
      const shown = h("td", { title: `${name} – ${other}: ${text}` }, text);
      if (share !== null) shown.style.background = `color-mix(in srgb, var(${share >= 0.5 ? "--accent" : "--bad"}) ${Math.round(Math.abs(share - 0.5) * 50)}%, var(--raised))`;
      return shown;
    })))));
  const file = () => save(`head-to-head-${kind}.csv`, csv(["player", ...matrix.players], matrix.players.map((name, row) => [name, ...matrix.players.map((_, column) => cell(row, column).text)])), "text/csv");
  put($("#heat"), h("div.scroll", { tabindex: 0, role: "region", "aria-label": t("leaderboard.heat") }, table), h("div.row.end", {}, h("button", { type: "button", onclick: file }, t("frame.csv"))));
}

let later = 0;

/** Live news changes the table at once; who is new gets a curve within some seconds. */
function watch() {
  leave?.();
  leave = follow(`leaderboards/${form.ladder.value}`, (told, kind) => {
    if (kind !== "leaderboard" || !isPlain() || board.ladder !== told.ladder) return;
    show(told);
    if (told.players.every((one) => curves.has(one.player))) return;
    later ||= setTimeout(() => {
      later = 0;
      load();
    }, 5000);
  });
}

for (const choice of document.querySelectorAll("input[name=heat]")) {
  choice.checked = choice.value === read("heat", "scores");
  choice.addEventListener("change", () => {
    write({ heat: heatKind() });
    drawHeat();
  });
}

bound(form, (name) => {
  if (name === "ladder") {
    write({ curve: [] });
    watch();
  }
  load();
});

begin(async () => {
  const { ladders } = await get("/ladders", { page_size: 1000 });
  const sorted = [...ladders].sort((one, other) => other.matches - one.matches);
  options($("#ladder"), sorted.map((one) => [one.ladder, `${one.ladder} (${number(one.matches)})`]));
  if (sorted.length) watch();
  await load();
});
