// A maze on a canvas: walls, who stands where, what lies where, and what a seat has seen.
// Everything has a shape of its own besides its colour, and `describe` says it in words.

import { colour, fit, h, themed } from "./dom.js";
import { MOVES } from "./views.js";
import { t } from "./words.js";

const [NORTH, EAST, SOUTH, WEST] = [1, 2, 4, 8];
const SHAPES = ["circle", "square", "triangle", "diamond", "pentagon", "star", "cross", "hexagon"];
const THINGS = { collect: "gem", "coop-keys": "key", ctf: "flag" };

/** How a game's items are called: "gem", "key", "flag". */
const thingOf = (game) => THINGS[(game ?? "").split(/[@/ ]/)[0]] ?? "gem";

const GOAL_OF = (game) => ((game ?? "").startsWith("ctf") ? "base" : "exit");

export class Board {
  /** `label` names the board for those who cannot see it. */
  constructor(place, label = "") {
    this.canvas = h("canvas", { role: "img", "aria-label": label, "data-testid": "board", width: 300, height: 300 });
    this.label = label;
    place.append(this.canvas);
    this.frame = null;
    this.trails = [];
    this.queued = false;
    themed(this.canvas, () => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  /** Shows a frame: { game, width, height, passages, positions, goals, items, step }, and of a seat's view `seen`, `known`. */
  show(frame) {
    // A map that moves with its player has no trails.
    const anew = frame.walls || !this.frame || frame.passages !== this.frame.passages || frame.step < this.frame.step;
    if (anew) this.trails = frame.positions.map(() => []);
    frame.positions.forEach((cell, seat) => {
      const trail = (this.trails[seat] ??= []);
      if (cell >= 0 && trail.at(-1) !== cell) trail.push(cell);
      if (trail.length > 12) trail.shift();
    });
    this.frame = frame;
    this.canvas.dataset.seq = frame.step;
    this.redraw();
  }

  redraw() {
    if (this.queued || !this.frame) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.draw();
    });
  }

  draw() {
    const { frame, canvas } = this;
    const width = canvas.clientWidth || 300;
    const cell = width / frame.width;
    canvas.style.aspectRatio = `${frame.width} / ${frame.height}`;
    const context = fit(canvas, width, cell * frame.height);
    const centre = (index) => [(index % frame.width + 0.5) * cell, (Math.floor(index / frame.width) + 0.5) * cell];
    context.fillStyle = colour("--floor");
    context.fillRect(0, 0, width, cell * frame.height);
    this.drawFog(context, cell);
    this.drawWalls(context, cell);
    for (const [index, goal] of frame.goals.entries()) if (goal >= 0) drawGoal(context, ...centre(goal), cell, GOAL_OF(frame.game), index);
    for (const [index, item] of frame.items.entries()) if (item >= 0) drawThing(context, ...centre(item), cell, thingOf(frame.game), index);
    frame.positions.forEach((at, seat) => {
      if (at < 0) return;
      this.drawTrail(context, this.trails[seat] ?? [], centre, cell, seat);
    });
    const together = new Map();
    frame.positions.forEach((at, seat) => {
      if (at < 0) return;
      const before = together.get(at) ?? 0;
      together.set(at, before + 1);
      const [x, y] = centre(at);
      drawSeat(context, x + before * cell * 0.16, y - before * cell * 0.12, cell * 0.34, seat);
      if (frame.odds && frame.odds.seat === seat) drawOdds(context, x, y, cell, frame.odds.probabilities);
    });
  }

  drawFog(context, cell) {
    const { seen, known, width, height } = this.frame;
    if (!seen && !known) return;
    const pattern = hatch(context);
    for (let index = 0; index < width * height; index++) {
      if (seen?.has(index)) continue;
      const [x, y] = [(index % width) * cell, Math.floor(index / width) * cell];
      context.globalAlpha = known?.has(index) ? 0.45 : 1;
      context.fillStyle = colour("--fog");
      context.fillRect(x, y, cell + 0.5, cell + 0.5);
      if (!known?.has(index)) {
        context.fillStyle = pattern;
        context.fillRect(x, y, cell + 0.5, cell + 0.5);
      }
      context.globalAlpha = 1;
    }
  }

