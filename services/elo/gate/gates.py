"""Evaluates gates on the log, match by match in the order in which they were issued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from mazemesh.errors import AlreadyExists, FailedPrecondition
from services.elo.gate.forgetting import FORGOTTEN, chance_worse
from services.elo.gate.gate import Gate, Memory
from services.elo.gate.sequential import Verdict, go_on
from services.elo.log.match import Match
from services.elo.store import GateStore, ResultLog

_AT_ONCE = 256


class Records(Protocol):
    """What players did against each other."""

    def met(self, ladder: str, player: str, opponent: str) -> tuple[float, int]:
        """Sum of the player's scores, and games; 0.0 and 0 where they have not met."""
        ...


class Gates:
    """All gates; any number of instances evaluate them, and find the same.

    Args:
        store: Where they are kept.
        log: Where their matches are.
        records: Tells of ancestors.
        clock: Seconds since 1970.
    """

    def __init__(
        self, store: GateStore, log: ResultLog, records: Records, clock: Callable[[], float]
    ) -> None:
        self._store, self._log, self._records, self._clock = store, log, records, clock

    async def evaluate(self, asked: Gate) -> Gate:
        """Opens the gate, if it is new, and takes in the matches that the log has by now.

        Only the matches up to the first that is missing are seen: those that are over first are
        the short ones, and would tell of others than all (see `sequential.go_on`).

        Raises:
            AlreadyExists: another question stands under the id.
            FailedPrecondition: a match of its ids was played by others.
        """
        gate = await self._store.open(asked)
        if not gate.asks_the_same(asked):
            raise AlreadyExists(
                f"gate_id: {asked.gate_id!r} is a gate of {gate.candidate} against "
                f"{gate.baseline} on {gate.ladder!r} with {gate.hypotheses} and ancestors "
                f"{list(gate.ancestors)}; another question needs another id"
            )
        return await self.look(gate)

    async def look(self, gate: Gate) -> Gate:
        """As `evaluate`, of a gate that there is."""
        while not gate.ended:
            matches = await self._next(gate)
            if not matches:
                break
            new = self._seen(gate, matches)
            if await self._store.replace(gate, new):
                gate = new
            else:  # another instance has looked too
                gate = await self._store.open(gate)
        return gate

    async def _next(self, gate: Gate) -> Sequence[Match]:
        """The matches that come next, as many as there are without a gap."""
        first = gate.finding.matches
        ids = [gate.match_id(number) for number in range(first, first + _AT_ONCE)]
        found = await self._log.named(ids)
        there = next((place for place, each in enumerate(ids) if each not in found), len(ids))
        return [found[each] for each in ids[:there]]

    def _seen(self, gate: Gate, matches: Sequence[Match]) -> Gate:
        hypotheses = gate.hypotheses
        if not hypotheses.games:
            hypotheses = replace(hypotheses, games=len(matches[0].games))
        finding = go_on(hypotheses, gate.finding, [_score(gate, match) for match in matches])
        new = replace(gate, hypotheses=hypotheses, finding=finding)
        if not new.ended:
            return new
        memories = tuple(self._memories(gate))
        if finding.verdict is Verdict.PASSED and any(
            memory.chance_worse > FORGOTTEN for memory in memories
        ):
            finding = replace(finding, verdict=Verdict.FORGOTTEN)
        return replace(new, finding=finding, memories=memories, end_seconds=self._clock())

    def _memories(self, gate: Gate) -> list[Memory]:
        memories: list[Memory] = []
        for ancestor in gate.ancestors:
            score, games = self._records.met(gate.ladder, gate.candidate, ancestor)
            if games:
                memories.append(Memory(ancestor, score, games, chance_worse(score, games)))
        return memories


def _score(gate: Gate, match: Match) -> float:
    """The candidate's mean score over a match's games."""
    if match.ladder != gate.ladder or {*match.participants} != {gate.candidate, gate.baseline}:
        raise FailedPrecondition(
            f"match {match.match_id!r} was played by {', '.join(match.participants)} on "
            f"{match.ladder!r}; gate {gate.gate_id!r} is of {gate.candidate} and {gate.baseline} "
            f"on {gate.ladder!r}, so it cannot be decided by it"
        )
    place = match.participants.index(gate.candidate)
    return sum([game.scores[place] for game in match.games]) / len(match.games)
