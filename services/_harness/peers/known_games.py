"""Games as a service knows them that does not play them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import GameSpec


@dataclass(frozen=True, slots=True)
class KnownGame:
    """A game under given settings, as Game told it.

    Attributes:
        spec: Shapes, seats, teams and hashes.
        settings: The settings, written out.
        ladder: The leaderboard on which matches under them count.
        max_seats: Most players that the game takes.
        bots: Policies of Game that play it, e.g. "bot/random".
    """

    spec: GameSpec
    settings: GameSettings
    ladder: str
    max_seats: int
    bots: tuple[str, ...]


class KnownGames(Protocol):
    """Who tells of games by name and settings."""

    async def get(self, game: str, settings: GameSettings | None = None) -> KnownGame:
        """The game of that name under the settings; None takes its defaults.

        Raises:
            InvalidArgument: There is no such game, or the settings do not fit it.
            Unavailable: It cannot be told now.
        """
