"""The matches of a server: created, found by token or id, dropped when nobody plays them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
    ResourceExhausted,
)
from services.game.match import Match, MatchGame, lay_out
from services.game.setup import MatchSetup

Seat = tuple[MatchGame, int]


class Matches:
    """All matches that are unfinished, or finished a moment ago.

    Args:
        limit: matches at one time.
        serials: numbers games in the order in which they were made.
        on_drop: called with each game that counts no more, and why.
    """

    def __init__(
        self, limit: int, serials: count[int], on_drop: Callable[[MatchGame, MazemeshError], None]
    ) -> None:
        self._limit = limit
        self._serials = serials
        self._on_drop = on_drop
        self._matches: dict[str, Match] = {}
        self._games: dict[str, MatchGame] = {}
        self._seats: dict[str, Seat] = {}

    def __iter__(self) -> Iterator[Match]:
        return iter(list(self._matches.values()))

    def running_games(self) -> Iterator[MatchGame]:
        """Games that have not ended."""
        return (game for game in self._games.values() if game.outcome is None)

    def create(
        self, setups: Sequence[MatchSetup], finished: Collection[str], now: float, time: float
    ) -> list[Match]:
        """The matches of the setups, made if they are not there; all or none.

        Args:
            setups: what is asked for.
            finished: those of their ids that are known to be finished.
            now: by a monotonic clock.
            time: seconds since the epoch.

        Raises:
            InvalidArgument: a match id stands twice in the setups.
            FailedPrecondition: a match is finished, or was created under a higher fence.
            AlreadyExists: another setup stands under a match id and fence.
            ResourceExhausted: there are too many matches.
        """
        self._check(setups, finished)
        return [self._take_or_make(setup, now, time) for setup in setups]

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

    def drop(self, match: Match, reason: MazemeshError) -> None:
        """Forgets a match; games that still run are stopped."""
        match.alive = False
        self._matches.pop(match.setup.match_id, None)
        for game in match.games:
            self._games.pop(game.game_id, None)
            for token in filter(None, game.tokens):
                self._seats.pop(token, None)
            self._on_drop(game, reason)

    def drop_unplayed(self, latest: float) -> list[Match]:
        """Drops and returns unfinished matches about which nobody did anything since `latest`."""
        unplayed = [
            match for match in self if match.finish_time is None and _last_touched(match) <= latest
        ]
        for match in unplayed:
            reason = FailedPrecondition(
                f"match {match.setup.match_id!r} was dropped because nobody played it"
            )
            self.drop(match, reason)
        return unplayed

    def drop_failed(self) -> None:
        """Forgets matches of which a game was lost."""
        for match in self:
            if match.failed:
                reason = FailedPrecondition(
                    f"match {match.setup.match_id!r} was dropped: its game failed"
                )
                self.drop(match, reason)

    def drop_finished(self, latest: float) -> None:
        """Forgets matches that finished before `latest`, in seconds since the epoch."""
        for match in self:
            saved = all(
                game.board is None or match not in game.board.unsaved for game in match.games
            )
            if match.finish_time is not None and match.finish_time <= latest and saved:
                self.drop(match, NotFound(f"match {match.setup.match_id!r} is over"))

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
        new = len(setups) - sum(setup.match_id in self._matches for setup in setups)
        if len(self._matches) + new > self._limit:
            raise ResourceExhausted(
                f"{len(self._matches)} matches are waiting or running; with {new} more they would "
                f"pass the limit of {self._limit}"
            )

    def _take_or_make(self, setup: MatchSetup, now: float, time: float) -> Match:
        known = self._matches.get(setup.match_id)
        if known is not None and known.setup.fence == setup.fence:
            known.touched = now
            return known
        if known is not None:
            reason = FailedPrecondition(
                f"match {setup.match_id!r} was replaced under fence {setup.fence}"
            )
            self.drop(known, reason)
        match = Match(setup, create_time=time, touched=now)
        lay_out(match, self._serials)
        self._matches[setup.match_id] = match
        for game in match.games:
            self._games[game.game_id] = game
            for seat, token in enumerate(game.tokens):
                if token:
                    self._seats[token] = (game, seat)
        return match


def _check_known(index: int, known: MatchSetup, setup: MatchSetup) -> None:
    if setup.fence < known.fence:
        raise FailedPrecondition(
            f"matches[{index}].fence: {setup.fence} is lower than {known.fence}, under which match "
            f"{setup.match_id!r} was created since",
            reason=Reason.FENCE_PASSED,
        )
    if setup.fence == known.fence and setup != known:
        raise AlreadyExists(
            f"matches[{index}]: another setup stands under match_id {setup.match_id!r} and fence "
            f"{setup.fence}"
        )


def _last_touched(match: Match) -> float:
    boards = [game.board.touched for game in match.games if game.board is not None]
    return max([match.touched, *boards])
