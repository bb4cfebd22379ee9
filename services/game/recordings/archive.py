"""Keeps what was played in finished games, the newest ones, to be looked at and verified."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import structlog

from mazemesh.errors import NotFound
from services.game.matches.match import Match, MatchGame
from services.game.store import RecordingEntry, RecordingFiles, RecordingFilter, RecordingIndex

_log = structlog.get_logger(__name__)

_FILE_BYTES = 8 << 20
_GAME_BYTES = 1024
"""Of what is known of a game beside its actions, roughly."""

Recordings = dict[str, tuple[RecordingEntry, ...]]


class Archive:
    """The recordings of a server.

    Args:
        files: where they lie.
        index: which there are.
        encode: the content of one file.
        keep: how many games' recordings are kept; 0 stores none.

    Attributes:
        lost: games whose recording could not be written.
    """

    def __init__(
        self,
        files: RecordingFiles,
        index: RecordingIndex,
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

    async def write(self, matches: Sequence[Match]) -> Recordings:
        """Writes all games of finished matches to files, a few in each; entries by match id.

        Results count more than recordings: where a file cannot be written there are no entries.
        """
        if not self._keep:
            return {}
        entries = defaultdict[str, list[RecordingEntry]](list)
        for games in _portions([game for match in matches for game in match.games]):
            try:
                for entry in await asyncio.to_thread(self._write, games):
                    entries[entry.match_id].append(entry)
            except OSError as error:
                self.lost += len(games)
                _log.error("recordings not written", games=len(games), reason=str(error))
        return {match_id: tuple(found) for match_id, found in entries.items()}

    async def trim(self, added: int) -> None:
        """Drops the oldest recordings, once enough were added to make it worth while."""
        self._added += added
        if self._added > self._keep // 16:
            self._added = 0
            for file in await self._index.keep_newest(self._keep):
                await asyncio.to_thread(self._files.delete, file)

    async def read(self, game_id: str) -> tuple[RecordingEntry, bytes]:
        """The entry of a game, and the file in which it is game number `entry.index`.

        Raises:
            NotFound: there is no recording of that game.
            FailedPrecondition: its file is damaged.
        """
        entry = await self._index.find(game_id)
        if entry is None:
            raise NotFound(
                f"there is no recording of game {game_id!r}: there are those of finished matches, "
                f"and of them the last {self._keep} games"
            )
        return entry, await asyncio.to_thread(self._files.get, entry.file)

    async def page(
        self, limit: int, before: int | None, wanted: RecordingFilter
    ) -> list[RecordingEntry]:
        """See `RecordingIndex`."""
        return await self._index.page(limit, before, wanted)

    def _write(self, games: Sequence[MatchGame]) -> list[RecordingEntry]:
        file = self._files.put(self._encode(games))
        return [_entry(game, file, index) for index, game in enumerate(games)]

    def _delete_but(self, needed: set[str]) -> None:
        self._files.clean()
        for name in self._files.names():
            if name not in needed:
                self._files.delete(name)


def _portions(games: Sequence[MatchGame]) -> Iterator[list[MatchGame]]:
    """The games in order, so many together that a file of them is read in a moment."""
    portion: list[MatchGame] = []
    size = 0
    for game in games:
        assert game.outcome is not None
        more = _GAME_BYTES + game.outcome.steps * len(game.participants)
        if portion and size + more > _FILE_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(game)
        size += more
    if portion:
        yield portion


def _entry(game: MatchGame, file: str, index: int) -> RecordingEntry:
    setup = game.match.setup
    assert game.outcome is not None
    return RecordingEntry(
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
