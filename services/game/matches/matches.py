"""The matches of a server: created, found by token or id, dropped when nobody plays them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count, islice

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
    ResourceExhausted,
)
from services.game.matches.match import Match, MatchGame, lay_out
from services.game.matches.setup import MatchSetup

Seat = tuple[MatchGame, int]


class Matches:
    """All matches that are unfinished, or finished a moment ago.

    Args:
        limit: matches at one time.
        limit_games: their games at one time.
        serials: numbers games in the order in which they were made.
        on_drop: called with each game that counts no more, and why.
    """

    def __init__(
        self,
        limit: int,
        limit_games: int,
        serials: count[int],
        on_drop: Callable[[MatchGame, MazemeshError], None],
    ) -> None:
        self._limit = limit
        self._limit_games = limit_games
        self._serials = serials
        self._on_drop = on_drop
        self._matches: dict[str, Match] = {}
        self._games: dict[str, MatchGame] = {}
        self._seats: dict[str, Seat] = {}

    def __iter__(self) -> Iterator[Match]:
        return iter(list(self._matches.values()))

    def has(self, setup: MatchSetup) -> bool:
        """Whether the match is there under the same fence."""
        known = self._matches.get(setup.match_id)
        return known is not None and known.setup.fence == setup.fence

    def __len__(self) -> int:
        return len(self._matches)

    def newest_games(self, before: int | None) -> Iterator[MatchGame]:
        """Games that have not ended, the newest first, of those with a lower serial."""
        # Games are made, and so stand in the dict, in the order of their serials.
        for game in reversed(self._games.values()):
            if game.outcome is None and (before is None or game.serial < before):
                yield game

    def lay_out(self, setups: Sequence[MatchSetup], now: float, time: float) -> list[Match]:
        """Matches of the setups, which `create` takes in; in any thread, as it may take long."""
        matches = [Match(setup, create_time=time, touched=now) for setup in setups]
        for match in matches:
            lay_out(match)
        return matches

    def create(self, made: Sequence[Match], finished: Collection[str], now: float) -> list[Match]:
        """Takes in matches, or finds those that are there already; all or none.

        Args:
            made: by `lay_out`.
            finished: those of their ids that are known to be finished.
            now: by a monotonic clock.

        Raises:
            InvalidArgument: a match id stands twice in the setups.
            FailedPrecondition: a match is finished, or was created under a higher fence.
            AlreadyExists: another setup stands under a match id and fence.
            ResourceExhausted: there are too many matches, or games.
        """
        self._check([match.setup for match in made], finished)
        self._check_room(made)
        return [self._find_or_take(match, now) for match in made]

    def seat(self, token: str) -> Seat:
        """The game and seat of a token.

        Raises:
            NotFound: it names none (any more).
        """
        try:
            return self._seats[token]
        except KeyError:
            raise NotFound(
                f"seat token {token[:6]!r}... names no seat; the match may be over, replaced by a "
                "later lease, or dropped because nobody played it"
            ) from None

    def game(self, game_id: str) -> MatchGame | None:
        """The game of that id."""
        return self._games.get(game_id)

    def games_of(self, tokens: Sequence[str]) -> list[MatchGame]:
        """The games of which the tokens are all seats, in the order of their first token.

        Raises:
            NotFound: a token names no seat.
            InvalidArgument: no token, one twice, a seat without its token, or games that differ in
                rules or settings.
        """
        if not tokens:
            raise InvalidArgument("seat_tokens is empty; it should name the seats to play")
        if len(set(tokens)) < len(tokens):
            raise InvalidArgument("seat_tokens: a token stands twice")
        games = list(dict.fromkeys(self.seat(token)[0] for token in tokens))
        given = set(tokens)
        first = games[0].match.setup
        for game in games:
            for seat, token in enumerate(game.tokens):
                if token and token not in given:
                    raise InvalidArgument(
                        f"seat_tokens: the token of seat {seat} of game {game.game_id!r} is missing"
                    )
            setup = game.match.setup
            if (setup.game, setup.settings) != (first.game, first.settings):
                raise InvalidArgument(
                    f"seat_tokens: game {game.game_id!r} has another game or other settings than "
                    f"{games[0].game_id!r}; join them in sessions of their own"
                )
        return games

    def give(self, game: MatchGame, seat: int, player: str) -> str:
        """Gives a seat to another player: the old token names nothing any more; the new one."""
        self._seats.pop(game.tokens[seat], None)
        token = game.give(seat, player)
        self._seats[token] = (game, seat)
        return token

    def drop(self, match: Match, reason: MazemeshError) -> None:
        """Forgets a match; games that still run are stopped."""
        match.alive = False
        self._matches.pop(match.setup.match_id, None)
        for game in match.games:
            self._games.pop(game.game_id, None)
            for token in filter(None, game.tokens):
                self._seats.pop(token, None)
            self._on_drop(game, reason)
            game.board = None  # what is played there may go with its session

    def drop_unplayed(self, latest: float, most: int) -> list[Match]:
        """Drops and returns unfinished matches about which nobody did anything since `latest`.

        At most so many at once; what is left is for the next call.
        """
        unplayed = (
            match
            for match in self
            if match.finish_time is None
            and match.touched <= latest
            and _last_touched(match) <= latest
        )
        dropped = list(islice(unplayed, most))
        for match in dropped:
            reason = FailedPrecondition(
                f"match {match.setup.match_id!r} was dropped because nobody played it"
            )
            self.drop(match, reason)
        return dropped

    def drop_failed(self, most: int) -> list[Match]:
        """Drops and returns matches of which a game was lost, at most so many at once."""
        failed = list(islice((match for match in self if match.failed), most))
        for match in failed:
            reason = FailedPrecondition(
                f"match {match.setup.match_id!r} was dropped: its game failed"
            )
            self.drop(match, reason)
        return failed

    def drop_finished(self, latest: float, most: int) -> list[Match]:
        """Drops and returns matches that are saved and finished before `latest`, likewise.

        `latest` is in seconds since the epoch.
        """
        over = (
            match
            for match in self
            if match.finish_time is not None and match.finish_time <= latest and _is_saved(match)
        )
        dropped = list(islice(over, most))
        for match in dropped:
            self.drop(match, NotFound(f"match {match.setup.match_id!r} is over"))
        return dropped

    def _check(self, setups: Sequence[MatchSetup], finished: Collection[str]) -> None:
        seen: dict[str, int] = {}
        for index, setup in enumerate(setups):
            if setup.match_id in seen:
                raise InvalidArgument(
                    f"matches[{index}].match_id: {setup.match_id!r} is that of "
                    f"matches[{seen[setup.match_id]}] too"
                )
            seen[setup.match_id] = index
            known = self._matches.get(setup.match_id)
            over = known is not None and known.finish_time is not None
            if over or setup.match_id in finished:
                raise FailedPrecondition(
                    f"matches[{index}]: {setup.match_id!r} is finished",
                    reason=Reason.MATCH_FINISHED,
                )
            if known is not None:
                _check_known(index, known.setup, setup)

    def _check_room(self, made: Sequence[Match]) -> None:
        new = [match for match in made if match.setup.match_id not in self._matches]
        games = sum(len(match.games) for match in new)
        for what, number, more, limit in (
            ("matches", len(self._matches), len(new), self._limit),
            ("games of matches", len(self._games), games, self._limit_games),
        ):
            if number + more > limit:
                raise ResourceExhausted(
                    f"{number} {what} are waiting or running; with {more} more they would pass the "
                    f"limit of {limit}",
                    retry_after=5.0,
                )

    def _find_or_take(self, match: Match, now: float) -> Match:
        setup = match.setup
        known = self._matches.get(setup.match_id)
        if known is not None and known.setup.fence == setup.fence:
            known.touched = now
            return known
        if known is not None:
            reason = FailedPrecondition(
                f"match {setup.match_id!r} was replaced under fence {setup.fence}"
            )
            self.drop(known, reason)
        self._matches[setup.match_id] = match
        for game in match.games:
            game.serial = next(self._serials)
            self._games[game.game_id] = game
            for seat, token in enumerate(game.tokens):
                if token:
                    self._seats[token] = (game, seat)
        return match


def check_fence(index: int, setup: MatchSetup, fence: int) -> None:
    """Raises FailedPrecondition where the match was created under a higher fence."""
    if setup.fence < fence:
        raise FailedPrecondition(
            f"matches[{index}].fence: {setup.fence} is lower than {fence}, under which match "
            f"{setup.match_id!r} was created since",
            reason=Reason.FENCE_PASSED,
        )


def _check_known(index: int, known: MatchSetup, setup: MatchSetup) -> None:
    check_fence(index, setup, known.fence)
    if setup.fence == known.fence and setup != known:
        raise AlreadyExists(
            f"matches[{index}]: another setup stands under match_id {setup.match_id!r} and fence "
            f"{setup.fence}"
        )


def _is_saved(match: Match) -> bool:
    return all(game.board is None or match not in game.board.unsaved for game in match.games)


def _last_touched(match: Match) -> float:
    boards = [game.board.touched for game in match.games if game.board is not None]
    return max([match.touched, *boards])
