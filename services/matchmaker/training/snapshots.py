"""The snapshots that exist, kept fresh by watching the Model service."""

from __future__ import annotations

import asyncio

import structlog

from mazemesh.errors import InvalidArgument, MazemeshError
from mazemesh.games import GameSettings
from services._harness.peers.known_games import KnownGames
from services.matchmaker.peers import ModelPeer, Published
from services.matchmaker.rating.ladders import Ladder, Snapshot, ladder_of, ladders, unshaped

_log = structlog.get_logger(__name__)

_MAX_TOLD = 1024


class SnapshotRoster:
    """Known snapshots; one that says no game, or a game that Game refuses, is left out.

    Args:
        games: Games that have a ladder even before a snapshot plays there.
        specs: What games are like.
    """

    def __init__(self, games: tuple[str, ...], specs: KnownGames) -> None:
        self._games = games
        self._specs = specs
        self._defaults: dict[str, Ladder] = {}
        self._snapshots: dict[tuple[str, int], Snapshot] = {}
        self._ladders: list[Ladder] | None = None
        self._refused: set[str] = set()
        self._told: set[str] = set()

    def __len__(self) -> int:
        """Snapshots known, of all policies."""
        return len(self._snapshots)

    def versions(self, name: str, game: str) -> list[int]:
        """Snapshot versions of a policy that were trained on the game."""
        return [
            snapshot.version
            for snapshot in self._snapshots.values()
            if snapshot.name == name and snapshot.ladder.game == game
        ]

    async def ladders(self) -> list[Ladder]:
        """All ladders with their snapshots, by name.

        Raises:
            Unavailable: Game has not told yet of the games that are there anyway, and is away.
        """
        await self._ask_defaults()
        if self._ladders is None:
            self._ladders = ladders(self._defaults.values(), self._snapshots.values())
        return self._ladders

    async def replace(self, policies: list[Published]) -> None:
        """Takes a whole list in place of what was known.

        Raises:
            Unavailable: Game is to tell about one of their games, and is away; nothing changed.
        """
        self._refused.clear()  # Game may have been started again, with these allowed
        found = [one for policy in policies if (one := await self._snapshot(policy))]
        self._change({(one.name, one.version): one for one in found})

    async def apply(self, policy: Published) -> None:
        """Takes the news of one version.

        Raises:
            Unavailable: as `replace`.
        """
        key = policy.name, policy.version
        snapshot = await self._snapshot(policy)
        if snapshot is not None:
            self._change({**self._snapshots, key: snapshot})
        elif key in self._snapshots:
            self._change({other: one for other, one in self._snapshots.items() if other != key})

    async def _ask_defaults(self) -> None:
        for game in self._games:
            if game in self._defaults or game in self._refused:
                continue
            ladder = await self._ladder(game, GameSettings())
            if ladder is None:
                self._refused.add(game)
            else:
                self._defaults[game] = ladder
                self._ladders = None

    async def _snapshot(self, policy: Published) -> Snapshot | None:
        ladder = await self._ladder(policy.game, policy.settings) if policy.game else None
        return Snapshot(policy.name, policy.version, ladder, policy.exploits) if ladder else None

    async def _ladder(self, game: str, settings: GameSettings) -> Ladder | None:
        """The ladder of a game; None where Game refuses it, which is told once."""
        try:
            return ladder_of(await self._specs.get(game, unshaped(settings)))
        except InvalidArgument as error:
            if game not in self._told and len(self._told) < _MAX_TOLD:
                self._told.add(game)
                _log.warning("game is not rated", game=game[:80], reason=str(error))
            return None

    def _change(self, snapshots: dict[tuple[str, int], Snapshot]) -> None:
        if snapshots != self._snapshots:
            self._snapshots = snapshots
            self._ladders = None


async def follow(model: ModelPeer, roster: SnapshotRoster, retry_seconds: float) -> None:
    """Keeps the roster fresh without end; while Model or Game is away it stays as it was.

    All snapshots are listed once the watch stands, so that nothing falls in between, and again at
    every heartbeat.
    """
    reachable = True
    while True:
        try:
            await roster.replace(await model.snapshots())
            standing = False
            async for event in model.watch():
                if event.policy is not None:
                    await roster.apply(event.policy)
                if event.heartbeat or not standing:
                    await roster.replace(await model.snapshots())
                standing = reachable = True
        except MazemeshError as error:
            if reachable:
                _log.warning("cannot follow the policies, trying again", reason=str(error))
            reachable = False
        await asyncio.sleep(retry_seconds)
