// Boards of what is played, and of one seat what its policy sees and thinks.

import { bound, read, write } from "../address.js";
import { Board } from "../board.js";
import { Boards, isOf, sessionOf } from "../boards.js";
import { Chart } from "../chart.js";
import { $, begin, explain, h, put, settle, when } from "../dom.js";
import { drawPlanes, drawThoughts } from "../mind.js";
import { deep, get, path } from "../rest.js";
import { follow, onState } from "../socket.js";
import { Table } from "../table.js";
import { bytes, seenCells } from "../views.js";
import { number, t } from "../words.js";

const form = $("#filter");
const boards = new Boards($("#boards"), { think });
bound(form, apply);

function wanted() {
  return { kind: form.source.value, player: form.policy.value.trim(), most: Number(form.boards.value) };
}

function apply() {
  boards.set(wanted());
  list();
}

function list() {
  table.show(replays.filter((one) => isOf(one.participants, wanted().player)));
}

$("#pause").addEventListener("click", (event) => {
  const paused = event.target.getAttribute("aria-pressed") !== "true";
  event.target.setAttribute("aria-pressed", String(paused));
  boards.pause(paused);
});

let replays = [];
const table = new Table($("#recordings"), {
  caption: t("live.recordings"), name: "recordings", key: (row) => row.game_id,
  columns: [
    { key: "players", title: t("live.column.players"), value: (row) => row.participants.join(" – "), show: (row) => h("a", { href: deep`/console/recordings/${row.game_id}` }, row.participants.join(" – ")) },
    { key: "game", title: t("live.column.game"), value: (row) => row.game },
    { key: "scores", title: t("live.column.outcome"), value: (row) => row.outcome.scores.join(" – ") },
    { key: "steps", title: t("live.column.steps"), value: (row) => row.outcome.steps, show: (row) => number(row.outcome.steps), number: true },
    { key: "rated", title: t("live.column.rated"), value: (row) => t(row.rated ? "live.rated" : "live.unrated") },
    { key: "time", title: t("live.column.time"), value: (row) => row.finish_time, show: (row) => when(row.finish_time) },
  ],
});

let mind = null; // the socket of what is thought
let broken = false; // whether it was lost before it was told all
let opening = 0;
const points = { x: [], y: [] };
let chart = null;
let mindBoard = null;

/** Opens what a seat of a running game sees and thinks; what it shows is part of the address. */
async function think(source) {
  const seat = Math.max(0, source.participants.findIndex((name) => !/^(bot|player)\//.test(name)));
  write({ think: source.id, game: source.game, seat });
  await openMind();
  $("#thinking").scrollIntoView({ block: "nearest" });
}

async function openMind() {
  closeMind();
  const mine = ++opening;
  const [id, game, seat] = [read("think"), read("game"), Number(read("seat", "0"))];
  if (!id) return;
  $("#thinking").hidden = false;
  const session = id.includes("/") && boards.running.find((one) => one.kind === "training" && id.startsWith(`${sessionOf(one)}/`));
  // In training nobody says which policy it is: it is the latest of that game, as far as one can tell.
  let [policy, told] = [read("policy"), null];
  try {
    if (!policy && session) policy = await latest(game);
    ({ spec: told } = await get(path`/games/${game}/spec`));
  } catch (error) {
    return mine === opening && explain(error, openMind);
  }
  if (mine !== opening) return; // another one was opened meanwhile
  settle();
  const address = `${location.origin.replace("http", "ws")}${deep`/ws/minds/${id}`}?seat=${seat}&policy=${encodeURIComponent(policy)}`;
  const socket = (mind = new WebSocket(address));
  put($("#thoughts"), h("div.board", { id: "mind-board" }), h("div", { id: "mind-odds" }), h("div", { id: "mind-chart" }));
  mindBoard = new Board($("#mind-board"), t("live.title"));
  chart = new Chart($("#mind-chart"), { title: t("recording.values"), name: "values", x: { title: t("recording.step") }, y: { title: t("live.value") }, log: false, parameter: "v" });
  let [spec, episode, known, ended] = [null, null, new Set(), false];
  socket.onclose = () => (broken = mind === socket && !ended);
  socket.onmessage = (event) => {
    const news = JSON.parse(event.data);
    ended ||= news.type === "over" || news.type === "problem";
    if (news.type === "opened") $("#thinking-title").textContent = t("live.mind", { who: news.policy });
    if (news.type === "problem") put($("#mind-odds"), h("p.notice", {}, news.status === 400 ? t("live.no-mind") : news.detail));
    if (news.type === "episode") {
      episode = { width: news.width, height: news.height, passages: bytes(news.passages) };
      spec = { ...told, ...told.settings, width: news.width, height: news.height, game };
      spec.view = told.layout[0].shape[0];
      known = new Set();
      points.x.length = points.y.length = 0;
    }
    if (news.type !== "thought" || !episode) return;
    const observation = bytes(news.observation);
    const seen = seenCells(spec, news.positions[seat], observation);
    for (const cell of seen) known.add(cell);
    mindBoard.show({ ...news, ...episode, game, seen, known, odds: { seat, probabilities: news.probabilities } });
    drawThoughts($("#mind-odds"), { probabilities: news.probabilities, value: news.value });
    drawPlanes($("#planes"), spec, observation);
    points.x.push(news.step);
    points.y.push(news.value);
    chart.show([{ name: t("live.value"), ...points }]);
  };
}

async function latest(game) {
  const { policies } = await get("/policies", { page_size: 1000 });
  const fit = policies.filter((one) => one.collection?.game === game).sort((one, other) => other.create_time.localeCompare(one.create_time))[0];
  return fit ? `${fit.name}:latest` : "";
}

function closeMind() {
  const closing = mind;
  [mind, broken] = [null, false];
  opening += 1;
  closing?.close();
  points.x.length = points.y.length = 0;
  put($("#planes"));
  $("#thinking").hidden = true;
}

$("#stop-thinking").addEventListener("click", () => {
  closeMind();
  write({ think: "", game: "", seat: "" });
});

// A gateway that comes back knows nothing of what was looked into.
onState((state) => state === "live" && broken && openMind());

Object.assign(boards, wanted());
boards.start();
if (read("think")) {
  const wait = follow("games", (_, kind) => kind === "games" && (setTimeout(() => wait()), openMind()));
}
begin(async () => {
  ({ replays } = await get("/recordings", { page_size: 100 }));
  const names = new Set(replays.flatMap((one) => one.participants));
  put($("#policies"), [...names].sort().map((name) => h("option", { value: name })));
  list();
});
