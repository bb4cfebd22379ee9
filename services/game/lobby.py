"""Where players meet their games: matches are created, joined, played by bots, and dropped."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, groupby

import numpy as np

from mazemesh.errors import FailedPrecondition, MazemeshError
from services.game.batch import NewEngine
from services.game.match import Board, Match, MatchGame, make_batch
from services.game.matches import Matches
from services.game.recorder import Recorder
from services.game.seating import SeatedGame
from services.game.setup import MatchSetup
from services.game.stepping import Stepping
from services.game.store import ResultStore
from services.game.watching import Outcome


class Lobby:
    """All matches of a server and where they are played.

    Args:
        limit: matches at one time.
        serials: numbers games in the order in which they were made.
        new_engine: makes what plays them.
        move_timeout: seconds a seat has for a move when seats are played one by one.
    """

    def __init__(
        self,
        store: ResultStore,
        recorder: Recorder,
        stepping: Stepping,
        *,
        limit: int,
        serials: count[int],
        new_engine: NewEngine,
        move_timeout: float,
    ) -> None:
        self.matches = Matches(limit, serials, self._take_out)
        self._store = store
        self._recorder = recorder
        self._stepping = stepping
        self._new_engine = new_engine
        self._move_timeout = move_timeout
        self._seated: dict[MatchGame, SeatedGame] = {}
        # Players of one match come at the same moment, and only one of them begins it; a game that
        # takes long to begin keeps no other game waiting.
        self._beginning: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._bot_games: set[asyncio.Task[None]] = set()

    async def create(self, setups: Sequence[MatchSetup]) -> list[Match]:
        """Creates matches, all or none, and plays their games that are bots' alone.

        Raises:
            MazemeshError: as `Matches.create`.
        """
        finished = await self._store.finished([setup.match_id for setup in setups])
        clock, time = self._stepping.clock(), self._stepping.time()
        matches = self.matches.create(setups, finished, clock, time)
        games = [game for match in matches for game in match.games]
        await self._play_bots([game for game in games if game.is_for_bots and game.board is None])
        return matches

    async def join(self, tokens: Sequence[str]) -> Board:
        """The board on which a session plays all games of the tokens.

        Raises:
            NotFound, InvalidArgument: as `Matches.games_of`.
            FailedPrecondition: a game is played seat by seat, or together with other games.
        """
        games = self.matches.games_of(tokens)
        async with self._beginning[games[0].match.setup.game.name]:
            board = games[0].board or await self._begin(games)
        if board.games != games or games[0] in self._seated:
            raise _played_otherwise(games[0])
        board.touched = self._stepping.clock()
        return board

    async def take_seat(self, token: str) -> tuple[SeatedGame, int]:
        """The game of a token to be played seat by seat, and the seat.

        Raises:
            NotFound: the token names no seat.
            FailedPrecondition: a session plays the game.
        """
        game, seat = self.matches.seat(token)
        async with self._beginning[game.match.setup.game.name]:
            if game.board is None:
                board = await self._begin([game])
                self._seated[game] = SeatedGame(
                    board, self._stepping, self._recorder, self._move_timeout
                )
        seated = self._seated.get(game)
        if seated is None:
            raise _played_otherwise(game)
        return seated, seat

    @property
    def live_matches(self) -> int:
        """Matches that are not finished."""
        return sum(match.finish_time is None for match in self.matches)

    @property
    def total_open_seats(self) -> int:
        """Open seats of all games."""
        return sum(map(self.open_seats, self.matches.running_games()))

    def open_seats(self, game: MatchGame) -> int:
        """Seats of a game that nobody has joined yet."""
        if game in self._seated:
            return self._seated[game].open_seats
        return 0 if game.board is not None else sum(map(bool, game.tokens))

    def end_streams(self, reason: MazemeshError) -> None:
        """Ends the streams of all seats and watchers."""
        for seated in self._seated.values():
            seated.stop(reason)
        for match in self.matches:
            for game in match.games:
                if game.board is not None:
                    game.board.batch.watchers.end_all()

    async def sweep(self, unplayed_seconds: float, keep_seconds: float) -> list[Match]:
        """Drops and returns matches that nobody plays; forgets those finished a while ago."""
        finished = [match for match in self.matches if match.finish_time is not None]
        for board in {game.board for match in finished for game in match.games}:
            if board is not None:
                await self._recorder.save(board)  # in case it failed when the match finished
        self.matches.drop_finished(self._stepping.time() - keep_seconds)
        self.matches.drop_failed()
        return self.matches.drop_unplayed(self._stepping.clock() - unplayed_seconds)

    async def _begin(self, games: list[MatchGame]) -> Board:
        batch = await self._stepping.in_thread(make_batch, games, self._new_engine)
        for game in games:
            if game.board is not None or not game.match.alive:
                raise _played_otherwise(game)
        board = Board(games, batch, self._stepping.clock())
        board.take_places()
        board.note_lost()  # of foreign games, some may not even begin
        return board

    async def _play_bots(self, games: list[MatchGame]) -> None:
        def rules(game: MatchGame) -> str:
            return game.match.setup.game.spec(game.match.setup.settings).rules_hash

        for _, group in groupby(sorted(games, key=rules), rules):
            # A caller that gives up must not leave games half played.
            task = asyncio.create_task(self._play_bots_together(list(group)))
            self._bot_games.add(task)
            task.add_done_callback(self._bot_games.discard)
            await asyncio.shield(task)

    async def _play_bots_together(self, games: list[MatchGame]) -> None:
        async with self._beginning[games[0].match.setup.game.name]:
            games = [game for game in games if game.board is None and game.match.alive]
            if not games:
                return
            board = await self._begin(games)
        outcomes = await self._stepping.in_thread(self._play_out, board)
        for index, outcome in outcomes.items():
            board.note(index, outcome, self._stepping.time())
            picture = board.batch.frame(index)
            board.batch.watchers.show(index, replace(picture, outcome=outcome))
        board.batch.close()
        await self._recorder.save(board)

    def _play_out(self, board: Board) -> dict[int, Outcome]:
        batch = board.batch
        outcomes: dict[int, Outcome] = {}
        nothing = np.zeros_like(batch.engine.taken)
        while batch.engine.active.any():
            start = self._stepping.clock()
            batch.step(nothing)
            report = batch.report()
            self._stepping.on_step(batch, report, self._stepping.clock() - start)
            for index in report.ended_games.tolist():
                outcomes[index] = batch.outcome(index)
            board.note_lost()
        return outcomes

    def _take_out(self, game: MatchGame, reason: MazemeshError) -> None:
        if game.board is not None:
            game.board.take_out(game)
        seated = self._seated.pop(game, None)
        if seated is not None:
            seated.stop(reason)


def _played_otherwise(game: MatchGame) -> FailedPrecondition:
    return FailedPrecondition(
        f"game {game.game_id!r} is played already: seat by seat, by a session that joined it "
        "together with other games, or not any more"
    )
