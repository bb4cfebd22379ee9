"""Coop-keys, in plain Python; see `mazemesh.games.mazes.rules.coop_keys`."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.reference import bots
from mazemesh.games.mazes.reference.maze import Cell, Draws, distances
from mazemesh.games.mazes.reference.play import ReferenceGame


class ReferenceCoopKeys(ReferenceGame):
    """One episode of coop-keys."""

    def _lay_out(self, draws: Draws) -> list[Cell]:
        starts = super()._lay_out(draws)
        self.keys = self.game.items(self.settings)
        self.gone: set[int] = set()
        self._scatter(starts, self.keys, draws)
        return starts

    def _way(self, cell: Cell) -> int:
        goal = self._nearest_item(cell) if self.items else self.exit
        return distances(self.maze, cell)[goal]

    def _act(self, seat: int, action: int) -> int:
        return 0 if seat in self.gone else super()._act(seat, action)

    def _good_actions(self, seat: int) -> list[int]:
        me = self.position[seat]
        ways = {cell: self._way(cell) for cell in (me, *self.maze[me])}
        return bots.downhill(self.maze, me, ways)

    def _hinder(self, one: int, other: int) -> bool:
        return not {one, other} & self.gone or one == other

    def action_mask(self, seat: int) -> list[int]:
        """Return which actions are legal: only to stay for one who has left."""
        return [1, 0, 0, 0, 0] if seat in self.gone else super().action_mask(seat)

    def _target(self, seat: int) -> Cell:
        return self._nearest_item(self.position[seat]) if self.items else self.exit

    def _planes(self, seat: int) -> list[set[Cell]]:
        present = {self.position[other] for other in self.seats if other not in {seat, *self.gone}}
        return [present, {self.exit}, self.items]

    def _vectors(self, seat: int) -> list[int]:
        return [len(self.items) * 255 // self.keys]

    def _settle(self) -> None:
        events = 0
        for seat in self.seats:
            if self.position[seat] in self.items:
                self.items.remove(self.position[seat])
                self.tally[seat] += 1
                events += 1
        if not self.items:
            leaving = {seat for seat in self.seats if self.position[seat] == self.exit}
            events += len(leaving - self.gone)
            self.gone |= leaving
        n = len(self.seats)
        self.terminated = len(self.gone) == n
        self.truncated = not self.terminated and self.steps == self.settings.steps
        reward = np.float32(events / (self.keys + n) - 1.0 / self.settings.steps)
        self.reward = [reward for _ in self.seats]
        self.score = [np.float32(self.terminated) for _ in self.seats]

    def _potentials(self) -> list[float]:
        return [-self._way(cell) / self.eccentricity for cell in self.position]

    def _shape(self, before: list[float]) -> None:
        gain = sum(self._terms(before)) / len(self.seats)
        for seat in self.seats:
            self._add(seat, gain)
