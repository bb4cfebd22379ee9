"""A tournament that is run: what was asked, what is out, how it ended; its log is beside it.

Who meets whom is `tournament.fold` of the plan and the log. Each function makes a new run of one,
and the store replaces it unless it was changed meanwhile. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

from mazemesh.games import GameSettings, is_bot
from services.matchmaker.runs.store import Step
from services.matchmaker.tournaments.plan import Encounter, Forfeit, Format, Plan

_PERSON = "player/"


class TournamentState(Enum):
    """Where a tournament is in its life."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Seeding(Enum):
    """Who is taken for the better one at the start."""

    RATING = "rating"
    GIVEN = "given"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Entrant:
    """One who takes part: a name, and who plays for it.

    Attributes:
        name: Unique in the tournament.
        members: One, who holds all seats of a side; or one for each seat of a team.
    """

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A tournament as it was asked for; title and who asks are no part of it.

    Attributes:
        format: How it goes.
        seeding: Who is the better one at the start.
        entrants: Members may be named by an alias.
        seed: Of what is drawn.
        rounds: See `Plan`.
        best_of: See `Plan`.
        game: What is played; empty: what the first version was trained on.
        settings: Of the game; None are its defaults, or those of the first version.
        rated: Whether results count; None: as the service is set.
        patience: Seconds that a match waits for people.
        title: For people.
        starter: Who asks, as the caller says.
    """

    format: Format
    seeding: Seeding
    entrants: tuple[Entrant, ...]
    seed: int = 0
    rounds: int = 0
    best_of: int = 1
    game: str = ""
    settings: GameSettings | None = None
    rated: bool | None = None
    patience: float = 300.0
    title: str = field(default="", compare=False)
    starter: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Place:
    """One seat of one game; `game_address` is empty where Game is one."""

    game_id: str
    seat_token: str
    seat: int
    game_address: str = ""


@dataclass(frozen=True, slots=True)
class Out:
    """A match that was issued and whose result is not in the log, or that waits for people.

    Attributes:
        key: Of its encounter.
        number: Among the encounter's matches, from 0.
        called: Whether it waits for people, and nothing was created yet.
        deadline: When people have to be there, or to be through with it; 0 without people.
        reissued: How often it was issued anew after it was abandoned.
        seats: By person, a seat of each game.
    """

    key: str
    number: int
    called: bool = False
    deadline: float = 0.0
    reissued: int = 0
    seats: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log: a match that was played, or why there is none.

    Attributes:
        key: Of the encounter.
        number: Of the match in it; -1 of a forfeit.
        score: Of the first entrant, 0..1.
        forfeit: What it is, if it is one.
        time: When it was written.
    """

    key: str
    number: int
    score: float
    forfeit: Forfeit | None
    time: float


@dataclass(frozen=True)
class TournamentRun:
    """One tournament.

    Attributes:
        tournament_id: Begins the ids of its matches.
        request_id: Of the request that started it.
        asked: The question.
        plan: What follows from it; the entrants by seed.
        entrants: In the plan's order, with versions in place of aliases.
        sides: By seat, which side holds it, where each member holds one; else empty.
        ladder: Where its matches stand in Elo's log.
        game: Name of the game.
        settings: Of its matches.
        create_time: When it was started.
        rated: Whether its ladder is where players are rated.
        key_id: Of the key that was shown.
        state: See `TournamentState`.
        out: See `Out`.
        played: Matches whose results are in the log.
        progress_time: When one last came in, or the first was issued.
        explanation: How it ended, or what it waits for.
        winners: Indices of the entrants in the first place, at the end.
        end_time: When it ended.
        revision: Counts its changes.
    """

    tournament_id: str
    request_id: str
    asked: Asked
    plan: Plan
    entrants: tuple[Entrant, ...]
    sides: tuple[int, ...]
    ladder: str
    game: str
    settings: GameSettings
    create_time: float
    rated: bool = True
    key_id: str = ""
    state: TournamentState = TournamentState.RUNNING
    out: tuple[Out, ...] = ()
    played: int = 0
    progress_time: float = 0.0
    explanation: str = ""
    winners: tuple[int, ...] = ()
    end_time: float = 0.0
    revision: int = 0

    @property
    def run_id(self) -> str:
        """The same as of a gate."""
        return self.tournament_id

    @property
    def name(self) -> str:
        """Tournaments are listed under none."""
        return ""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state is TournamentState.RUNNING

    @cached_property
    def people(self) -> tuple[frozenset[str], ...]:
        """By entrant, those of its members who are people."""
        return tuple(
            frozenset(one for one in entrant.members if one.startswith(_PERSON))
            for entrant in self.entrants
        )

    @cached_property
    def only_bots(self) -> tuple[bool, ...]:
        """By entrant, whether Game plays for it."""
        return tuple(all(map(is_bot, entrant.members)) for entrant in self.entrants)

    def match_id(self, key: str, number: int) -> str:
        """Id of a match."""
        return f"{self.tournament_id}/{key}/{number}"

    def people_of(self, one: Encounter) -> frozenset[str]:
        """The people of an encounter."""
        if one.second is None:
            return frozenset()
        return self.people[one.first] | self.people[one.second]

    def participants(self, one: Encounter) -> tuple[str, ...]:
        """Who takes part in matches of an encounter, in the order in which Game is told."""
        if one.second is None:
            raise ValueError(f"encounter {one.key} is a bye; nobody plays it")
        members = self.entrants[one.first].members, self.entrants[one.second].members
        if not self.sides:
            return (*members[0], *members[1])
        queues = iter(members[0]), iter(members[1])
        return tuple(next(queues[side]) for side in self.sides)


@dataclass(frozen=True, slots=True)
class Move(Step[TournamentRun]):
    """A step of a tournament, with what it writes into the log."""

    entries: Sequence[Entry] = ()


def ended(
    run: TournamentRun,
    state: TournamentState,
    explanation: str,
    now: float,
    winners: Sequence[int] = (),
) -> Move | None:
    """The run at its end; None when it has ended before."""
    if not run.running:
        return None
    over = replace(
        run,
        state=state,
        explanation=explanation,
        end_time=now,
        winners=tuple(winners),
        out=(),
    )
    return Move(over)
