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
from services.matchmaker.store import Anchor, AnchorStore
from services.matchmaker.training.snapshots import SnapshotRoster

_log = structlog.get_logger(__name__)

# Small enough that Game answers within a call's deadline on a busy machine.
_BATCH = 32


class Anchors:
    """Sees to it that bots have met `matches` times on each ladder, in every combination.

    Matches count once Game has created them. A crash in between plays a few more.
    """

    def __init__(
        self,
        store: AnchorStore,
        roster: SnapshotRoster,
        numbers: Numbers,
        game: GamePeer,
        *,
        matches: int,
    ) -> None:
        self._store = store
        self._roster = roster
        self._numbers = numbers
        self._game = game
        self._matches = matches
        self._played: Counter[Anchor] = Counter()

    async def load(self) -> None:
        """Continues from the store."""
        self._played = Counter(dict(await self._store.load()))

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
        """Plays all matches that are missing. Raises what Game raises."""
        for ladder in await self._roster.ladders():
            missing = self._missing(ladder)
            for first in range(0, len(missing), _BATCH):
                await self._create(ladder, missing[first : first + _BATCH])

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
        self._played.update((ladder.name, group) for group in groups)
        await self._store.save(
            {(ladder.name, group): self._played[ladder.name, group] for group in groups}
        )
