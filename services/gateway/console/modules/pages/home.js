// The first page: what goes on, who is best, and the tour for who comes for the first time.

import { read, write } from "../address.js";
import { Boards } from "../boards.js";
import { $, begin, empty, h, put, when } from "../dom.js";
import { deep, get, path } from "../rest.js";
import { follow } from "../socket.js";
import { Table } from "../table.js";
import { number, t } from "../words.js";

const boards = new Boards($("#boards"), { most: 3 });
const TOUR = ["", "/console/live", "/console/leaderboard", "/console/gates", "/console/play"];
let page = 0;

function card(label, figure, link) {
  return h("section.panel", {}, h("h2", {}, label), h("p.figure", {}, figure), h("a", { href: link }, t("home.see")));
}

function figures(ladders, games, recordings) {
  const [players, matches] = ["players", "matches"].map((name) => ladders.reduce((sum, one) => sum + Number(one[name]), 0));
  const running = games.reduce((sum, one) => sum + one.num_games, 0);
  put($("#cards"), card(t("home.games"), number(running), "/console/live"), card(t("home.players"), number(players), "/console/leaderboard"),
    card(t("home.matches"), number(matches), "/console/leaderboard"),
    card(t("home.recordings"), recordings.length ? when(recordings[0].finish_time) : "—", recordings.length ? deep`/console/recordings/${recordings[0].game_id}` : "/console/live"));
}

async function leaders(ladders) {
  const ladder = [...ladders].sort((one, other) => other.matches - one.matches)[0];
  if (!ladder) return put($("#leaders"), empty(t("home.unrated"), "mazemesh up"));
  const { players } = await get(path`/leaderboards/${ladder.ladder}`, { page_size: 5 });
  put($("#leaders"));
  new Table($("#leaders"), {
    caption: t("home.best"), name: "leaders", key: (row) => row.player,
    columns: [
      { key: "player", title: t("leaderboard.player"), value: (row) => row.player, sort: false },
      { key: "rank", title: t("leaderboard.rank"), value: (row) => row.rank || null, number: true, sort: false },
      { key: "rating", title: t("leaderboard.rating"), value: (row) => row.rating, show: (row) => number(row.rating), number: true, sort: false },
      { key: "low", title: t("leaderboard.interval"), value: (row) => row.low, show: (row) => `${number(row.low)} … ${number(row.high)}`, number: true, sort: false },
      { key: "high", value: (row) => row.high },
    ],
  }).show(players);
  $("#leaders").append(h("p", {}, h("a", { href: `/console/leaderboard?ladder=${encodeURIComponent(ladder.ladder)}` }, t("home.see"))));
}

async function load() {
  const [{ ladders }, { games }, { replays }] = await Promise.all([get("/ladders"), get("/games/running"), get("/recordings", { page_size: 1 })]);
  figures(ladders, games, replays);
  await leaders(ladders);
  follow("games", (running, kind) => kind === "games" && figures(ladders, running, replays));
}

function turn(to) {
  page = to;
  const step = page + 1;
  $("#tour-title").textContent = t(`home.tour.${step}.title`);
  $("#tour-text").textContent = t(`home.tour.${step}.text`);
  $("#tour-step").textContent = t("home.tour.step", { step, all: TOUR.length });
  put($("#tour-link"), TOUR[page] ? t(`home.tour.${step}.link`) : "");
  $("#tour-link").href = TOUR[page] || "#";
  $("#tour-link").hidden = !TOUR[page];
  $("#tour-back").disabled = !page;
  $("#tour-next").hidden = step === TOUR.length;
  $("#tour-title").focus();
}

const dialog = $("#tour-dialog");
function tour() {
  write({ tour: true });
  dialog.showModal();
  turn(0);
}
$("#tour").addEventListener("click", tour);
$("#tour-next").addEventListener("click", () => turn(page + 1));
$("#tour-back").addEventListener("click", () => turn(page - 1));
$("#tour-end").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  localStorage.setItem("toured", "1");
  write({ tour: "" });
  $("#tour").focus();
});
if (read("tour") || !localStorage.getItem("toured")) tour();
boards.start(); // games are seen while Elo is away, too
begin(load);
