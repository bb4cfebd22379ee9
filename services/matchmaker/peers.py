"""The services that the Matchmaker asks, as far as it needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mazemesh.games import GameSettings
from services.matchmaker.rating.players import Rating
from services.matchmaker.setup import CreatedMatch, MatchSetup


class GamePeer(Protocol):
    """The Game service."""

    async def create(self, setups: Sequence[MatchSetup]) -> list[CreatedMatch]:
        """Creates the games of all matches or of none; raises the errors of CreateGames."""


class EloPeer(Protocol):
    """The Elo service."""

    async def ratings(self, ladder: str) -> dict[str, Rating]:
        """All players of a ladder."""

    async def rating(self, ladder: str, player: str) -> Rating | None:
        """One player; None when it has no result."""


@dataclass(frozen=True, slots=True)
class Published:
    """A policy version as Model tells of it.

    Attributes:
        name: Of the policy.
        version: Its number.
        game: What it was trained on; empty unless it is a snapshot that can be rated now.
        settings: Of that game.
    """

    name: str
    version: int
    game: str = ""
    settings: GameSettings = field(default_factory=GameSettings)


@dataclass(frozen=True, slots=True)
class News:
    """One message of a watch: a version that changed, a heartbeat, or neither (an alias moved)."""

    policy: Published | None = None
    heartbeat: bool = False


class ModelPeer(Protocol):
    """The Model service."""

    async def snapshots(self) -> list[Published]:
        """All ready snapshots."""

    def watch(self) -> AsyncIterator[News]:
        """Changes from now on, with heartbeats, until an error."""
