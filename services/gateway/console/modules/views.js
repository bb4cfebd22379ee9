// What a seat sees, read from its observation: a window around it, plane by plane, and what it has shown so far.

/** Bytes of base64. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** The parts of an observation by name: views of its bytes. */
export function parts(spec, observation) {
  return Object.fromEntries(spec.layout.map(({ name, offset, shape }) => [name, observation.subarray(offset, offset + shape.reduce((product, side) => product * side, 1))]));
}

/** Cells of the maze that a seat at `cell` sees, as a set of numbers. */
export function seenCells(spec, cell, observation) {
  const [margin, fields] = [spec.view >> 1, parts(spec, observation)];
  const [row, column] = [Math.floor(cell / spec.width), cell % spec.width];
  const seen = new Set();
  for (let index = 0; index < spec.view ** 2; index++) {
    const [y, x] = [row + Math.floor(index / spec.view) - margin, column + (index % spec.view) - margin];
    if (y < 0 || x < 0 || y >= spec.height || x >= spec.width || (fields.seen && !fields.seen[index])) continue;
    seen.add(y * spec.width + x);
  }
  return seen;
}

/** Columns and rows that each action goes: stay, north, east, south, west. */
export const MOVES = [[0, 0], [0, -1], [1, 0], [0, 1], [-1, 0]];
const GOALS = ["exit"];
const ITEMS = ["gems", "keys", "own_flag", "enemy_flag"];

/** Draws a map from window after window, without being told where it is: from what a move has shifted. */
export class Explorer {
  constructor(spec, seat) {
    Object.assign(this, { spec, seat, x: 0, y: 0, cells: new Map(), goals: new Set(), before: null });
    this.side = Math.max(spec.view + 2, Math.min(2 * Math.max(spec.width, spec.height) - 1, 15)) | 1;
  }

  /** Takes in what is seen after an action (0 at first); returns a frame for a board, the seat in its middle. */
  look(observation, action, step) {
    const now = parts(this.spec, observation);
    if (this.before && action && this.fits(now, MOVES[action]) > this.fits(now, MOVES[0])) {
      this.x += MOVES[action][0];
      this.y += MOVES[action][1];
    }
    this.before = now;
    this.remember(now);
    return this.frame(now, step);
  }

  /** How well the present window fits the one before, had the seat moved so: more is better. */
  fits(now, [dx, dy]) {
    const { view } = this.spec;
    const middle = (view * view) >> 1;
    let same = 0;
    for (let y = 0; y < view; y++) {
      for (let x = 0; x < view; x++) {
        const [fromX, fromY] = [x + dx, y + dy];
        if (fromX < 0 || fromY < 0 || fromX >= view || fromY >= view) continue;
        const [at, from] = [y * view + x, fromY * view + fromX];
        if (now.seen && !(now.seen[at] && this.before.seen[from])) continue;
        same += now.passage_east[at] === this.before.passage_east[from] ? 1 : -2;
        same += now.passage_south[at] === this.before.passage_south[from] ? 1 : -2;
        const visits = at === middle ? Math.min(255, this.before.visited[from] + 64) : this.before.visited[from];
        same += now.visited[at] === visits ? 1 : -2;
      }
    }
    return same;
  }

  remember(now) {
    const { view } = this.spec;
    const margin = view >> 1;
    const cell = (x, y) => {
      const key = `${this.x + x - margin},${this.y + y - margin}`;
      if (!this.cells.has(key)) this.cells.set(key, { east: null, south: null, west: null, north: null });
      return [this.cells.get(key), key];
    };
    for (let y = 0; y < view; y++) {
      for (let x = 0; x < view; x++) {
        const at = y * view + x;
        if (now.seen && !now.seen[at]) continue;
        const [one, key] = cell(x, y);
        one.east = now.passage_east[at] > 0;
        one.south = now.passage_south[at] > 0;
        one.west = x ? now.passage_east[at - 1] > 0 : now.west_edge[y] > 0;
        one.north = y ? now.passage_south[at - view] > 0 : now.north_edge[x] > 0;
        for (const name of GOALS) if (now[name]?.[at]) this.goals.add(key);
      }
    }
  }

  frame(now, step) {
    const { side, spec } = this;
    const half = side >> 1;
    const walls = { east: [], south: [], west: [], north: [] };
    const [known, seen] = [new Set(), new Set()];
    for (let index = 0; index < side * side; index++) {
      const [x, y] = [this.x + (index % side) - half, this.y + Math.floor(index / side) - half];
      const cell = this.cells.get(`${x},${y}`);
      // A cell of the maze has at least one way out; what has none is beyond its walls.
      if (!cell || !(cell.east || cell.south || cell.west || cell.north)) continue;
      known.add(index);
      for (const way of Object.keys(walls)) walls[way][index] = cell[way] ? 0 : 1;
      if (this.inWindow(index % side - half, Math.floor(index / side) - half, now)) seen.add(index);
    }
    const middle = half * side + half;
    const positions = Array(spec.seats).fill(-1);
    positions[this.seat] = middle;
    const others = this.where(now, "players").concat(this.where(now, "evader")).filter((at, index, all) => all.indexOf(at) === index);
    let seat = this.seat;
    for (const at of others.slice(0, spec.seats - 1)) positions[(seat = (seat + 1) % spec.seats)] = at;
    const goals = [...this.goals].map((key) => {
      const [x, y] = key.split(",").map((text, index) => Number(text) - (index ? this.y : this.x) + half);
      return x >= 0 && y >= 0 && x < side && y < side ? y * side + x : -1;
    });
    const items = ITEMS.flatMap((name) => this.where(now, name));
    return { game: spec.game, width: side, height: side, walls, passages: this, positions, goals, items, known, seen, step };
  }

  inWindow(dx, dy, now) {
    const margin = this.spec.view >> 1;
    if (Math.abs(dx) > margin || Math.abs(dy) > margin) return false;
    return !now.seen || now.seen[(dy + margin) * this.spec.view + dx + margin] > 0;
  }

  /** Where in the frame a plane of the window is set. */
  where(now, name) {
    const { view } = this.spec;
    const shift = (this.side >> 1) - (view >> 1);
    return Array.from(now[name] ?? []).flatMap((value, at) => (value ? [(Math.floor(at / view) + shift) * this.side + (at % view) + shift] : []));
  }

  /** How far the target is, in cells: { east, south }, as the compass tells. */
  target(observation) {
    const [east, west, south, north] = parts(this.spec, observation).compass;
    const cells = (value) => Math.round((value * (Math.max(this.spec.width, this.spec.height) - 1)) / 255);
    return { east: cells(east) - cells(west), south: cells(south) - cells(north) };
  }
}
