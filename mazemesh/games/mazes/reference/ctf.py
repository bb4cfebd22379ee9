"""Capture the flag, in plain Python; see `mazemesh.games.mazes.rules.ctf`."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.reference import bots
from mazemesh.games.mazes.reference.maze import Cell, Draws, distances
from mazemesh.games.mazes.reference.observe import compass
from mazemesh.games.mazes.reference.play import ReferenceGame


class ReferenceCtf(ReferenceGame):
    """One episode of capture the flag."""

    def _lay_out(self, draws: Draws) -> list[Cell]:
        self.base = list(self.distance)[-1]
        self.bases = [self.exit, self.base]
        self.ways = [distances(self.maze, base) for base in self.bases]
        starts: list[Cell] = []
        for place in self.seats:
            starts.append(next(cell for cell in self.ways[place % 2] if cell not in starts))
        return starts

    def _team(self, seat: int) -> int:
        return self._place(seat) % 2

    def _members(self, team: int) -> list[int]:
        return [seat for seat in self.seats if self._team(seat) == team]

    def _carrier(self, team: int) -> int | None:
        return next((seat for seat in self._members(team) if self.tally[seat]), None)

    def _flag(self, team: int) -> Cell:
        carrier = self._carrier(1 - team)
        return self.bases[team] if carrier is None else self.position[carrier]

    def _goal(self, seat: int) -> int:
        """Return the team whose base the seat heads for."""
        return self._team(seat) if self.tally[seat] else 1 - self._team(seat)

    def _good_actions(self, seat: int) -> list[int]:
        return bots.downhill(self.maze, self.position[seat], self.ways[self._goal(seat)])

    def _hinder(self, one: int, other: int) -> bool:
        return self._team(one) == self._team(other)

    def _target(self, seat: int) -> Cell:
        return self.bases[self._goal(seat)]

    def _planes(self, seat: int) -> list[set[Cell]]:
        team = self._team(seat)
        allies = {self.position[other] for other in self._members(team) if other != seat}
        return [self._others(seat), allies, {self._flag(team)}, {self._flag(1 - team)}]

    def _vectors(self, seat: int) -> list[int]:
        team = self._team(seat)
        carrier = self._carrier(team)
        flags = [carrier == seat, carrier not in (None, seat), self._carrier(1 - team) is not None]
        return [255 * flag for flag in flags] + compass(
            self.settings, self.position[seat], self._flag(team)
        )

    def _settle(self) -> None:
        tagged = [seat for seat in self.seats if self.tally[seat] and self._is_tagged(seat)]
        for seat in tagged:
            self.tally[seat] = 0
        for seat in self.seats:
            team = self._team(seat)
            if self.position[seat] == self.bases[1 - team] and self._carrier(team) is None:
                self.tally[seat] = 1
        captured = [self._has_captured(team) for team in (0, 1)]
        self.terminated = any(captured)
        self.truncated = not self.terminated and self.steps == self.settings.steps
        over = self.terminated or self.truncated
        for seat in self.seats:
            team = self._team(seat)
            self.reward[seat] = np.float32(captured[team] - captured[1 - team])
            self.score[seat] = np.float32(0.5 + 0.5 * self.reward[seat] if over else 0.0)

    def _is_tagged(self, seat: int) -> bool:
        return any(
            self.moved[other] and self._have_met(seat, other)
            for other in self._members(1 - self._team(seat))
        )

    def _has_captured(self, team: int) -> bool:
        carrier = self._carrier(team)
        return carrier is not None and self.position[carrier] == self.bases[team]

    def _potentials(self) -> list[float]:
        return [self._team_potential(team) for team in (0, 1)]

    def _team_potential(self, team: int) -> float:
        carrier = self._carrier(team)
        if carrier is None:
            there = [self.ways[1 - team][self.position[seat]] for seat in self._members(team)]
            way = min(there) + self.eccentricity
        else:
            way = self.ways[team][self.position[carrier]]
        return -way / (2 * self.eccentricity)

    def _shape(self, before: list[float]) -> None:
        first, second = self._terms(before)
        for seat in self.seats:
            self._add(seat, first - second if self._team(seat) == 0 else -(first - second))
