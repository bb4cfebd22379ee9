"""One game of solo or race, step by step."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from mazemesh.games.game import Game
from mazemesh.games.random import BOT, TICKET, bounded, philox
from mazemesh.games.reference import bots
from mazemesh.games.reference.maze import (
    STEPS,
    Cell,
    Draws,
    distances,
    draw_maze,
    draw_starts,
)
from mazemesh.games.reference.observe import observe
from mazemesh.games.settings import GameSettings


class ReferenceGame:
    """One episode, in plain Python; attributes are named as in `BatchEngine`."""

    def __init__(
        self,
        game: Game,
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
        starts = draw_starts(self.distance, len(self.seats), draws)
        self.position: list[Cell] = [starts[self._place(seat)] for seat in self.seats]
        self.visits = [{cell: 1} for cell in self.position]
        self.heading = [0 for _ in self.seats]
        self.steps = 0
        self.active = True
        self.terminated = self.truncated = False
        self.taken = [0 for _ in self.seats]
        self.reward = [np.float32(0) for _ in self.seats]
        self.score = [np.float32(0) for _ in self.seats]
        self.episode_return = [np.float32(0) for _ in self.seats]

    def _place(self, seat: int) -> int:
        return (seat + self.rotation) % len(self.seats)

    def observation(self, seat: int) -> bytes:
        """Return what a seat sees."""
        others = [self.position[other] for other in self.seats if other != seat]
        return observe(
            self.settings,
            self.maze,
            self.exit,
            self.position[seat],
            others,
            self.visits[seat],
            self.steps,
            self.heading[seat],
        )

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
        before = [self._potential(seat) for seat in self.seats]
        self._move()
        self.steps += 1
        self._settle()
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
            return bots.choose(player, self.maze, self.distance, me, heading, draw)
        return action if bots.step(me, action) in self.maze[me] else 0

    def _draw(self, stream: int) -> tuple[int, int, int, int]:
        return philox(self.seed, (self.game_id, self.episode, self.steps, stream))

    def _move(self) -> None:
        wanted = [bots.step(self.position[seat], self.taken[seat]) for seat in self.seats]
        movers = {seat for seat in self.seats if self.taken[seat]}
        for cell in set(wanted):
            rivals = [seat for seat in movers if wanted[seat] == cell]
            if len(rivals) > 1:
                movers -= set(sorted(rivals, key=self._ticket)[:-1])
        while True:
            standing = {self.position[seat] for seat in self.seats if seat not in movers}
            held = {seat for seat in movers if wanted[seat] in standing}
            if not held:
                break
            movers -= held
        for seat in self.seats:
            if seat in movers:
                self.position[seat] = wanted[seat]
                self.heading[seat] = self.taken[seat]
            cell = self.position[seat]
            self.visits[seat][cell] = self.visits[seat].get(cell, 0) + 1

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

    def _potential(self, seat: int) -> float:
        return -self.distance[self.position[seat]] / max(self.distance.values())

    def _shape(self, before: list[float]) -> None:
        settings = self.settings
        if not settings.shaping:
            return
        after = [0.0 if self.terminated else self._potential(seat) for seat in self.seats]
        terms = [
            settings.shaping * (settings.shaping_discount * after[seat] - before[seat])
            for seat in self.seats
        ]
        for seat in self.seats:
            others = [terms[other] for other in self.seats if other != seat]
            term = terms[seat] - (sum(others) / len(others) if others else 0.0)
            self.reward[seat] = np.float32(float(self.reward[seat]) + term)

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
        return int.from_bytes(digest.digest(), "little")
