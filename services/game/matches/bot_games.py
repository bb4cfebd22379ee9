"""Games of bots alone, played in short slices: those of all callers in turn."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import structlog

from mazemesh.errors import FailedPrecondition, MazemeshError, ResourceExhausted
from mazemesh.games import Game, GameSettings
from services._harness.shielded import to_its_end
from services.game.matches.match import Board, Match, MatchGame, make_batch
from services.game.matches.recorder import Recorder
from services.game.play.batch import NewEngine
from services.game.play.outcome import Outcome
from services.game.play.room import Rooms
from services.game.play.stepping import Stepping

_log = structlog.get_logger(__name__)

_SLICE_SECONDS = 0.02
_MOST_GAMES = 256
_MOST_BYTES = 64 << 20
"""Of the games that are played together, so that a step of theirs is short."""


@dataclass(eq=False, slots=True)
class _Job:
    """The games of one call of CreateGames, and how many wait for them."""

    games: list[MatchGame]
    moves: int
    done: asyncio.Future[None]
    task: asyncio.Task[None] | None = None
    waiters: int = 0


class BotGames:
    """Plays what needs no player.

    Args:
        stepping: how to step; one thread of its own at a time is used.
        recorder: saves what finished.
        rooms: the memory that games may take.
        new_engine: makes what plays them.
        drop: told of a match whose games are not played to their end, and why.
        limit: moves (games x seats x step_limit) of one call.
        limit_all: moves of all calls that wait.
    """

    def __init__(
        self,
        stepping: Stepping,
        recorder: Recorder,
        rooms: Rooms,
        new_engine: NewEngine,
        drop: Callable[[Match, MazemeshError], None],
        *,
        limit: int,
        limit_all: int,
    ) -> None:
        self._stepping = stepping
        self._recorder = recorder
        self._rooms = rooms
        self._new_engine = new_engine
        self._drop = drop
        self._limit = limit
        self._limit_all = limit_all
        self._moves = 0
        self._jobs: dict[MatchGame, _Job] = {}
        # First come, first served: each job comes to its next slice when all others had theirs.
        self._turn = asyncio.Lock()

    def check(self, games: Sequence[MatchGame]) -> None:
        """Whether so much may be played.

        Raises:
            ResourceExhausted: it is too much for one call, or with all that waits already.
        """
        moves = _moves(games)
        if moves > self._limit:
            raise ResourceExhausted(
                f"matches: {len(games)} games of bots alone may take {moves} moves (games x seats "
                f"x step_limit), more than {self._limit}; create fewer at once, or set a lower "
                "settings.step_limit"
            )
        if self._moves + moves > self._limit_all:
            raise ResourceExhausted(
                f"matches: games of bots alone that may take {self._moves} moves wait already; "
                f"with {moves} more they would pass the limit of {self._limit_all}; try later",
                retry_after=5.0,
            )

    def begin(self, games: Sequence[MatchGame]) -> None:
        """Begins to play games that were checked."""
        if not games:
            return
        job = _Job(list(games), _moves(games), asyncio.get_running_loop().create_future())
        self._moves += job.moves
        self._jobs.update(dict.fromkeys(job.games, job))
        job.task = asyncio.create_task(self._run(job), name="bot games")

    async def wait(self, games: Iterable[MatchGame]) -> None:
        """Returns when the games are played; where nobody waits any more they are given up.

        Raises:
            MazemeshError: they are not played to their end, for this reason.
        """
        jobs = {self._jobs[game] for game in games if game in self._jobs}
        for job in jobs:
            job.waiters += 1
        try:
            for job in jobs:
                await asyncio.shield(job.done)
        finally:
            for job in jobs:
                job.waiters -= 1
                if not job.waiters:
                    self._end(job, FailedPrecondition("who created the match has gone"))

    def stop(self, reason: MazemeshError) -> None:
        """Ends all games that are being played."""
        for job in set(self._jobs.values()):
            self._end(job, reason)

    async def _run(self, job: _Job) -> None:
        try:
            for game, settings, games in _by_kind(job.games):
                need = await self._rooms.need(game, settings, autoreset=False)
                together = max(1, min(_MOST_GAMES, need.fit(_MOST_BYTES)))
                rest = iter(games)
                while chunk := list(islice(rest, together)):
                    share = self._rooms.room.take(need, len(chunk), "matches")
                    batch = await self._stepping.in_thread(
                        make_batch, chunk, self._new_engine, share
                    )
                    await self._play(Board(chunk, batch, self._stepping.clock()))
        except MazemeshError as error:
            self._end(job, error)
        except Exception:  # whoever waits is told that it was no fault of theirs
            _log.exception("games of bots failed", games=len(job.games))
            self._end(job, MazemeshError("games of bots failed; the service's log has it"))
        else:
            self._finish(job, None)
        finally:
            job.task = None  # what it was cancelled with holds on to the games

    async def _play(self, board: Board) -> None:
        board.take_places()
        for game in board.games:
            if not game.match.alive:  # as it was replaced while the board was made
                board.take_out(game)
        board.note_lost()  # of foreign games, some may not even begin
        while not board.over:
            async with self._turn:
                outcomes = await self._slice(board)
            for index, outcome in outcomes.items():
                board.note(index, outcome, self._stepping.time())
                picture = board.batch.frame(index)
                board.batch.watchers.show(index, replace(picture, outcome=outcome))
            board.note_lost()
        board.batch.close()
        await self._recorder.save(board)
        for game in board.games:
            if game.match.finish_time is not None and game.match not in board.unsaved:
                game.board = None  # nobody can join or watch it, and its memory is wanted

    async def _slice(self, board: Board) -> dict[int, Outcome]:
        """Plays for a short while; outcomes of the games that ended, by index."""
        with board.batch.busy():
            stepping = self._stepping.in_thread(self._step_on, board)
            return await to_its_end(asyncio.ensure_future(stepping))

    def _step_on(self, board: Board) -> dict[int, Outcome]:
        batch = board.batch
        outcomes: dict[int, Outcome] = {}
        nothing = np.zeros_like(batch.engine.taken)
        end = self._stepping.clock() + _SLICE_SECONDS
        while batch.engine.active.any():
            start = self._stepping.clock()
            batch.step(nothing)
            report = batch.report()
            self._stepping.on_step(batch, report, self._stepping.clock() - start)
            for index in report.ended_games.tolist():
                outcomes[index] = batch.outcome(index)
            if batch.lost() or start > end:
                break
        return outcomes

    def _end(self, job: _Job, reason: MazemeshError) -> None:
        """Gives up what is left of a job, unless it is over."""
        if job.done.done():
            return
        if job.task is not None and job.task is not asyncio.current_task():
            job.task.cancel()
        self._finish(job, reason)
        for match in dict.fromkeys(game.match for game in job.games if game.outcome is None):
            if match.alive:
                self._drop(match, reason)

    def _finish(self, job: _Job, reason: MazemeshError | None) -> None:
        self._moves -= job.moves
        for game in job.games:
            self._jobs.pop(game, None)
        if reason is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(reason)
            job.done.exception()  # those who have gone do not ask for it


def _moves(games: Sequence[MatchGame]) -> int:
    settings = (game.match.setup.settings for game in games)
    return sum(one.seats * one.steps for one in settings)


def _by_kind(
    games: Sequence[MatchGame],
) -> Iterator[tuple[Game, GameSettings, list[MatchGame]]]:
    kinds: defaultdict[tuple[Game, GameSettings], list[MatchGame]] = defaultdict(list)
    for game in games:
        kinds[game.match.setup.game, game.match.setup.settings].append(game)
    for (rules, settings), alike in kinds.items():
        yield rules, settings, alike