  drawWalls(context, cell) {
    const { passages, width, height, known, walls } = this.frame;
    context.strokeStyle = colour("--wall");
    context.lineWidth = Math.max(1.5, cell * 0.09);
    context.lineCap = "round";
    context.beginPath();
    const line = (x, y, toX, toY) => {
      context.moveTo(x * cell, y * cell);
      context.lineTo(toX * cell, toY * cell);
    };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const index = y * width + x;
        if (walls) {
          // Only what has been seen: a wall is known, a passage is known, or neither.
          if (walls.east[index] === 1) line(x + 1, y, x + 1, y + 1);
          if (walls.south[index] === 1) line(x, y + 1, x + 1, y + 1);
          if (walls.west[index] === 1) line(x, y, x, y + 1);
          if (walls.north[index] === 1) line(x, y, x + 1, y);
          continue;
        }
        if (known && !known.has(index)) continue;
        const open = passages[index];
        if (!(open & EAST)) line(x + 1, y, x + 1, y + 1);
        if (!(open & SOUTH)) line(x, y + 1, x + 1, y + 1);
        if (!(open & WEST)) line(x, y, x, y + 1);
        if (!(open & NORTH)) line(x, y, x + 1, y);
      }
    }
    context.stroke();
    if (!walls) context.strokeRect(0, 0, width * cell, height * cell);
  }

  drawTrail(context, trail, centre, cell, seat) {
    if (trail.length < 2) return;
    context.strokeStyle = colour(`--seat-${seat % 8}`);
    context.globalAlpha = 0.35;
    context.lineWidth = cell * 0.12;
    context.lineJoin = "round";
    context.beginPath();
    trail.forEach((index, number) => context[number ? "lineTo" : "moveTo"](...centre(index)));
    context.stroke();
    context.globalAlpha = 1;
  }

  /** The frame in words: who stands where, where the goal is, what lies around. Rows and columns count from 1. */
  describe(names = []) {
    const { frame } = this;
    if (!frame) return "";
    const place = (index) => t("board.place", { row: Math.floor(index / frame.width) + 1, column: (index % frame.width) + 1 });
    const seats = frame.positions.map((at, seat) => at < 0 ? "" : t("board.stands", { who: names[seat] || t("board.seat", { seat: seat + 1 }), place: place(at) }));
    const goals = frame.goals.filter((at) => at >= 0).map((at) => t(`board.${GOAL_OF(frame.game)}.at`, { place: place(at) }));
    const items = frame.items.filter((at) => at >= 0);
    const things = items.length ? [t("board.things", { count: items.length, thing: t(`board.${thingOf(frame.game)}`), places: items.slice(0, 8).map(place).join("; ") })] : [];
    return [t("board.size", { width: frame.width, height: frame.height, step: frame.step }), ...seats.filter(Boolean), ...goals, ...things].join(" ");
  }

  /** Puts the words into the canvas's label; asked for now and then, never ten times a second. */
  tell(names) {
    this.canvas.setAttribute("aria-label", `${this.label} ${this.describe(names)}`.trim());
  }
}

function hatch(context) {
  const tile = h("canvas", { width: 6, height: 6 });
  const drawn = tile.getContext("2d");
  drawn.strokeStyle = colour("--edge");
  drawn.globalAlpha = 0.35;
  drawn.beginPath();
  drawn.moveTo(0, 6);
  drawn.lineTo(6, 0);
  drawn.stroke();
  return context.createPattern(tile, "repeat");
}

