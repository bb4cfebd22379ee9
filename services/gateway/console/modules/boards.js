// Several boards that show what is played: matches first, then training games, then the latest recordings once more.

import { Board, seatSign } from "./board.js";
import { empty, h, put } from "./dom.js";
import { deep, get } from "./rest.js";
import { follow } from "./socket.js";
import { bytes } from "./views.js";
import { t } from "./words.js";

const PACE = 100; // milliseconds a move
const REST = 1500; // after a game's end, so that it can be seen
const TELL = 2000; // between two descriptions in words

/** Whether somebody of a game is the player that is followed: a version, or any version of a name. */
export const isOf = (participants, player) => !player || participants.some((one) => one === player || one.startsWith(`${player}:`));

/** The session of a training game: what its games' ids begin with. */
export const sessionOf = (one) => one.game_id.replace(/\/\d+$/, "");

/** One board and the game that it shows now. */
class Slot {
  constructor(place, boards) {
    this.boards = boards;
    this.figure = h("figure.board", { "data-testid": "slot" });
    this.board = new Board(this.figure, t("live.title"));
    this.caption = h("figcaption");
    this.figure.append(this.caption);
    place.append(this.figure);
    this.source = null;
    this.paused = false;
  }

  /** Shows a source: { kind, id, game, participants }. */
  show(source) {
    this.leave();
    Object.assign(this, { source, episode: null, ended: false });
    this.figure.dataset.kind = source.kind;
    this.figure.dataset.game = source.id;
    this.step = h("span.badge", {}, t("live.step", { step: 0 }));
    this.drawCaption();
    this.words = setInterval(() => this.board.tell(this.source?.participants ?? []), TELL);
    if (source.kind === "recording") this.playBack();
    else this.stop = follow(`games/${source.id}`, (data, kind) => this.take(data, kind));
  }

  drawCaption() {
    const { kind, id, game, participants } = this.source;
    const names = participants.map((name) => name || t("live.student"));
    const think = h("button", { type: "button", "data-key": `think-${id}`, onclick: () => this.boards.think?.(this.source) }, t("live.think"));
    const open = h("a.button", { href: deep`/console/recordings/${id}` }, t("live.open"));
    put(this.caption, h("div.spread", {}, h("strong", {}, game), h("span.badge", {}, t(`live.${kind}`)), this.step),
      h("ul.seats", {}, names.map((name, seat) => h("li", {}, seatSign(seat), name))),
      h("div.row", {}, kind === "recording" ? open : this.boards.think && think));
  }

  take(data, kind) {
    if (kind === "over" || kind === "refused") return this.end();
    if (kind === "episode") {
      this.episode = { width: data.width, height: data.height, passages: bytes(data.passages) };
      if (data.participants.join() !== this.source.participants.join()) {
        this.source.participants = data.participants;
        this.drawCaption();
      }
    }
    if (kind !== "frame" || !this.episode || this.paused) return;
    this.draw(data);
    if (data.finished && this.source.kind === "match") this.end();
  }

  draw(frame) {
    this.board.show({ ...frame, ...this.episode, game: this.source.game });
    this.step.textContent = frame.finished ? t("live.ended") : t("live.step", { step: frame.step });
  }

  async playBack() {
    const mine = this.source;
    try {
      const told = await get(deep`/recordings/${mine.id}/frames`);
      if (this.source !== mine) return;
      this.episode = { width: told.spec.width, height: told.spec.height, passages: bytes(told.passages) };
      let at = 0;
      this.timer = setInterval(() => {
        if (this.paused || document.hidden) return;
        if (at < told.frames.length) this.draw({ ...told.frames[at], finished: at === told.frames.length - 1 ? told.finished : null });
        else if (at > told.frames.length + REST / PACE) this.boards.release(this);
        at += 1;
      }, PACE);
    } catch {
      this.end();
    }
  }

  end() {
    if (this.ended) return;
    this.ended = true;
    const mine = this.source;
    setTimeout(() => this.source === mine && this.boards.release(this), REST);
  }

  leave() {
    clearInterval(this.timer);
    clearInterval(this.words);
    this.stop?.();
    this.stop = null;
    this.source = null;
  }

  remove() {
    this.leave();
    this.figure.remove();
  }
}

export class Boards {
  /** `most` boards in a place; `source` and `player` narrow what they show; `think` hears of who is to be looked into. */
  constructor(place, { most = 4, source = "", player = "", think = null } = {}) {
    Object.assign(this, { place, most, kind: source, player, think, slots: [], running: [], recordings: [], shown: new Set(), paused: false });
  }

  start() {
    this.stop = follow("games", (running, kind) => {
      if (kind !== "games") return;
      this.running = running;
      this.fill();
    });
  }

  /** Shows something else from now on. */
  set(wanted) {
    Object.assign(this, wanted);
    for (const slot of this.slots.splice(0)) slot.remove();
    this.shown.clear();
    this.fill();
  }

  pause(paused) {
    this.paused = paused;
    for (const slot of this.slots) slot.paused = paused;
  }

  /** What could be shown, the most telling first. */
  candidates() {
    const of = (kind) => this.running.filter((one) => one.kind === kind);
    const matches = of("match").filter((one) => !one.open_seats && isOf(one.participants, this.player)).map((one) => ({ kind: "match", id: one.game_id, game: one.game, participants: one.participants }));
    const training = this.player ? [] : of("training").flatMap((one) => Array.from({ length: Math.min(one.num_games, this.most) }, (_, index) => ({
      kind: "training", id: `${sessionOf(one)}/${index}`, game: one.game, participants: index ? one.participants.map(() => "") : one.participants,
    })));
    const recordings = this.recordings.filter((one) => isOf(one.participants, this.player)).map((one) => ({ kind: "recording", id: one.game_id, game: one.game, participants: one.participants }));
    const found = [...matches, ...training, ...recordings].filter((one) => !this.kind || one.kind === this.kind);
    // A recording that was shown is shown again when there is nothing newer.
    return [...found.filter((one) => !this.shown.has(one.id)), ...found.filter((one) => this.shown.has(one.id))];
  }

  async fill() {
    this.assign();
    if (this.slots.filter((slot) => slot.source).length >= this.most || (this.kind && this.kind !== "recording")) return this.tell();
    if (!this.asking) {
      this.asking = get("/recordings", { page_size: 100 }).catch(() => ({ replays: [] }));
      this.recordings = (await this.asking).replays;
      setTimeout(() => (this.asking = null), 3000);
    } else await this.asking;
    this.assign();
    this.tell();
  }

  assign() {
    const held = () => new Set(this.slots.map((slot) => slot.source?.id));
    for (const one of this.candidates()) {
      if (held().has(one.id)) continue;
      let slot = this.slots.find((each) => !each.source);
      if (!slot && this.slots.length >= this.most) break;
      if (!slot) {
        this.note?.remove();
        slot = new Slot(this.place, this);
        slot.paused = this.paused;
        this.slots.push(slot);
      }
      slot.show(one);
    }
  }

  tell() {
    if (this.slots.some((slot) => slot.source)) return;
    for (const slot of this.slots.splice(0)) slot.remove();
    this.note?.remove();
    this.note = this.player ? empty(t("live.empty.followed", { who: this.player }), "mazemesh leaderboard") : empty(t("live.empty"), "mazemesh up");
    this.place.append(this.note);
  }

  /** A board's game is over: it shows the next one. */
  release(slot) {
    if (slot.source) this.shown.add(slot.source.id);
    slot.leave();
    this.fill();
  }
}
