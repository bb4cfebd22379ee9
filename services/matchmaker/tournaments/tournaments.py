"""Tournaments as they are asked for, and their matches as evaluators are given them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from mazemesh.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.games.ladder import EXHIBITION
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import EloPeer
from services.matchmaker.rating.ladders import Ladder, ladder_of
from services.matchmaker.rating.leases import Match, Terms
from services.matchmaker.rating.players import START_RATING
from services.matchmaker.runs.holds import Holds
from services.matchmaker.runs.resolving import Resolver
from services.matchmaker.setup import CreatedMatch
from services.matchmaker.tournaments.books import Books
from services.matchmaker.tournaments.issuing import Rules, for_workers, issued
from services.matchmaker.tournaments.plan import Format, Plan
from services.matchmaker.tournaments.run import (
    Asked,
    Entrant,
    Move,
    Place,
    Seeding,
    TournamentRun,
    TournamentState,
    ended,
)
from services.matchmaker.tournaments.store import TournamentStore

PREFIX: Final = "tournament-"
"""How ids of tournaments begin, and so those of their matches."""

_PERSON = "player/"
_RESOLVED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What tournaments may take, and whether they rate.

    Attributes:
        most: That run at once.
        rates: Whether those without people count in ratings, where they do not say so.
    """

    most: int
    rates: bool


