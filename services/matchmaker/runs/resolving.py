"""Who may meet whom: references to versions and bots, and the ladder that they share."""

from __future__ import annotations

from mazemesh.errors import FailedPrecondition
from mazemesh.games import GameSettings
from mazemesh.names import LATEST
from services._harness.peers.known_games import KnownGame, KnownGames
from services.matchmaker.peers import ModelPeer, Resolved
from services.matchmaker.rating.ladders import Ladder, ladder_of, unshaped

_BOT = "bot/"


class Resolver:
    """Asks Model what references stand for, and Game what is played there."""

    def __init__(self, games: KnownGames, model: ModelPeer) -> None:
        self._games, self._model = games, model

    async def version(self, field: str, reference: str) -> Resolved:
        """A version that can be played, now and later.

        Raises:
            NotFound: there is none.
            FailedPrecondition: it cannot be played, or may be gone soon.
            Unavailable: Model is away.
        """
        found = await self._model.resolve(reference)
        if not found.game:
            raise FailedPrecondition(f"{field}: {found.policy} does not say which game it plays")
        if not found.ready:
            raise FailedPrecondition(f"{field}: {found.policy} is not READY; it cannot be played")
        if not found.kept:
            raise FailedPrecondition(
                f"{field}: {found.policy} is no snapshot, so its file goes when newer versions "
                f"come; name a snapshot, or give it another alias than {LATEST!r} first"
            )
        return found

    async def game(self, game: str, settings: GameSettings | None) -> KnownGame:
        """A game as matches of it are played.

        Raises:
            InvalidArgument: there is none, or the settings do not fit it.
            Unavailable: Game is away.
        """
        return await self._games.get(game, None if settings is None else unshaped(settings))

    async def ladder(self, version: Resolved) -> Ladder:
        """Where a version is rated."""
        return ladder_of(await self.game(version.game, version.settings))

    async def opponent(self, field: str, name: str, ladder: Ladder, whose: str) -> str:
        """A bot or version that can meet others on a ladder, which is that of `whose`.

        Raises:
            NotFound, FailedPrecondition, Unavailable: as `version`; or it cannot meet them.
        """
        if name.startswith(_BOT):
            if name not in ladder.bots:
                raise FailedPrecondition(
                    f"{field}: {name} does not play {ladder.game}; {', '.join(ladder.bots)} do"
                )
            return name
        version = await self.version(field, name)
        own = await self.ladder(version)
        if own.name != ladder.name:
            raise FailedPrecondition(
                f"{field}: {version.policy} is rated on {own.name} and {whose} on "
                f"{ladder.name}, so they cannot meet"
            )
        return version.policy
