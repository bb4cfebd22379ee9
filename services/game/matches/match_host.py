"""Where players meet their games: matches are created, joined, played by bots, and dropped."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import nsmallest
from itertools import count

from mazemesh.errors import (
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    PermissionDenied,
)
from mazemesh.names import SEEKER, shown
from services.game.matches.bot_games import BotGames
from services.game.matches.match import Board, Match, MatchGame, make_batch
from services.game.matches.matches import Matches, check_fence
from services.game.matches.recorder import Recorder
from services.game.matches.seating import SeatedGame
from services.game.matches.setup import MatchSetup
from services.game.play.batch import NewEngine
from services.game.play.message_size import check_answer_fits
from services.game.play.room import Rooms
from services.game.play.stepping import Stepping
from services.game.store import ResultStore

MAX_GAMES = 8192
MAX_TOKENS = 65_536
"""What one session may join."""

_CALLERS = 4
"""So many times the moves of one call may wait of all."""

_SWEPT = 256
"""Matches that are dropped without letting others run."""


@dataclass(frozen=True, slots=True)
class VacantSeat:
    """A seat at which nobody is, since when by a monotonic clock."""

    game: MatchGame
    seat: int
    since: float


class MatchHost:
    """All matches of a server and where they are played.

    Args:
        limit: matches at one time.
        limit_games: their games at one time.
        serials: numbers games in the order in which they were made.
        new_engine: makes what plays them.
        rooms: the memory that games may take.
        move_timeout: seconds a seat has for a move when seats are played one by one.
        bot_moves: moves that the games of bots alone in one call may take.

    Attributes:
        matches: those there are.
        bots: plays the games that need no player.
    """

    def __init__(
        self,
        store: ResultStore,
        recorder: Recorder,
        stepping: Stepping,
        *,
        limit: int,
        limit_games: int,
        serials: count[int],
        new_engine: NewEngine,
        rooms: Rooms,
        move_timeout: float,
        bot_moves: int,
    ) -> None:
        self.matches = Matches(limit, limit_games, serials, self._take_out)
        self.bots = BotGames(
            stepping,
            recorder,
            rooms,
            new_engine,
            self.matches.drop,
            limit=bot_moves,
            limit_all=_CALLERS * bot_moves,
        )
        self._store = store
        self._recorder = recorder
        self._stepping = stepping
        self._new_engine = new_engine
        self._rooms = rooms
        self._stopping: MazemeshError | None = None
        self._move_timeout = move_timeout
        self._seated: dict[MatchGame, SeatedGame] = {}
        # Players of one match come at the same moment, and only one of them begins it; a game that
        # takes long to begin keeps no other game waiting.
        self._beginning: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create(self, setups: Sequence[MatchSetup]) -> list[Match]:
        """Creates matches, all or none, and plays their games that are bots' alone.

        Raises:
            MazemeshError: as `Matches.create`.
        """
        clock, time = self._stepping.clock(), self._stepping.time()
        claimed = await self._store.claim({one.match_id: one.fence for one in setups}, time)
        for index, setup in enumerate(setups):
            check_fence(index, setup, claimed.passed.get(setup.match_id, 0))
        made = await self._stepping.in_thread(self.matches.lay_out, setups, clock, time)
        # From here on nobody comes in between.
        self._check_serving()
        self.bots.check(_for_bots(match for match in made if not self.matches.has(match.setup)))
        matches = self.matches.create(made, claimed.finished, clock)
        new = set(made)
        self.bots.begin(_for_bots(match for match in matches if match in new))
        await self.bots.wait(_for_bots(matches))
        return matches

    async def join(self, tokens: Sequence[str], owner: str = "") -> Board:
        """The board on which a session plays all games of the tokens; from then on `owner`'s alone.

        Raises:
            PermissionDenied: the games were joined by another owner.
            NotFound, InvalidArgument: as `Matches.games_of`.
            FailedPrecondition: a game is played seat by seat, or together with other games.
        """
        if len(tokens) > MAX_TOKENS:
            raise InvalidArgument(f"seat_tokens: {len(tokens)} tokens; at most {MAX_TOKENS}")
        games = await self._stepping.in_thread(self.matches.games_of, tokens)
        if len(games) > MAX_GAMES:
            raise InvalidArgument(f"seat_tokens: they name {len(games)} games; at most {MAX_GAMES}")
        setup = games[0].match.setup
        check_answer_fits(setup.game, setup.settings, len(games), "seat_tokens")
        async with self._beginning[setup.game.name]:
            self._check_serving()
            board = games[0].board or await self._begin(games)
        if board.games != games or games[0] in self._seated:
            raise _played_otherwise(games[0])
        if board.owner not in (None, owner):
            raise PermissionDenied(
                f"seat_tokens: game {games[0].game_id!r} was joined with another key"
            )
        board.owner = owner
        board.touched = self._stepping.clock()
        return board

    async def take_seat(self, token: str, owner: str = "") -> tuple[SeatedGame, int]:
        """The game of a token to be played seat by seat, and the seat; then it is `owner`'s.

        Raises:
            PermissionDenied: the seat was taken by another owner.
            NotFound: the token names no seat.
            FailedPrecondition: a session plays the game.
        """
        game, seat = self.matches.seat(token)
        async with self._beginning[game.match.setup.game.name]:
            self._check_serving()
            if game.board is None:
                board = await self._begin([game])
                self._seated[game] = SeatedGame(
                    board, self._stepping, self._recorder, self._move_timeout
                )
        seated = self._seated.get(game)
        if seated is None:
            raise _played_otherwise(game)
        seated.claim(seat, owner)
        return seated, seat

    def vacant(self, seconds: float, most: int) -> list[VacantSeat]:
        """Seats that have stood empty for so long, in games where others may take them.

        Those that stand empty longest come first.
        """
        latest = self._stepping.clock() - seconds
        found = [
            VacantSeat(game, seat, since)
            for game, seated in self._seated.items()
            if _is_open(game)
            for seat, since in seated.empty_since().items()
            if since <= latest and len(seated.empty_since()) < len(seated.holds)
        ]
        return nsmallest(most, found, key=lambda one: one.since)

    def replace(self, game_id: str, seat: int, participant: str, replacement: str) -> str:
        """Gives an empty seat to another player; returns the token of it.

        Raises:
            InvalidArgument: there is no such seat, or the other is no player who could sit there.
            NotFound: there is no such game.
            FailedPrecondition: the seat is not to be given, any more or at all.
        """
        game = self.matches.game(game_id)
        if game is None:
            raise NotFound(f"game_id: there is no game {shown(game_id)}")
        seated = self._seated.get(game)
        if not 0 <= seat < len(game.tokens):
            raise InvalidArgument(f"seat: {seat} is outside 0..{len(game.tokens) - 1}")
        if game.replaced.get(seat) == replacement and game.outcome is None:
            return game.tokens[seat]
        SEEKER.check("replacement", replacement)
        names = game.names
        if replacement in names:
            raise InvalidArgument(f"replacement: {replacement!r} takes part in game {game_id!r}")
        if not _is_open(game) or seated is None or seat not in seated.empty_since():
            raise FailedPrecondition(
                f"seat {seat} of game {game_id!r} cannot be given away: somebody sits there, the "
                "game is over or has not begun, or its match is without backfill"
            )
        if names[seat] != participant:
            raise FailedPrecondition(
                f"participant: seat {seat} of game {game_id!r} is {names[seat]!r}'s, not "
                f"{participant!r}'s"
            )
        seated.release(seat)
        game.match.touched = self._stepping.clock()
        return self.matches.give(game, seat, replacement)

    def vacant_time(self, vacant: VacantSeat) -> float:
        """Since when a seat is vacant, in seconds since the epoch."""
        return self._stepping.time() - (self._stepping.clock() - vacant.since)

    @property
    def live_matches(self) -> int:
        """Matches that are not finished."""
        return sum(match.finish_time is None for match in self.matches)

    @property
    def total_open_seats(self) -> int:
        """Open seats of all games."""
        return sum(map(self.open_seats, self.matches.newest_games(None)))

    def open_seats(self, game: MatchGame) -> int:
        """Seats of a game that nobody has joined yet."""
        if game in self._seated:
            return self._seated[game].open_seats
        return 0 if game.board is not None else sum(map(bool, game.tokens))

    def end_streams(self, reason: MazemeshError) -> None:
        """Ends the streams of all seats and watchers, those that come, and games of bots."""
        self._stopping = reason
        self.bots.stop(reason)
        for seated in self._seated.values():
            seated.stop(reason)
        for match in self.matches:
            for game in match.games:
                if game.board is not None:
                    game.board.batch.watchers.end_all(reason)

    async def sweep(self, unplayed_seconds: float, keep_seconds: float) -> list[Match]:
        """Drops and returns matches that nobody plays; forgets those finished a while ago."""
        finished = [match for match in self.matches if match.finish_time is not None]
        for board in {game.board for match in finished for game in match.games}:
            if board is not None:
                await self._recorder.save(board)  # in case it failed when the match finished
        before, latest = self._stepping.time() - keep_seconds, self._stepping.clock()
        await _in_portions(partial(self.matches.drop_finished, before, _SWEPT))
        await _in_portions(partial(self.matches.drop_failed, _SWEPT))
        unplayed = partial(self.matches.drop_unplayed, latest - unplayed_seconds, _SWEPT)
        return await _in_portions(unplayed)

    def _check_serving(self) -> None:
        if self._stopping is not None:
            raise self._stopping

    async def _begin(self, games: list[MatchGame]) -> Board:
        setup = games[0].match.setup
        share = await self._rooms.take(
            setup.game, setup.settings, len(games), "seat_tokens", autoreset=False
        )
        batch = await self._stepping.in_thread(make_batch, games, self._new_engine, share)
        for game in games:
            if game.board is not None or not game.match.alive:
                raise _played_otherwise(game)
        board = Board(games, batch, self._stepping.clock())
        board.take_places()
        board.note_lost()  # of foreign games, some may not even begin
        return board

    def _take_out(self, game: MatchGame, reason: MazemeshError) -> None:
        if game.board is not None:
            game.board.take_out(game)
        seated = self._seated.pop(game, None)
        if seated is not None:
            seated.stop(reason)


async def _in_portions(drop: Callable[[], list[Match]]) -> list[Match]:
    """Drops matches until there are none, and lets others run in between."""
    dropped: list[Match] = []
    while portion := drop():
        dropped += portion
        await asyncio.sleep(0)
    return dropped


def _is_open(game: MatchGame) -> bool:
    return game.match.setup.backfill and game.match.alive and game.outcome is None


def _for_bots(matches: Iterable[Match]) -> list[MatchGame]:
    return [game for match in matches for game in match.games if game.is_for_bots]


def _played_otherwise(game: MatchGame) -> FailedPrecondition:
    return FailedPrecondition(
        f"game {game.game_id!r} is played already: seat by seat, by a session that joined it "
        "together with other games, or not any more"
    )
