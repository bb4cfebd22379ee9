"""Bots against bots: they anchor every ladder, so they have met before anybody else comes.

Game plays these matches by itself when it creates them, so no worker and no lease is needed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import combinations

import structlog

from mazemesh.errors import MazemeshError
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import GamePeer
from services.matchmaker.rating.ladders import Ladder
from services.matchmaker.setup import MatchSetup
from services.matchmaker.store import ANCHORS, Anchor, AnchorStore, LeaderStore
from services.matchmaker.training.snapshots import SnapshotRoster

_log = structlog.get_logger(__name__)

# Small enough that Game answers within a call's deadline on a busy machine.
_BATCH = 32

# Longer than a call of Game may take.
_TURN_SECONDS = 15.0


class Anchors:
    """Sees to it that bots have met `matches` times on each ladder, in every combination.

    One instance does at a time. Matches count once Game has created them; a crash in between plays
    a few more.
    """

    def __init__(
        self,
        store: AnchorStore,
        roster: SnapshotRoster,
        numbers: Numbers,
        game: GamePeer,
        *,
        leaders: LeaderStore,
        instance: str,
        matches: int,
    ) -> None:
        self._store = store
        self._leaders = leaders
        self._instance = instance
        self._roster = roster
        self._numbers = numbers
        self._game = game
        self._matches = matches
        self._played: Counter[Anchor] = Counter()

    async def run(self, seconds: float) -> None:
        """Looks for missing matches without end; waits first, as the mesh is just starting."""
        reachable = True
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.play()
                reachable = True
            except MazemeshError as error:
                if reachable:
                    _log.warning("bots cannot play, trying again", reason=str(error))
                reachable = False

    async def play(self) -> None:
        """Plays all matches that are missing, unless another instance does. Raises as Game does."""
        for ladder in await self._roster.ladders():
            if not self._missing(ladder):
                continue
            if not await self._enter():
                return
            try:
                await self._play(ladder)
            finally:
                await self._leaders.leave(ANCHORS, self._instance)

    async def _play(self, ladder: Ladder) -> None:
        # Another instance may have played some.
        self._played = Counter(dict(await self._store.load()))
        missing = self._missing(ladder)
        for first in range(0, len(missing), _BATCH):
            if not await self._enter():
                return
            await self._create(ladder, missing[first : first + _BATCH])

    async def _enter(self) -> bool:
        """Whether it is this instance's turn, for a call of Game."""
        return await self._leaders.hold(ANCHORS, self._instance, _TURN_SECONDS) is not None

    def _missing(self, ladder: Ladder) -> list[tuple[str, ...]]:
        """Participants of each match that is missing; nothing where seats outnumber the bots."""
        return [
            group
            for group in combinations(ladder.bots, ladder.players)
            for _ in range(self._played[ladder.name, group], self._matches)
        ]

    async def _create(self, ladder: Ladder, groups: list[tuple[str, ...]]) -> None:
        identities = await self._numbers.take(ladder.name, len(groups))
        await self._game.create(
            [
                MatchSetup(
                    identity.match_id,
                    ladder.game,
                    ladder.settings,
                    identity.seed,
                    group,
                    rated=True,
                    fence=1,
                )
                for identity, group in zip(identities, groups, strict=True)
            ]
        )
        played = Counter((ladder.name, group) for group in groups)
        self._played.update(played)
        await self._store.add(played)