/** The sign of a seat: a shape with its number in it. */
function drawSeat(context, x, y, radius, seat) {
  const shape = SHAPES[seat % 8];
  context.fillStyle = colour(`--seat-${seat % 8}`);
  context.strokeStyle = colour("--floor");
  context.lineWidth = Math.max(1, radius * 0.12);
  context.beginPath();
  if (shape === "circle") context.arc(x, y, radius, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - radius * 0.85, y - radius * 0.85, radius * 1.7, radius * 1.7);
  else {
    const [points, inner, turn] = { triangle: [3, 1, 0], diamond: [4, 1, 0], pentagon: [5, 1, 0], star: [5, 0.55, 0], cross: [4, 0.5, Math.PI / 4], hexagon: [6, 1, 0] }[shape];
    const corners = inner === 1 ? points : points * 2;
    for (let corner = 0; corner < corners; corner++) {
      const angle = turn - Math.PI / 2 + (corner * 2 * Math.PI) / corners;
      const far = radius * 1.08 * (inner !== 1 && corner % 2 ? inner : 1);
      context.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
    }
    context.closePath();
  }
  context.fill();
  context.stroke();
  if (radius < 6) return;
  context.fillStyle = colour("--floor");
  context.font = `700 ${Math.round(radius * 0.95)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(seat + 1), x, y + radius * (shape === "triangle" ? 0.2 : 0.06));
}

/** The sign of a seat as an element, for lists beside a board. */
export function seatSign(seat) {
  const canvas = h("canvas", { width: 36, height: 36, "aria-hidden": "true" });
  const redraw = () => {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, 36, 36);
    drawSeat(context, 18, 18, 14, seat);
  };
  redraw();
  return themed(canvas, redraw);
}

function drawGoal(context, x, y, cell, kind, index) {
  const size = cell * 0.36;
  context.lineWidth = Math.max(1.5, cell * 0.07);
  context.strokeStyle = colour(kind === "base" ? `--seat-${index}` : "--good");
  if (kind === "base") {
    context.strokeRect(x - size, y - size, 2 * size, 2 * size);
    return;
  }
  // A door: a frame with a threshold and a knob.
  context.strokeRect(x - size * 0.7, y - size, size * 1.4, size * 2);
  context.fillStyle = context.strokeStyle;
  context.globalAlpha = 0.25;
  context.fillRect(x - size * 0.7, y - size, size * 1.4, size * 2);
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(x + size * 0.35, y, Math.max(1, size * 0.14), 0, 2 * Math.PI);
  context.fill();
}

function drawThing(context, x, y, cell, kind, index) {
  const size = cell * 0.24;
  context.lineWidth = Math.max(1.5, cell * 0.06);
  const ink = colour(kind === "flag" ? `--seat-${index}` : "--warn");
  context.strokeStyle = context.fillStyle = ink;
  context.beginPath();
  if (kind === "key") {
    context.arc(x - size * 0.5, y, size * 0.5, 0, 2 * Math.PI);
    context.moveTo(x, y);
    context.lineTo(x + size * 1.1, y);
    context.lineTo(x + size * 1.1, y + size * 0.5);
    context.moveTo(x + size * 0.6, y);
    context.lineTo(x + size * 0.6, y + size * 0.4);
    context.stroke();
  } else if (kind === "flag") {
    context.moveTo(x - size * 0.6, y + size * 1.3);
    context.lineTo(x - size * 0.6, y - size * 1.2);
    context.lineTo(x + size, y - size * 0.6);
    context.lineTo(x - size * 0.6, y);
    context.stroke();
    context.fill();
  } else {
    context.moveTo(x, y - size);
    context.lineTo(x + size, y);
    context.lineTo(x, y + size);
    context.lineTo(x - size, y);
    context.closePath();
    context.fill();
  }
}

/** How likely each move is: an arrow to each side, as long as it is likely. */
function drawOdds(context, x, y, cell, probabilities) {
  context.strokeStyle = context.fillStyle = colour("--text");
  context.lineWidth = Math.max(1.5, cell * 0.08);
  MOVES.forEach(([dx, dy], action) => {
    const share = probabilities[action] ?? 0;
    if (share < 0.02 || !action) return;
    const [from, to] = [cell * 0.38, cell * (0.38 + 0.6 * share)];
    context.beginPath();
    context.moveTo(x + dx * from, y + dy * from);
    context.lineTo(x + dx * to, y + dy * to);
    context.stroke();
    context.beginPath();
    context.arc(x + dx * to, y + dy * to, Math.max(1.5, cell * 0.07), 0, 2 * Math.PI);
    context.fill();
  });
}
