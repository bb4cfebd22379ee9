"""Pursuit, in plain Python; see `mazemesh.games.mazes.rules.pursuit`."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.reference import bots
from mazemesh.games.mazes.reference.maze import STEPS, Cell, Draws, distances, draw_starts
from mazemesh.games.mazes.reference.play import ReferenceGame


class ReferencePursuit(ReferenceGame):
    """One episode of pursuit."""

    def _lay_out(self, draws: Draws) -> list[Cell]:
        by_place = sorted(self.seats, key=self._place)
        self.evader, self.hunters = by_place[0], by_place[1:]
        return [self.exit, *draw_starts(self.distance, len(self.hunters), draws)]

    def _hinder(self, one: int, other: int) -> bool:
        return one == other or self.evader not in (one, other)

    def _hunters_way(self, cell: Cell) -> int:
        """Return how far the nearest hunter has to walk."""
        way = distances(self.maze, cell)
        return min(way[self.position[hunter]] for hunter in self.hunters)

    def _good_actions(self, seat: int) -> list[int]:
        me = self.position[seat]
        if seat != self.evader:
            way = distances(self.maze, self.position[self.evader])
            return bots.downhill(self.maze, me, way)
        ways = {
            action: self._hunters_way(bots.step(me, action))
            for action in STEPS
            if bots.step(me, action) in self.maze[me]
        }
        farthest = max(self._hunters_way(me), *ways.values())
        return [action for action, way in ways.items() if way == farthest]

    def _target(self, seat: int) -> Cell:
        evader = self.position[self.evader]
        if seat != self.evader:
            return evader

        def straight(hunter: int) -> int:
            row, column = self.position[hunter]
            return abs(row - evader[0]) + abs(column - evader[1])

        return self.position[min(self.hunters, key=straight)]

    def _planes(self, seat: int) -> list[set[Cell]]:
        return [self._others(seat), {self.position[self.evader]}]

    def _settle(self) -> None:
        caught = any(self._have_met(hunter, self.evader) for hunter in self.hunters)
        self.terminated = caught or self.steps == self.settings.steps
        for seat in self.seats:
            won = self.terminated and (caught if seat in self.hunters else not caught)
            sign = (1 if won else -1) if self.terminated else 0
            share = 1.0 / len(self.hunters) if seat in self.hunters else 1.0
            self.reward[seat] = np.float32(sign * share)
            self.score[seat] = np.float32(won)

    def _potentials(self) -> list[float]:
        return [-self._hunters_way(self.position[self.evader]) / self.eccentricity]

    def _shape(self, before: list[float]) -> None:
        (gain,) = self._terms(before)
        for seat in self.seats:
            self._add(seat, gain / len(self.hunters) if seat in self.hunters else -gain)
