"""Players who wait for an opponent: tickets and rating windows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from mazemesh.games import GameSettings


class TicketState(Enum):
    """A ticket waits, is being matched, and ends in one of three ways."""

    WAITING = "waiting"
    MATCHING = "matching"
    MATCHED = "matched"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDED = (TicketState.MATCHED, TicketState.CANCELLED, TicketState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a player asks for.

    Attributes:
        player: "player/..." or "name:version".
        ladder: Ladder of game and settings.
        game: Name of the game.
        settings: Its settings.
        size: Participants of a match.
        rated: Whether the result counts.
        max_wait: Seconds after which the ticket expires.
        bot_after: Seconds after which a bot will do; None is never.
        bots: Who plays the game then.
        owner: Id of the key that asks, to which the ticket belongs; empty without keys.
        party: Players who come along, and sit in the same team.
        teams: Team of each start place; empty where each plays for itself.
        person: Who asks, where that is known: two tickets of a person never meet.
        backfill: Whether a seat of a running match will do, and whether the player's own seat may
            be given to another when it stays empty.
        asked: "name:alias", where `player` is the version that it stood for; empty elsewhere.
        experiment_id: The experiment that chose that version; empty: none.
    """

    player: str
    ladder: str
    game: str
    settings: GameSettings
    size: int
    rated: bool
    max_wait: float
    bot_after: float | None = None
    bots: tuple[str, ...] = ()
    owner: str = ""
    party: tuple[str, ...] = ()
    teams: tuple[int, ...] = ()
    person: str = ""
    backfill: bool = False
    asked: str = ""
    experiment_id: str = ""

    def is_of(self, other: Wish) -> bool:
        """Whether both ask for the same, whatever an alias stood for at the time."""
        if not self.asked:
            return self == other
        return self == replace(other, player=self.player, experiment_id=self.experiment_id)

    @property
    def players(self) -> tuple[str, ...]:
        """Who asks, and the party: as many seats are wanted."""
        return (self.player, *self.party)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a matched player sits down; `game_address` is empty where Game is one.

    It is `backfilled` in a game that runs already.
    """

    match_id: str
    game_id: str
    seat_token: str
    seat: int
    participants: tuple[str, ...]
    game_address: str = ""
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A player in the queue. Times are seconds of one clock.

    Attributes:
        ticket_id: Its id.
        request_id: The request that made it.
        wish: What is asked for.
        rating: The player's rating when it came; of a party the mean of its players.
        since: When it came.
        state: See `TicketState`.
        gone_since: When its last stream broke; None while somebody listens.
        listener: Instance at which somebody listens, or did.
        hold: Names the attempt to seat it, while it is being matched.
        held_until: When it waits again if that attempt is not heard of.
        end_time: When it ended.
        seats: The result, once matched: of each of the wish's players.
    """

    ticket_id: str
    request_id: str
    wish: Wish
    rating: float
    since: float
    state: TicketState = TicketState.WAITING
    gone_since: float | None = None
    listener: str = ""
    hold: str = ""
    held_until: float = 0.0
    end_time: float = 0.0
    seats: tuple[Seat, ...] = ()

    @property
    def seat(self) -> Seat | None:
        """That of the player who asked; None until it is matched."""
        return self.seats[0] if self.seats else None


@dataclass(frozen=True, slots=True)
class Window:
    """How far an opponent's rating may be away: widens in steps with waiting, up to a ceiling.

    Attributes:
        start: Elo at first.
        step: Elo added each time.
        step_seconds: How often.
        ceiling: Elo at most.
    """

    start: float = 100.0
    step: float = 50.0
    step_seconds: float = 5.0
    ceiling: float = 500.0

    def after(self, waited: float) -> float:
        """The window after so many seconds."""
        steps = math.floor(max(waited, 0.0) / self.step_seconds)
        return min(self.start + steps * self.step, self.ceiling)

    def after_all(self, waited: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """As `after`, for a column of times."""
        steps = np.floor(np.maximum(waited, 0.0) / self.step_seconds)
        return np.minimum(self.start + steps * self.step, self.ceiling)

    def next_change(self, waited: float) -> float | None:
        """Seconds until it widens; None at the ceiling."""
        if self.after(waited) >= self.ceiling:
            return None
        return self.step_seconds - max(waited, 0.0) % self.step_seconds


def accept(first: Ticket, second: Ticket, window: Window, now: float) -> bool:
    """Whether each is within the other's window, and they are not one person; symmetric."""
    if first.wish.person and first.wish.person == second.wish.person:
        return False
    reach = min(window.after(now - first.since), window.after(now - second.since))
    return abs(first.rating - second.rating) <= reach


def wants_bot(ticket: Ticket, now: float) -> bool:
    """Whether a ticket has waited so long that a bot will do."""
    after = ticket.wish.bot_after
    return can_play(ticket) and after is not None and now - ticket.since >= after


def held(ticket: Ticket, hold: str, until: float) -> Ticket:
    """The ticket while an attempt to seat it lasts, at most until then."""
    return replace(ticket, state=TicketState.MATCHING, hold=hold, held_until=until)


def released(ticket: Ticket) -> Ticket:
    """The ticket as it waits again."""
    return replace(ticket, state=TicketState.WAITING, hold="", held_until=0.0)


def matched(ticket: Ticket, seats: tuple[Seat, ...], now: float) -> Ticket:
    """The ticket as it ends with seats."""
    return replace(ticket, state=TicketState.MATCHED, end_time=now, seats=seats)


def can_play(ticket: Ticket) -> bool:
    """Whether it waits and somebody listens."""
    return ticket.state is TicketState.WAITING and ticket.gone_since is None


def expired(ticket: Ticket, grace: float, now: float) -> bool:
    """Whether a waiting ticket's time is up, or its stream has been gone for the grace."""
    if ticket.state is not TicketState.WAITING:
        return False
    gone = ticket.gone_since is not None and now - ticket.gone_since >= grace
    return gone or now - ticket.since >= ticket.wish.max_wait
