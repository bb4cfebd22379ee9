// Tournaments: the list, and one whose bracket fills as its matches are played.

import { read, write } from "../address.js";
import { $, begin, empty, h, put, save, when } from "../dom.js";
import { get, path } from "../rest.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { number, t } from "../words.js";

let leave = null;
let drawn = "";
let tables = null;

const titleOf = (one) => one.title || one.tournament_id;
const table = new Table($("#table"), {
  caption: t("tournaments.title"), name: "tournaments", key: (row) => row.tournament_id, chosen: (row) => row.tournament_id === read("tournament"),
  columns: [
    { key: "title", title: t("tournaments.name"), value: titleOf, show: (row) => h("button", { type: "button", "data-key": row.tournament_id, onclick: () => choose(row.tournament_id) }, titleOf(row)) },
    { key: "format", title: t("tournaments.format"), value: (row) => row.format.replace("_", " ") },
    { key: "game", title: t("tournaments.game"), value: (row) => row.ladder },
    { key: "state", title: t("tournaments.state"), value: (row) => t(`tournaments.${row.state}`), show: (row) => h("span.badge", { class: row.state === "finished" ? "passed" : "" }, t(`tournaments.${row.state}`)) },
    { key: "played", title: t("tournaments.played"), number: true, value: (row) => row.played, show: (row) => number(row.played) },
    { key: "winner", title: t("tournaments.winner"), value: (row) => row.winners.join(", "), show: (row) => row.winners.join(", ") || "—" },
    { key: "time", title: t("tournaments.started"), value: (row) => row.create_time, show: (row) => when(row.create_time) },
  ],
  none: () => empty(t("tournaments.empty"), "mazemesh tournament create bot/random bot/wall-follower bot/shortest-path --game race --format single"),
});

function choose(id) {
  write({ tournament: id }, true);
  open();
}

function open() {
  leave?.();
  const id = read("tournament");
  if (!id || !$("#one-title").textContent) $("#one").hidden = true; // until there is something to show
  table.draw();
  if (!id) return;
  drawn = "";
  tables = null;
  put($("#bracket"));
  put($("#standings"));
  put($("#encounters"));
  leave = follow(`tournaments/${id}`, (told, kind) => {
    if (kind === "tournament") show(told);
    if (kind !== "over" || !told.reason) return;
    $("#one").hidden = false;
    put($("#bracket"), h("p.notice", {}, told.reason));
  });
}

function newTables() {
  const name = (index) => (index === null || index === undefined ? t("tournaments.bye") : tables.names[index]);
  const standings = new Table($("#standings"), {
    caption: t("tournaments.standings"), name: "standings", key: (row) => row.entrant, parameter: "standings",
    columns: [
      { key: "place", title: t("tournaments.place"), number: true, value: (row) => row.place },
      { key: "entrant", title: t("tournaments.entrant"), value: (row) => name(row.entrant) },
      { key: "points", title: t("tournaments.points"), number: true, value: (row) => row.points, show: (row) => number(row.points, 2) },
      { key: "buchholz", title: t("tournaments.buchholz"), number: true, value: (row) => row.buchholz, show: (row) => number(row.buchholz, 2) },
      { key: "berger", title: t("tournaments.berger"), number: true, value: (row) => row.sonneborn_berger, show: (row) => number(row.sonneborn_berger, 2) },
    ],
  });
  const encounters = new Table($("#encounters"), {
    caption: t("tournaments.encounters"), name: "encounters", key: (row) => row.key, parameter: "encounters",
    columns: [
      { key: "round", title: t("tournaments.round"), number: true, value: (row) => row.round },
      { key: "first", title: t("tournaments.first"), value: (row) => name(row.first) },
      { key: "second", title: t("tournaments.second"), value: (row) => name(row.second) },
      { key: "result", title: t("tournaments.result"), value: (row) => `${row.first_points} : ${row.second_points}` },
      { key: "winner", title: t("tournaments.winner"), value: (row) => (row.winner === null ? null : name(row.winner)) },
    ],
  });
  return { standings, encounters, names: [] };
}

function show(told) {
  const { summary } = told;
  $("#one").hidden = false;
  put($("#one-title"), titleOf(summary));
  put($("#one-state"), t(`tournaments.${summary.state}`));
  $("#one-state").dataset.state = summary.state === "running" ? "live" : "";
  put($("#one-text"), t("tournaments.progress", { played: number(summary.played), outstanding: number(summary.outstanding) }), summary.winners.length ? ` ${t("tournaments.winner")}: ${summary.winners.join(", ")}.` : "", summary.explanation ? ` ${summary.explanation}` : "");
  tables ??= newTables();
  tables.names = told.entrants.map((one) => one.name);
  tables.standings.show(told.standings);
  tables.encounters.show(told.encounters);
  const version = `${summary.tournament_id}-${summary.played}-${summary.state}-${told.encounters.length}`;
  if (version === drawn) return;
  drawn = version;
  const source = `${path`/tournaments/${summary.tournament_id}/bracket.svg`}?v=${encodeURIComponent(version)}`;
  const picture = h("img", { alt: t("tournaments.picture", { name: titleOf(summary) }), "data-testid": "bracket" });
  picture.onload = () => version === drawn && put($("#bracket"), picture, h("p", {}, h("button", { type: "button", onclick: async () => save(`${summary.tournament_id}.svg`, await (await fetch(source)).blob()) }, t("tournaments.save"))));
  picture.src = source;
}

addEventListener("popstate", open);

begin(async () => {
  table.show((await get("/tournaments", { page_size: 200 })).tournaments);
  open();
  follow("tournaments", (told, kind) => kind === "tournaments" && table.show(told));
});
