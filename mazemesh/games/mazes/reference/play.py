"""One game, step by step; solo and race here, the other rules as subclasses."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from mazemesh.games.mazes.played import PlayedGame
from mazemesh.games.mazes.reference import bots
from mazemesh.games.mazes.reference.maze import (
    STEPS,
    Cell,
    Draws,
    distances,
    draw_maze,
    draw_starts,
    take,
)
from mazemesh.games.mazes.reference.observe import observe
from mazemesh.games.mazes.reference.sight import sees
from mazemesh.games.random import BOT, TICKET, bounded, philox
from mazemesh.games.settings import GameSettings


class ReferenceGame:
    """One episode, in plain Python; attributes are named as in `BatchEngine`."""

    def __init__(
        self,
        game: PlayedGame,
        settings: GameSettings,
        *,
        seed: int,
        game_id: int = 0,
        episode: int = 0,
        rotation: int = 0,
        players: list[str | None] | None = None,
    ) -> None:
        """Begin the episode; `players` names the bot of each seat, None is the caller."""
        self.settings = game.resolve(settings)
        self.game = game
        self.seats = range(self.settings.seats)
        self.seed, self.game_id, self.episode, self.rotation = seed, game_id, episode, rotation
        self.players = players or [None for _ in self.seats]
        draws = Draws(seed, game_id, episode)
        self.maze = draw_maze(self.settings, draws)
        self.exit = list(self.maze)[draws.below(len(self.maze))]
        self.distance = distances(self.maze, self.exit)
        self.eccentricity = max(self.distance.values())
        self.items: set[Cell] = set()
        self.tally = [0 for _ in self.seats]
        self.base: Cell = (0, 0)
        starts = self._lay_out(draws)
        self.position: list[Cell] = [starts[self._place(seat)] for seat in self.seats]
        self.moved = [False for _ in self.seats]
        self.before: list[Cell] = self.position
        self.visits = [{cell: 1} for cell in self.position]
        self.heading = [0 for _ in self.seats]
        self._sights: dict[Cell, set[Cell]] = {}
        self.steps = 0
        self.active = True
        self.terminated = self.truncated = False
        self.taken = [0 for _ in self.seats]
        self.reward = [np.float32(0) for _ in self.seats]
        self.score = [np.float32(0) for _ in self.seats]
        self.episode_return = [np.float32(0) for _ in self.seats]

    def _place(self, seat: int) -> int:
        return (seat + self.rotation) % len(self.seats)

    def _lay_out(self, draws: Draws) -> list[Cell]:
        """Put into the maze what belongs there; return the start places."""
        return draw_starts(self.distance, len(self.seats), draws)

    def _scatter(self, starts: list[Cell], count: int, draws: Draws) -> None:
        """Put items on cells that are neither start place nor exit."""
        free = [cell for cell in self.maze if cell != self.exit and cell not in starts]
        self.items |= {take(free, draws) for _ in range(count)}

    @property
    def success(self) -> list[bool]:
        """Whether each seat did what the game is about; valid when the episode has ended."""
        return [score == 1 for score in self.score]

    def observation(self, seat: int) -> bytes:
        """Return what a seat sees."""
        return observe(
            self.settings,
            self.maze,
            self.position[seat],
            self._target(seat),
            self._seen_from(self.position[seat]),
            self.visits[seat],
            self._planes(seat),
            self.steps,
            self.heading[seat],
            self._vectors(seat),
        )

    def _seen_from(self, me: Cell) -> set[Cell]:
        """Return the cells of the window that no wall hides."""
        if me not in self._sights:
            margin = self.settings.view // 2
            self._sights[me] = {
                cell
                for cell in self.maze
                if max(abs(cell[0] - me[0]), abs(cell[1] - me[1])) <= margin
                and (not self.settings.line_of_sight or sees(self.maze, me, cell))
            }
        return self._sights[me]

    def _others(self, seat: int) -> set[Cell]:
        return {self.position[other] for other in self.seats if other != seat}

    def _planes(self, seat: int) -> list[set[Cell]]:
        """Return the cells of the players' plane and of the rule's own."""
        return [self._others(seat), {self.exit}]

    def _vectors(self, seat: int) -> list[int]:
        """Return the bytes of the rule's own vectors."""
        return []

    def _target(self, seat: int) -> Cell:
        """Return where the compass points."""
        return self.exit

    def _nearest_item(self, me: Cell) -> Cell:
        """Return the item with the shortest way, the first by rows of those equally near."""
        way = distances(self.maze, me)
        return min(sorted(self.items), key=lambda cell: way[cell])

    def action_mask(self, seat: int) -> list[int]:
        """Return which actions are legal."""
        me = self.position[seat]
        moves = [int(bots.step(me, action) in self.maze[me]) for action in STEPS]
        return [int(self.game.may_stay), *moves]

    def step(self, actions: list[int]) -> None:
        """Play a step."""
        if not self.active:
            self.reward = self.score = [np.float32(0) for _ in self.seats]
            self.terminated = self.truncated = False
            return
        self.taken = [self._act(seat, actions[seat]) for seat in self.seats]
        before = self._potentials()
        self._move()
        self.steps += 1
        self._settle()
        if self.settings.shaping:
            self._shape(before)
        self.episode_return = [
            np.float32(total + reward)
            for total, reward in zip(self.episode_return, self.reward, strict=True)
        ]
        self.active = not (self.terminated or self.truncated)

    def _act(self, seat: int, action: int) -> int:
        player = self.players[seat]
        me = self.position[seat]
        if player is not None:

            def draw(bound: int) -> int:
                return bounded(self._draw(BOT + self._place(seat))[0], bound)

            heading = self.heading[seat]
            return bots.choose(player, self.maze, me, heading, self._good_actions(seat), draw)
        return action if bots.step(me, action) in self.maze[me] else 0

    def _good_actions(self, seat: int) -> list[int]:
        """Return the actions that shortest-path draws from."""
        return bots.downhill(self.maze, self.position[seat], self.distance)

    def _draw(self, stream: int) -> tuple[int, int, int, int]:
        return philox(self.seed, (self.game_id, self.episode, self.steps, stream))

    def _move(self) -> None:
        wanted = [bots.step(self.position[seat], self.taken[seat]) for seat in self.seats]
        movers = {seat for seat in self.seats if self.taken[seat]}
        for seat in set(movers):
            rivals = [
                other
                for other in self.seats
                if self.taken[other] and wanted[other] == wanted[seat] and self._hinder(seat, other)
            ]
            if seat != max(rivals, key=self._ticket):
                movers.remove(seat)
        while True:
            standing = [seat for seat in self.seats if seat not in movers]
            held = {
                seat
                for seat in movers
                for other in standing
                if wanted[seat] == self.position[other] and self._hinder(seat, other)
            }
            if not held:
                break
            movers -= held
        self.before = self.position.copy()
        self.moved = [seat in movers for seat in self.seats]
        for seat in self.seats:
            if seat in movers:
                self.position[seat] = wanted[seat]
                self.heading[seat] = self.taken[seat]
            cell = self.position[seat]
            self.visits[seat][cell] = self.visits[seat].get(cell, 0) + 1

    def _hinder(self, one: int, other: int) -> bool:
        """Return whether two seats are in each other's way."""
        return True

    def _have_met(self, one: int, other: int) -> bool:
        """Return whether two seats stand on one cell or have passed through each other."""
        now = self.position[one], self.position[other]
        return now[0] == now[1] or (
            self.moved[one] and self.moved[other] and now == (self.before[other], self.before[one])
        )

    def _ticket(self, seat: int) -> tuple[int, int]:
        place = self._place(seat)
        return self._draw(TICKET + place // 4)[place % 4], -place

    def _settle(self) -> None:
        arrived = [seat for seat in self.seats if self.position[seat] == self.exit]
        self.terminated = bool(arrived)
        self.truncated = not arrived and self.steps == self.settings.steps
        n = len(self.seats)
        if n == 1:
            reward = [len(arrived) - 1.0 / self.settings.steps]
            score = [float(len(arrived))]
        elif arrived:
            reward = [1.0 if seat in arrived else -1.0 / (n - 1) for seat in self.seats]
            score = [float(seat in arrived) for seat in self.seats]
        else:
            reward = [0.0] * n
            score = [1.0 / n if self.truncated else 0.0] * n
        self.reward = [np.float32(value) for value in reward]
        self.score = [np.float32(value) for value in score]

    def _potentials(self) -> list[float]:
        """Return the potentials of the seats, or of the sides."""
        return [-self.distance[cell] / self.eccentricity for cell in self.position]

    def _terms(self, before: list[float]) -> list[float]:
        """Return the shaping terms."""
        settings = self.settings
        after = [0.0 for _ in before] if self.terminated else self._potentials()
        return [
            settings.shaping * (settings.shaping_discount * new - old)
            for old, new in zip(before, after, strict=True)
        ]

    def _shape(self, before: list[float]) -> None:
        for seat, gain in enumerate(self._terms(before)):
            self._add(seat, gain)

    def _add(self, seat: int, gain: float) -> None:
        self.reward[seat] = np.float32(float(self.reward[seat]) + gain)

    def state_hash(self) -> int:
        """Return the same hash as `BatchEngine.state_hash`."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(struct.pack("<QII", self.seed, self.game_id, self.episode))
        digest.update(struct.pack("<ii?", self.rotation, self.steps, self.active))
        digest.update(struct.pack("<ii", *self.exit))
        for cell in self.maze:
            bits = (
                1 << (action - 1) for action in STEPS if bots.step(cell, action) in self.maze[cell]
            )
            digest.update(bytes([sum(bits)]))
        for cell in self.position:
            digest.update(struct.pack("<ii", *cell))
        digest.update(bytes(self.heading))
        for visits in self.visits:
            digest.update(bytes(min(4, visits.get(cell, 0)) for cell in self.maze))
        if self.game.has_things:
            digest.update(struct.pack(f"<{len(self.tally)}i", *self.tally))
            digest.update(bytes(255 * (cell in self.items) for cell in self.maze))
            digest.update(struct.pack("<ii", *self.base))
        return int.from_bytes(digest.digest(), "little")
