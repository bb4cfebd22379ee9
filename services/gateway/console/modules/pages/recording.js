// A finished game with a scrubber, and what its seats saw and thought.

import { read, write } from "../address.js";
import { Board, seatSign } from "../board.js";
import { Chart } from "../chart.js";
import { $, explain, h, put, settle } from "../dom.js";
import { actionName, drawPlanes, drawThoughts } from "../mind.js";
import { deep, get } from "../rest.js";
import { bytes, seenCells } from "../views.js";
import { t } from "../words.js";

const gameId = decodeURIComponent(location.pathname.replace(/^.*?\/recordings\//, ""));
const board = new Board($("#board"), t("recording.title"));
const scrub = $("#scrub");
const [seat, policy, fog] = [$("#seat"), $("#policy"), $("#fog")];
let told = null;
let thoughts = null;
let at = 0;
let running = 0;
let asked = 0; // thoughts: an answer that comes late is not shown for another seat

const chart = new Chart($("#values"), { title: t("recording.values"), name: "values", x: { title: t("recording.step") }, y: { title: t("live.value") }, log: false });

function show(step) {
  at = Math.min(Math.max(step, 0), told.frames.length - 1);
  scrub.value = at;
  $("#at").textContent = `${at} / ${told.frames.length - 1}`;
  const moment = told.frames[at];
  const held = Number(seat.value || 0);
  const frame = { ...moment, game: told.spec.game, width: told.spec.width, height: told.spec.height, passages: told.passages };
  const seen = thoughts && at < thoughts.seen.length;
  if (fog.checked && seen) {
    frame.seen = seenCells(told.spec, moment.positions[held], thoughts.seen[at]);
    frame.known = new Set();
    for (let before = 0; before <= at; before++) for (const cell of seenCells(told.spec, told.frames[before].positions[held], thoughts.seen[before])) frame.known.add(cell);
  }
  if (seen) frame.odds = { seat: held, probabilities: thoughts.probabilities[at] };
  board.show(frame);
  if (seen) {
    drawThoughts($("#thoughts"), { probabilities: thoughts.probabilities[at], value: thoughts.values[at], taken: told.frames[at + 1]?.actions[held] ?? -1, policy: thoughts.policy });
    drawPlanes($("#planes"), told.spec, thoughts.seen[at]);
    chart.point(at);
  }
  if (running) return;
  write({ step: at || "" });
  tellWords();
}

/** The picture in words, while it stands still: ten times a second nobody could hear them. */
function tellWords() {
  board.tell(told.participants);
  const actions = told.frames[at].actions.map((action, index) => `${told.participants[index]}: ${actionName(action)}`).join(", ");
  const end = at === told.frames.length - 1 ? ` ${t("live.column.outcome")}: ${told.finished.scores.join(" – ")}` : "";
  $("#words").textContent = `${board.describe(told.participants)} ${actions}${end}`;
}

function stop() {
  clearInterval(running);
  running = 0;
  $("#run").textContent = t("recording.play");
  show(at);
}

function run() {
  if (running) return stop();
  if (at === told.frames.length - 1) at = 0;
  $("#run").textContent = t("recording.pause");
  running = setInterval(() => (at >= told.frames.length - 1 ? stop() : show(at + 1)), 100);
}

async function think() {
  const mine = ++asked;
  write({ seat: seat.value === "0" ? "" : seat.value, policy: policy.value });
  thoughts = null;
  chart.show([]);
  put($("#planes"));
  if (!policy.value && /^(bot|player)\//.test(told.participants[Number(seat.value)])) {
    put($("#thoughts"), h("p.notice", {}, t("live.no-mind")));
    return show(at);
  }
  try {
    const found = await get(deep`/recordings/${gameId}/thoughts`, { seat: seat.value, policy: policy.value });
    if (mine !== asked) return;
    const size = told.spec.observation_size;
    const all = bytes(found.observations);
    thoughts = { ...found, seen: found.values.map((_, step) => all.subarray(step * size, (step + 1) * size)) };
    chart.show([{ name: found.policy, x: found.values.map((_, step) => step), y: found.values }]);
    show(at);
  } catch (error) {
    if (mine !== asked) return;
    put($("#thoughts"), h("p.notice", {}, error.status === 400 ? t("live.no-mind") : error.message));
    show(at);
  }
}

async function begin() {
  try {
    told = await get(deep`/recordings/${gameId}/frames`);
  } catch (error) {
    return explain(error, error.status === 404 ? null : begin);
  }
  settle();
  told.passages = bytes(told.passages);
  document.title = `${told.participants.join(" – ")} · mazemesh`;
  put($("#board-title"), `${told.spec.game}: ${told.participants.join(" – ")}`);
  $("#board").append(h("ul.seats", {}, told.participants.map((name, index) => h("li", {}, seatSign(index), name, h("span.soft", {}, String(told.finished.scores[index] ?? ""))))));
  seat.replaceChildren(...told.participants.map((name, index) => new Option(`${index + 1}: ${name}`, index)));
  const asked = told.participants.findIndex((name) => !name.startsWith("bot/") && !name.startsWith("player/"));
  seat.value = read("seat", String(Math.max(asked, 0)));
  policy.value = read("policy");
  fog.checked = read("fog") === "1";
  scrub.max = told.frames.length - 1;
  document.documentElement.dataset.ready = "1";
  show(Number(read("step", "0")));
  think();
}

scrub.addEventListener("input", () => show(Number(scrub.value)));
$("#back").addEventListener("click", () => show(at - 1));
$("#on").addEventListener("click", () => show(at + 1));
$("#run").addEventListener("click", run);
seat.addEventListener("change", think);
policy.addEventListener("change", think);
fog.addEventListener("change", () => {
  write({ fog: fog.checked });
  show(at);
});
begin();
