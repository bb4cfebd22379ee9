"""A gate as it is kept: what it compares, what it tests, what it has found."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.elo.gate.sequential import NOTHING, Finding, Hypotheses, Verdict


@dataclass(frozen=True, slots=True)
class Memory:
    """How a candidate does against an ancestor.

    Attributes:
        ancestor: The player.
        score: Sum of the candidate's scores.
        games: Games between the two.
        chance_worse: That its mean score is below 1/2; see `forgetting`.
    """

    ancestor: str
    score: float
    games: int
    chance_worse: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a candidate is better than a baseline, by the matches "<gate_id>/0", "/1", and so on.

    Attributes:
        gate_id: Unique for ever.
        ladder: Where its matches count.
        candidate: A player.
        baseline: The player that it is held against.
        hypotheses: What is tested; its `games` are those of the first match.
        ancestors: Players that it must not have forgotten to beat.
        create_seconds: When it was opened, since 1970.
        finding: What the matches so far tell.
        memories: When its matches had told: how it does against the ancestors that it has met.
        end_seconds: When it had ended; 0 before.
    """

    gate_id: str
    ladder: str
    candidate: str
    baseline: str
    hypotheses: Hypotheses
    ancestors: tuple[str, ...]
    create_seconds: float
    finding: Finding = NOTHING
    memories: tuple[Memory, ...] = ()
    end_seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.finding.verdict is not Verdict.RUNNING

    def match_id(self, number: int) -> str:
        """Id of its match, from 0."""
        return f"{self.gate_id}/{number}"

    def asks_the_same(self, other: Gate) -> bool:
        """Whether two are one question."""
        return self._question() == other._question()

    def _question(self) -> Gate:
        return replace(
            self,
            hypotheses=replace(self.hypotheses, games=0),
            create_seconds=0.0,
            finding=NOTHING,
            memories=(),
            end_seconds=0.0,
        )
