// A person plays: a seat behind a WebSocket, a map that grows, keys and touch.

import { bound, options, read, write } from "../address.js";
import { Board, seatSign } from "../board.js";
import { $, begin, explain, h, put, settle } from "../dom.js";
import { session } from "../frame.js";
import { actionName } from "../mind.js";
import { deep, get } from "../rest.js";
import { choosable } from "../versions.js";
import { bytes, Explorer } from "../views.js";
import { number, t } from "../words.js";

const KEYS = { ArrowUp: 1, ArrowRight: 2, ArrowDown: 3, ArrowLeft: 4, w: 1, d: 2, s: 3, a: 4, " ": 0 };
const [FIRST_PAUSE, LONGEST_PAUSE] = [500, 4000];
const GONE = [401, 403, 404]; // of a seat: it is not asked for again
const form = $("#choice");
const board = new Board($("#board"), t("play.title"));
let games = [];
let socket = null;
let game = null; // { joined, explorer, turn, moved, over }
let ticking = 0;
let pause = FIRST_PAUSE; // before a seat is asked for again

bound(form, (name) => name === "game" && fillOpponents());

function fillOpponents() {
  const chosen = games.find((one) => one.name === form.game.value);
  if (!chosen) return;
  const alone = chosen.max_seats === 1;
  const policies = versions.filter((one) => one.collection?.game === chosen.name);
  const names = [...new Set(policies.map((one) => one.name))];
  const aliases = names.flatMap((name) => [`${name}:latest`, ...policies.filter((one) => one.name === name && one.snapshot).slice(0, 8).map((one) => `${name}:${one.version}`)]);
  // Who may make no games finds others, or a bot of about the same rating.
  if (!mayMake) return options($("#opponent"), alone ? [] : [["", t("play.anybody")]]);
  const wished = read("opponent");
  if (names.some((name) => wished.startsWith(`${name}:`)) && !aliases.includes(wished)) aliases.unshift(wished);
  options($("#opponent"), alone ? [["", t("play.nobody")]] : [...chosen.bots.map((one) => [one, one]), ...aliases.map((one) => [one, one]), ["", t("play.anybody")]]);
  form.rated.disabled = alone;
}

let versions = [];
let mayMake = true;
async function load() {
  const who = await session;
  mayMake = !who.keys || who.may.includes("POST /matches");
  ({ games } = await get("/games"));
  // Bots and people are played against while Model is away, too.
  versions = await choosable().catch((error) => (explain(error, () => begin(load)), []));
  options($("#game"), games.map((one) => [one.name, `${one.name}: ${one.description}`]));
  if (!read("game") && games.some((one) => one.name === "race")) form.game.value = "race";
  form.game.value ||= games[0].name;
  fillOpponents();
  if (who.player) Object.assign(form.name, { value: who.player.replace("player/", ""), readOnly: true });
  form.name.value ||= localStorage.getItem("player") ?? "guest";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem("player", form.name.value);
  // Nothing of a game before is told of this one, and no key moves in it: who waits would leave the queue by that.
  game = null;
  clearInterval(ticking);
  $("#clock").textContent = "";
  delete document.documentElement.dataset.step;
  delete $("#told").dataset.end;
  for (const button of document.querySelectorAll("#pad button")) button.disabled = true;
  write({ game: form.game.value, opponent: form.opponent.value });
  const size = form.size.value ? { width: Number(form.size.value), height: Number(form.size.value) } : {};
  open({ type: "play", game: form.game.value, size, opponent: form.opponent.value, name: form.name.value, rated: form.rated.checked, bot_after: mayMake ? null : 20, request_id: crypto.randomUUID?.() ?? `${Date.now()}` });
});

