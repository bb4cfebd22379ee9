"""Keeps what was played in finished games, the newest ones, to be looked at and verified."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

import structlog

from mazemesh.errors import NotFound
from services.game.match import Match, MatchGame
from services.game.store import ReplayEntry, ReplayFiles, ReplayFilter, ReplayIndex

_log = structlog.get_logger(__name__)

Replays = dict[str, tuple[ReplayEntry, ...]]


class Archive:
    """The replays of a server.

    Args:
        files: where they lie.
        index: which there are.
        encode: the content of one file.
        keep: how many games' replays are kept; 0 stores none.

    Attributes:
        lost: games whose replay could not be written.
    """

    def __init__(
        self,
        files: ReplayFiles,
        index: ReplayIndex,
        encode: Callable[[Sequence[MatchGame]], bytes],
        keep: int,
    ) -> None:
        self.lost = 0
        self._files = files
        self._index = index
        self._encode = encode
        self._keep = keep
        self._added = 0

    async def clean(self) -> None:
        """Drops what is too much, and files that a crash left behind; before the first `write`."""
        await self._index.keep_newest(self._keep)
        needed = await self._index.files()
        await asyncio.to_thread(self._delete_but, needed)

    async def write(self, matches: Sequence[Match]) -> Replays:
        """Writes one file with all games of finished matches; its entries by match id.

        Results count more than replays: where the file cannot be written there are no entries.
        """
        games = [game for match in matches for game in match.games]
        if not self._keep or not games:
            return {}
        try:
            content = await asyncio.to_thread(self._encode, games)
            file = await asyncio.to_thread(self._files.put, content)
        except OSError as error:
            self.lost += len(games)
            _log.error("replays not written", games=len(games), reason=str(error))
            return {}
        entries = defaultdict[str, list[ReplayEntry]](list)
        for index, game in enumerate(games):
            entries[game.match.setup.match_id].append(_entry(game, file, index))
        return {match_id: tuple(found) for match_id, found in entries.items()}

    async def trim(self, added: int) -> None:
        """Drops the oldest replays, once enough were added to make it worth while."""
        self._added += added
        if self._added > self._keep // 16:
            self._added = 0
            for file in await self._index.keep_newest(self._keep):
                await asyncio.to_thread(self._files.delete, file)

    async def read(self, game_id: str) -> tuple[ReplayEntry, bytes]:
        """The entry of a game, and the file in which it is game number `entry.index`.

        Raises:
            NotFound: there is no replay of that game.
            FailedPrecondition: its file is damaged.
        """
        entry = await self._index.find(game_id)
        if entry is None:
            raise NotFound(
                f"there is no replay of game {game_id!r}: there are those of finished matches, and "
                f"of them the last {self._keep} games"
            )
        return entry, await asyncio.to_thread(self._files.get, entry.file)

    async def page(self, limit: int, before: int | None, wanted: ReplayFilter) -> list[ReplayEntry]:
        """See `ReplayIndex`."""
        return await self._index.page(limit, before, wanted)

    def _delete_but(self, needed: set[str]) -> None:
        for name in self._files.names():
            if name not in needed:
                self._files.delete(name)


def _entry(game: MatchGame, file: str, index: int) -> ReplayEntry:
    setup = game.match.setup
    assert game.outcome is not None
    return ReplayEntry(
        game_id=game.game_id,
        match_id=setup.match_id,
        game=setup.game.name,
        rules_hash=setup.game.spec(setup.settings).rules_hash,
        participants=tuple(game.names),
        outcome=game.outcome,
        rated=setup.rated,
        finish_time=game.match.finish_time or 0.0,
        file=file,
        index=index,
    )
