"""The services that the Matchmaker asks, as far as it needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mazemesh.games import GameSettings
from services.matchmaker.experiments.served import Assigned
from services.matchmaker.gates.run import Finding, Hypotheses
from services.matchmaker.rating.players import Rating
from services.matchmaker.setup import CreatedMatch, MatchSetup, Vacancy
from services.matchmaker.workers.events import Reported


class GamePeer(Protocol):
    """The Game service."""

    async def create(self, setups: Sequence[MatchSetup]) -> list[CreatedMatch]:
        """Creates the games of all matches or of none; raises the errors of CreateGames."""

    async def verify(self, match_id: str, result: Reported) -> str:
        """Has the recordings of a match played once more, and compares them with its result.

        Returns the first difference, in words; empty without one. Raises the errors of GetReplay.
        """


class SeatPeer(Protocol):
    """The Game service, as far as seats of running games go."""

    async def vacant(self, seconds: float, most: int) -> list[Vacancy]:
        """Seats that have stood empty for so long and may be given away, of all instances."""

    async def replace(self, vacancy: Vacancy, player: str) -> str:
        """Gives a seat to a player; returns its token. Raises the errors of ReplacePlayer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What EvaluateGate is asked: whether the matches "<gate_id>/0" and so on tell who is best."""

    gate_id: str
    ladder: str
    candidate: str
    baseline: str
    hypotheses: Hypotheses = field(default_factory=lambda: Hypotheses())
    ancestors: tuple[str, ...] = ()


class EloPeer(Protocol):
    """The Elo service."""

    async def ratings(self, ladder: str) -> dict[str, Rating]:
        """All players of a ladder."""

    async def rating(self, ladder: str, player: str) -> Rating | None:
        """One player; None when it has no result."""

    async def results(self, match_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """By id, the mean score of each participant in matches that Elo knows, of these."""

    async def evaluate(self, question: Question) -> Finding:
        """Opens a gate, if it is new, and what its matches so far tell; errors of EvaluateGate."""

    async def reported(self, match_ids: Sequence[str]) -> dict[str, Reported]:
        """What was told of matches, by id; those that Elo does not know are left out."""

    async def retract(self, match_ids: Sequence[str]) -> set[str]:
        """Has ratings count results no more; those of the matches that Elo knows."""


@dataclass(frozen=True, slots=True)
class Published:
    """A policy version as Model tells of it.

    Attributes:
        name: Of the policy.
        version: Its number.
        game: What it was trained on; empty unless it is a snapshot that can be rated now.
        settings: Of that game.
        exploits: Whether it was trained against another policy alone.
    """

    name: str
    version: int
    game: str = ""
    settings: GameSettings = field(default_factory=GameSettings)
    exploits: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """One message of a watch: a version that changed, a heartbeat, or neither (an alias moved)."""

    policy: Published | None = None
    heartbeat: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """The version that a reference stands for.

    Attributes:
        name: Of the policy.
        version: Its number.
        ready: Whether it can be played.
        kept: Whether it is a snapshot, or has an alias that does not move by itself.
        game: What it was trained on; empty where it does not say.
        settings: Of that game.
    """

    name: str
    version: int
    ready: bool = True
    kept: bool = True
    game: str = ""
    settings: GameSettings = field(default_factory=GameSettings)

    @property
    def policy(self) -> str:
        """Its reference, `name:version`."""
        return f"{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class AliasAt:
    """Where an alias stands, and its revision."""

    version: int
    revision: int


class ModelPeer(Protocol):
    """The Model service."""

    async def resolve(self, reference: str) -> Resolved:
        """The version that "name:12" or "name:alias" stands for; `NotFound` without."""

    async def alias(self, name: str, alias: str) -> AliasAt | None:
        """An alias; None when it does not exist."""

    async def move(
        self,
        name: str,
        alias: str,
        version: int,
        expected_revision: int,
        *,
        previous: str,
        reason: str,
        gate_id: str,
    ) -> None:
        """Moves an alias; raises the errors of SetAlias.

        `previous`, where it is not empty, is the alias that takes the place where it stood.
        """

    async def assign(self, policy: str, session: str) -> Assigned:
        """The version that serves a session of "name:alias"; raises the errors of AssignSession."""

    async def record(self, experiment_id: str, scores: Mapping[str, float]) -> int:
        """Tells how sessions ended; how many are new. Raises the errors of RecordOutcomes."""

    async def hold(self, policies: Sequence[str], reason: str, seconds: float) -> None:
        """Holds versions, all or none, so that they are not collected; errors of HoldVersions."""

    async def snapshots(self) -> list[Published]:
        """All ready snapshots."""

    def watch(self) -> AsyncIterator[News]:
        """Changes from now on, with heartbeats, until an error."""