class Tournaments:
    """All of them; any number of instances start them and hand out their matches.

    Args:
        store: Where they are kept.
        books: What follows from their logs.
        numbers: Ids.
        resolver: Who may meet whom.
        elo: Has the ratings that seed them.
        limits, rules: See there.
        terms: Of leases.
        changed: Told when one has changed.
        clock: Seconds since 1970.
        holds: Keeps who plays; None: nobody collects versions.

    Attributes:
        busy: Whether one ran when matches were last asked for.
        cancelled: How many were cancelled here.
    """

    def __init__(
        self,
        store: TournamentStore,
        books: Books,
        numbers: Numbers,
        resolver: Resolver,
        elo: EloPeer,
        *,
        limits: Limits,
        rules: Rules,
        terms: Terms,
        changed: Callable[[], None],
        clock: Callable[[], float],
        holds: Holds | None = None,
    ) -> None:
        self._store, self._books, self._numbers = store, books, numbers
        self._resolver, self._elo = resolver, elo
        self._limits, self._rules, self._terms = limits, rules, terms
        self._changed, self._clock = changed, clock
        self._holds = holds
        self.busy = False
        self.cancelled = 0

    async def create(self, request_id: str, asked: Asked, *, key_id: str = "") -> TournamentRun:
        """Starts a tournament, or returns the one that this request started.

        Raises:
            AlreadyExists: the request asked something else before.
            NotFound, FailedPrecondition, InvalidArgument: as CreateTournament of matchmaker.proto
                says.
            ResourceExhausted: too many run.
            Unavailable: Model, Game or Elo is away.
        """
        known = (await self._store.requested([request_id])).get(request_id)
        if known is not None:
            return _same(known, asked)
        run = await self._resolved(request_id, asked, key_id)
        if self._holds is not None:
            await self._holds.of_run(players_of(run), run.tournament_id)
        opened = _same(await self._store.open(run, self._limits.most), asked)
        self._changed()
        return opened

    async def cancel(self, tournament_id: str, reason: str) -> TournamentRun:
        """Ends one as it stands; one that has ended stays as it is.

        Raises:
            NotFound: there is none.
        """
        words = f"cancelled: {reason}" if reason else "cancelled"
        now = self._clock()
        done = await self._store.change(
            tournament_id, lambda run: ended(run, TournamentState.CANCELLED, words, now)
        )
        if done is not None:
            self.cancelled += 1
            self._changed()
        return await self.get(tournament_id)

    async def get(self, tournament_id: str) -> TournamentRun:
        """One tournament.

        Raises:
            NotFound: there is none.
        """
        run = await self._store.get(tournament_id)
        if run is None:
            raise NotFound(
                f"tournament_id: there is no tournament {tournament_id!r} here; ListTournaments "
                "has them"
            )
        return run

    def come(self, *, first: bool) -> None:
        """A person is there; where that is new, whoever drives looks at once."""
        if first:
            self._changed()

    async def issue(self, worker: str, limit: int, game: str = "") -> list[Match]:
        """At most `limit` new matches, leased to a worker; the oldest tournament's come first."""
        given: list[Match] = []
        runs = await self._store.running()
        self.busy = bool(runs)
        for run in runs:
            if len(given) == limit:
                break
            if game in ("", run.game):
                given += await self._issue_of(run, worker, limit - len(given))
        if given:
            self._changed()
        return given

    async def created(self, match: Match, made: CreatedMatch) -> CreatedMatch:
        """Keeps the seats of people for them; the rest is the worker's."""
        if not any(one.startswith(_PERSON) for one in match.participants):
            return made
        seats, rest = parted(match.participants, made)
        await self._store.change(match.run_id, partial(seated, match.match_id, seats))
        self._changed()
        return rest

    async def _issue_of(self, run: TournamentRun, worker: str, limit: int) -> Sequence[Match]:
        book = await self._books.of(run)
        wanted = for_workers(run, book.ready(), min(limit, self._rules.outstanding))
        if not wanted:
            return ()
        now = self._clock()
        last: list[Move] = []

        def change(present: TournamentRun) -> Move | None:
            last.clear()
            if present.revision != run.revision:
                return None  # another was faster; its evaluator has the matches
            move = issued(
                *(present, wanted),
                worker=worker,
                terms=self._terms,
                most=self._rules.outstanding,
                now=now,
            )
            if move is not None:
                last.append(move)
            return move

        await self._store.change(run.run_id, change)
        return last[0].matches if last else ()

    async def _resolved(self, request_id: str, asked: Asked, key_id: str) -> TournamentRun:
        ladder, team_of_seat = await self._played(asked)
        entrants = await self._entrants(asked, ladder)
        sides = _sides(entrants, ladder, team_of_seat)
        people = any(one.startswith(_PERSON) for each in entrants for one in each.members)
        if people and (ladder.is_shared or (not sides and ladder.settings.seats > 2)):
            raise FailedPrecondition(
                f"entrants: a person holds one seat, and in {ladder.game} an entrant of one member "
                "holds several; name a member for each seat, or no people"
            )
        entrants = await self._in_order(asked, ladder, entrants)
        rated = asked.rated if asked.rated is not None else self._limits.rates and not people
        plan = Plan(
            asked.format,
            tuple(one.name for one in entrants),
            asked.seed,
            asked.rounds,
            asked.best_of,
            seeded=asked.seeding is not Seeding.RANDOM,
        )
        now = self._clock()
        return TournamentRun(
            # The same when it is asked for again.
            f"{PREFIX}{await self._numbers.unique(f'tournament {request_id}')}",
            request_id,
            asked,
            plan,
            tuple(entrants),
            sides,
            ladder.name if rated else f"{ladder.name}{EXHIBITION}",
            ladder.game,
            ladder.settings,
            now,
            rated,
            key_id,
            progress_time=now,
        )

    async def _played(self, asked: Asked) -> tuple[Ladder, tuple[int, ...]]:
        """The ladder, and the team of each start place."""
        game, settings = asked.game, asked.settings
        if not game:
            first = next(
                (
                    one
                    for each in asked.entrants
                    for one in each.members
                    if not one.startswith(("bot/", _PERSON))
                ),
                None,
            )
            if first is None:
                raise InvalidArgument(
                    "game: is empty, and no entrant is a version whose game could be taken; name it"
                )
            version = await self._resolver.version("entrants", first)
            game, settings = version.game, version.settings
        known = await self._resolver.game(game, settings)
        ladder = ladder_of(known)
        if ladder.players != 2:
            raise FailedPrecondition(
                f"matches on {ladder.name} are of {ladder.players}; a tournament needs a game of "
                "two sides"
            )
        return ladder, known.spec.teams

    async def _entrants(self, asked: Asked, ladder: Ladder) -> list[Entrant]:
        """With versions in place of aliases; all members different."""
        names = [(index, one) for index, each in enumerate(asked.entrants) for one in each.members]
        found: list[str] = []
        for start in range(0, len(names), _RESOLVED_AT_ONCE):
            part = names[start : start + _RESOLVED_AT_ONCE]
            found += await asyncio.gather(
                *(self._member(index, one, ladder) for index, one in part)
            )
        if len(set(found)) < len(found):
            twice = next(one for one in found if found.count(one) > 1)
            raise InvalidArgument(f"entrants: {twice} is named twice; each can take part once")
        members = iter(found)
        entrants = []
        for each in asked.entrants:
            own = tuple(next(members) for _ in each.members)
            entrants.append(Entrant(each.name or own[0], own))
        return entrants

    async def _member(self, index: int, name: str, ladder: Ladder) -> str:
        if name.startswith(_PERSON):
            return name
        return await self._resolver.opponent(f"entrants[{index}]", name, ladder, "the tournament")

    async def _in_order(
        self, asked: Asked, ladder: Ladder, entrants: list[Entrant]
    ) -> list[Entrant]:
        """By rating, if that is asked for; who runs the gauntlet stays the first."""
        if asked.seeding is not Seeding.RATING:
            return entrants
        ratings = await self._elo.ratings(ladder.name)

        def rating(one: Entrant) -> float:
            known = [ratings[each].rating for each in one.members if each in ratings]
            unknown = START_RATING * (len(one.members) - len(known))
            return (sum(known) + unknown) / len(one.members)

        first = 1 if asked.format is Format.GAUNTLET else 0
        return [*entrants[:first], *sorted(entrants[first:], key=lambda one: -rating(one))]


