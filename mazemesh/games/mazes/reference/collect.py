"""Collect, in plain Python; see `mazemesh.games.mazes.rules.collect`."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.reference import bots
from mazemesh.games.mazes.reference.maze import Cell, Draws, distances
from mazemesh.games.mazes.reference.play import ReferenceGame


class ReferenceCollect(ReferenceGame):
    """One episode of collect."""

    def _lay_out(self, draws: Draws) -> list[Cell]:
        starts = super()._lay_out(draws)
        self.gems = self.game.items(self.settings)
        self.items = {self.exit}
        self._scatter(starts, self.gems - 1, draws)
        return starts

    def _way(self, cell: Cell) -> int:
        return distances(self.maze, cell)[self._nearest_item(cell)]

    def _good_actions(self, seat: int) -> list[int]:
        me = self.position[seat]
        ways = {cell: self._way(cell) for cell in (me, *self.maze[me])}
        return bots.downhill(self.maze, me, ways)

    def _target(self, seat: int) -> Cell:
        me = self.position[seat]
        return self._nearest_item(me) if self.items else me

    def _planes(self, seat: int) -> list[set[Cell]]:
        return [self._others(seat), self.items]

    def _vectors(self, seat: int) -> list[int]:
        best = max(self.tally[other] for other in self.seats if other != seat)
        return [self.tally[seat] * 255 // self.gems, best * 255 // self.gems]

    def _settle(self) -> None:
        finders = [seat for seat in self.seats if self.position[seat] in self.items]
        for seat in finders:
            self.items.remove(self.position[seat])
            self.tally[seat] += 1
        rivals = len(self.seats) - 1
        for seat in self.seats:
            own = int(seat in finders)
            self.reward[seat] = np.float32((own - (len(finders) - own) / rivals) / self.gems)
        self.terminated = not self.items
        self.truncated = bool(self.items) and self.steps == self.settings.steps
        first = [seat for seat in self.seats if self.tally[seat] == max(self.tally)]
        over = self.terminated or self.truncated
        self.score = [
            np.float32(1.0 / len(first) if over and seat in first else 0.0) for seat in self.seats
        ]

    def _potentials(self) -> list[float]:
        return [-self._way(cell) / self.eccentricity for cell in self.position]