function open(first) {
  const before = socket;
  socket = null;
  before?.close();
  settle();
  $("#told").textContent = t("play.joining");
  const mine = (socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/play`));
  mine.onopen = () => mine.send(JSON.stringify(first));
  let [heard, refused] = [false, false];
  mine.onmessage = (event) => {
    const news = JSON.parse(event.data);
    heard = true;
    refused ||= news.type === "problem";
    if (socket === mine) take(news, first);
  };
  mine.onclose = (event) => {
    if (socket !== mine) return;
    if (!game) $("#waiting").hidden = true;
    if (event.reason) explain(new Error(event.reason));
    else if (!game && !refused) explain(new Error(t(heard ? "play.lost-queue" : "play.refused")));
    if (!game || game.over || event.reason) return;
    // The seat is kept at Game: it is taken again by its token.
    $("#told").textContent = t("play.lost-connection");
    setTimeout(() => socket === mine && open({ type: "return", seat_token: game.joined.seat_token, game_address: game.joined.game_address }), pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  };
}

function take(news, first) {
  if (news.type === "queued") queued(news);
  else if (news.type === "joined") joined(news, first);
  else if (news.type === "turn") turn(news);
  else if (news.type === "finished") finished(news);
  else if (news.type === "problem") problem(news);
}

function queued({ rating, window: reach, tickets_waiting: waiting, since_time: since }) {
  $("#waiting").hidden = false;
  $("#field").hidden = true;
  const tell = () => ($("#waiting-text").textContent = t("play.waiting.text", { rating: number(rating), window: number(reach), waiting, seconds: Math.max(0, Math.round((Date.now() - new Date(since)) / 1000)) }));
  tell();
  $("#leave").focus();
}

$("#leave").addEventListener("click", () => {
  socket?.send(JSON.stringify({ type: "leave" }));
  socket = null;
  $("#waiting").hidden = true;
  put($("#problem"), h("p.notice", {}, t("play.left")));
});

function joined(news, first) {
  const same = game?.joined.game_id === news.game_id && game;
  game = same || { explorer: new Explorer(news.spec, news.seat), moved: 0, over: false };
  game.joined = news;
  pause = FIRST_PAUSE;
  $("#waiting").hidden = true;
  $("#field").hidden = false;
  $("#after").hidden = true;
  put($("#field-title"), `${news.spec.game}: ${news.participants.join(" – ")}`);
  put($("#seats"), news.participants.map((name, seat) => h("li", {}, seatSign(seat), name, seat === news.seat && h("span.soft", {}, `(${t("play.you")})`))));
  board.canvas.tabIndex = 0;
  if (first.type === "play") $("#field").scrollIntoView({ block: "nearest" });
}

function turn(news) {
  const { explorer, joined: at } = game;
  if (game.turn?.step !== news.step) {
    const observation = bytes(news.observation);
    board.show(explorer.look(observation, game.turn ? game.moved : 0, news.step));
    sense(explorer.target(observation));
  }
  game.turn = news;
  game.sent = false;
  document.documentElement.dataset.step = news.step;
  $("#told").textContent = t("play.turn", { step: news.step + 1, limit: at.spec.step_limit });
  for (const button of document.querySelectorAll("#pad button")) button.disabled = !news.action_mask[Number(button.dataset.action)];
  clearInterval(ticking);
  const deadline = new Date(news.deadline_time);
  const tick = () => ($("#clock").textContent = `${Math.max(0, Math.round((deadline - Date.now()) / 1000))} s`);
  tick();
  ticking = setInterval(tick, 1000);
  board.tell(at.participants);
}

/** Where the target lies, in words: what a policy's compass tells. */
function sense({ east, south }) {
  const where = [south && `${Math.abs(south)} ${t(`board.${south > 0 ? "south" : "north"}`)}`, east && `${Math.abs(east)} ${t(`board.${east > 0 ? "east" : "west"}`)}`].filter(Boolean).join(", ");
  $("#sense").textContent = t("play.goal", { where: where || t("play.here") });
}

function act(action) {
  if (!game?.turn || game.over || game.sent) return;
  if (!game.turn.action_mask[action]) {
    $("#told").textContent = t("play.blocked", { side: actionName(action) });
    return;
  }
  game.moved = action;
  game.sent = true;
  $("#told").textContent = t("play.sent", { step: game.turn.step + 1 });
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "act", step: game.turn.step, action }));
}

function finished({ scores, steps }) {
  clearInterval(ticking);
  game.over = true;
  const mine = scores[game.joined.seat];
  const alone = scores.length === 1;
  const key = alone ? (mine === 1 ? "solved" : "unsolved") : mine === 1 ? "won" : mine === 0 ? "lost" : "drawn";
  $("#told").textContent = t(`play.${key}`, { steps });
  $("#told").dataset.end = key;
  $("#clock").textContent = t("live.ended");
  $("#watch").href = deep`/console/recordings/${game.joined.game_id}?seat=${game.joined.seat}`;
  $("#watch").hidden = false;
  $("#after").hidden = false;
  $("#again").focus();
}

function problem(news) {
  const nobody = news.status === 504 && !game;
  $("#waiting").hidden = true;
  if (!game) $("#field").hidden = true; // it shows a game before, if any
  if (game && !game.over && GONE.includes(news.status)) {
    clearInterval(ticking);
    game.over = true;
    $("#told").textContent = "";
    $("#watch").hidden = true;
    $("#after").hidden = false;
  }
  explain(Object.assign(new Error(nobody ? t("play.nobody-came") : news.detail), { hint: "" }));
}

addEventListener("keydown", (event) => {
  const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  const pressing = event.key === " " && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName);
  if (action === undefined || !game || game.over || typing || pressing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(action);
});
$("#pad").addEventListener("click", (event) => event.target.dataset.action && act(Number(event.target.dataset.action)));
$("#again").addEventListener("click", () => form.requestSubmit());

// A swipe on the board is a move, a tap waits.
let touched = null;
board.canvas.addEventListener("pointerdown", (event) => (touched = [event.clientX, event.clientY]));
board.canvas.addEventListener("pointerup", (event) => {
  if (!touched) return;
  const [dx, dy] = [event.clientX - touched[0], event.clientY - touched[1]];
  touched = null;
  if (Math.max(Math.abs(dx), Math.abs(dy)) < 12) return;
  act(Math.abs(dx) > Math.abs(dy) ? (dx > 0 ? 2 : 4) : dy > 0 ? 3 : 1);
});

begin(load);
