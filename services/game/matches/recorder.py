"""Puts finished matches on disk before anybody is told that they are over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from services.game.matches.match import Board, Match
from services.game.matches.outbox import Outbox
from services.game.recordings.archive import Archive, Recordings
from services.game.store import FinishedMatch, RecordingEntry, ResultStore

_log = structlog.get_logger(__name__)


class Recorder:
    """Saves what finished on a board with its recordings, and has rated results delivered.

    Args:
        store: where it is kept.
        archive: where recordings are kept.
        outbox: told about new results.
        encode: what Elo is to be told of a finished match.
    """

    def __init__(
        self,
        store: ResultStore,
        archive: Archive,
        outbox: Outbox,
        encode: Callable[[Match], bytes],
    ) -> None:
        self._store = store
        self._archive = archive
        self._outbox = outbox
        self._encode = encode

    async def save(self, board: Board) -> None:
        """Returns when all matches that finished on the board are saved; repeating does no harm.

        Those who save the same board take turns: the first one through may give the board away.
        """
        async with board.saving:
            await self._save(board)

    async def _save(self, board: Board) -> None:
        matches = list(board.unsaved)
        if not matches:
            return
        recordings = await self._archive.write(matches)
        finished = await asyncio.to_thread(self._all_finished, matches, recordings)
        for match_id in await self._store.finish(finished):
            _log.warning("result dropped, as the match was created anew since", match_id=match_id)
        board.unsaved = [match for match in board.unsaved if match not in matches]
        self._outbox.wake()
        await self._archive.trim(sum(map(len, recordings.values())))

    def _all_finished(
        self, matches: Sequence[Match], recordings: Recordings
    ) -> list[FinishedMatch]:
        return [
            self._finished(match, recordings.get(match.setup.match_id, ())) for match in matches
        ]

    def _finished(self, match: Match, recordings: tuple[RecordingEntry, ...]) -> FinishedMatch:
        assert match.finish_time is not None
        result = self._encode(match) if match.setup.rated else None
        return FinishedMatch(
            match.setup.match_id,
            match.finish_time,
            result,
            recordings,
            match.setup.fence,
            match.trace,
        )