def parted(
    participants: Sequence[str], made: CreatedMatch
) -> tuple[dict[str, tuple[Place, ...]], CreatedMatch]:
    """The seats of people in a match, by person, and the match without their tokens."""
    seats: dict[str, list[Place]] = {}
    games = []
    for game in made.games:
        tokens = list(game.seat_tokens)
        for seat, index in enumerate(game.seat_participants):
            name = participants[index]
            if name.startswith(_PERSON):
                place = Place(game.game_id, tokens[seat], seat, made.game_address)
                seats.setdefault(name, []).append(place)
                tokens[seat] = ""
        games.append(replace(game, seat_tokens=tuple(tokens)))
    return {name: tuple(own) for name, own in seats.items()}, replace(made, games=games)


def seated(
    match_id: str, seats: Mapping[str, tuple[Place, ...]], run: TournamentRun
) -> Move | None:
    """The run with seats for the people of a match; None when it has ended."""
    if not run.running:
        return None
    out = [
        replace(one, seats=seats) if run.match_id(one.key, one.number) == match_id else one
        for one in run.out
    ]
    return Move(replace(run, out=tuple(out)))


def _sides(
    entrants: Sequence[Entrant], ladder: Ladder, team_of_seat: Sequence[int]
) -> tuple[int, ...]:
    """By seat, which side holds it, where each member holds one; empty where one holds all.

    Raises:
        InvalidArgument: an entrant has another number of members than the others, or than a team.
        FailedPrecondition: those of a team would not stay together when places go round.
    """
    count = len(entrants[0].members)
    for index, one in enumerate(entrants):
        if len(one.members) != count:
            raise InvalidArgument(
                f"entrants[{index}].members has {len(one.members)} entries and that of the first "
                f"entrant {count}; all entrants have as many"
            )
    if count == 1:
        return ()
    seats = len(team_of_seat)
    if not team_of_seat or ladder.is_shared or count * 2 != seats:
        raise InvalidArgument(
            f"entrants[0].members has {count} entries; expected one, or one for each seat of a "
            f"team, of which {ladder.game} has {seats // 2 if team_of_seat else 'no'}"
        )
    sides = tuple(int(team != team_of_seat[0]) for team in team_of_seat)
    for rotation in range(seats):
        moved = [team_of_seat[(seat + rotation) % seats] for seat in range(seats)]
        if tuple(int(team != moved[0]) for team in moved) != sides or sum(sides) != count:
            raise FailedPrecondition(
                f"entrants: seats of a team of {ladder.game} do not stay together when places go "
                "round; name one member, who holds all of them"
            )
    return sides


def players_of(run: TournamentRun) -> tuple[str, ...]:
    """Who plays in a tournament."""
    return tuple(member for entrant in run.entrants for member in entrant.members)


def _same(run: TournamentRun, asked: Asked) -> TournamentRun:
    if run.asked != asked:
        raise AlreadyExists(
            f"request_id: {run.request_id!r} started tournament {run.tournament_id} of "
            f"{len(run.entrants)} entrants; another one needs another id"
        )
    return run
