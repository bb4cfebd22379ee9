"""Which matches of a tournament come next, and what becomes of those that are out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mazemesh.games import Purpose, seeds
from services.matchmaker.rating.leases import Match, State, Terms, leased
from services.matchmaker.tournaments.plan import Encounter, Forfeit
from services.matchmaker.tournaments.run import Entry, Move, Out, TournamentRun

Ready = tuple[Encounter, int]
"""An encounter that needs a match, and the match's number."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How tournaments are driven.

    Attributes:
        outstanding: Matches of one that evaluators have at once.
        bots: Matches of bots alone that Game is given at once.
        rounds: How often an abandoned match is issued anew before it is void.
        play_seconds: That people have for a match once all are there.
    """

    outstanding: int
    bots: int
    rounds: int
    play_seconds: float


def for_workers(run: TournamentRun, ready: Iterable[Ready], limit: int) -> list[Ready]:
    """At most `limit` matches that evaluators can play by themselves."""
    busy = {(one.key, one.number) for one in run.out}
    found: list[Ready] = []
    for one, number in ready:
        if len(found) >= limit:
            break
        if one.second is None or (one.key, number) in busy or run.people_of(one):
            continue
        if not (run.only_bots[one.first] and run.only_bots[one.second]):
            found.append((one, number))
    return found


def issued(
    run: TournamentRun,
    wanted: Sequence[Ready],
    *,
    worker: str,
    terms: Terms,
    most: int,
    now: float,
) -> Move | None:
    """The wanted matches, leased to a worker; None when there is no room.

    Args:
        run: As it is now.
        wanted: Of `for_workers`.
        worker: Who gets them.
        terms: Of the leases.
        most: Matches that are out at once.
        now: The time.
    """
    room = most - sum(not one.deadline for one in run.out)
    if not run.running or room <= 0 or not wanted:
        return None
    given = wanted[:room]
    matches = [
        leased(match_of(run, one, number, now + place * 1e-6), worker, terms, now)
        for place, (one, number) in enumerate(given)
    ]
    out = (*run.out, *(Out(one.key, number) for one, number in given))
    return Move(replace(run, out=out, progress_time=run.progress_time if run.out else now), matches)


def match_of(run: TournamentRun, one: Encounter, number: int, now: float) -> Match:
    """A match of an encounter; its maze follows from its id, so it is the same when asked again."""
    match_id = run.match_id(one.key, number)
    return Match(
        match_id,
        run.ladder,
        run.game,
        run.settings,
        run.participants(one),
        maze_seed(match_id),
        now,
        run_id=run.run_id,
    )


def maze_seed(match_id: str) -> int:
    """A seed of the evaluation range, of its upper half: those that are counted come from 0."""
    digest = hashlib.sha256(match_id.encode()).digest()
    half = seeds.NUMBERS // 2
    return seeds.seed(Purpose.EVALUATION, half + int.from_bytes(digest[:8]) % half)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a tournament from outside.

    Attributes:
        results: Scores of the first entrant in matches that Elo knows, by id.
        unplayed: Matches that are not completed.
        lost: Matches that are over and of which Elo was not told for long, or that Game refuses.
        present: People who are there.
    """

    results: Mapping[str, float] = field(default_factory=dict)
    unplayed: Mapping[str, State] = field(default_factory=dict)
    lost: Collection[str] = ()
    present: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """What one look at a tournament comes to.

    Attributes:
        out: What is out then.
        entries: New lines of the log.
        again: Abandoned matches that are issued anew.
        seated: Those that waited for people, who are all there now.
    """

    out: tuple[Out, ...]
    entries: tuple[Entry, ...]
    again: tuple[str, ...]
    seated: tuple[Out, ...]


def looked(
    run: TournamentRun,
    encounters: Mapping[str, Encounter],
    seen: Seen,
    rules: Rules,
    now: float,
) -> Turn:
    """What becomes of the matches that are out.

    Args:
        run: As it is now.
        encounters: Those of the matches, by key.
        seen: What is known of them.
        rules: See there.
        now: The time.
    """
    out: list[Out] = []
    entries: list[Entry] = []
    again: list[str] = []
    seated: list[Out] = []

    def void(one: Out, why: Forfeit = Forfeit.VOID) -> None:
        entries.append(Entry(one.key, -1, 0.0, why, now))

    for one in run.out:
        match_id = run.match_id(one.key, one.number)
        encounter = encounters.get(one.key)
        if encounter is None:
            out.append(one)  # what another instance has folded since
            continue
        people = run.people_of(encounter)
        if match_id in seen.results:
            entries.append(Entry(one.key, one.number, seen.results[match_id], None, now))
        elif seen.unplayed.get(match_id) is State.ABANDONED:
            if one.reissued >= rules.rounds:
                void(one)
            else:
                again.append(match_id)
                out.append(replace(one, reissued=one.reissued + 1, seats={}))
        elif match_id in seen.lost:
            void(one)
        elif not people:
            out.append(one)
        elif one.called and people <= set(seen.present):
            seated.append(replace(one, called=False, deadline=now + rules.play_seconds))
            out.append(seated[-1])
        elif now < one.deadline:
            out.append(one)
        elif not one.called and not one.seats:
            # No evaluator has come for the other side, which is nobody's fault here.
            out.append(replace(one, deadline=now + rules.play_seconds))
        else:
            void(one, _absent(run, encounter, people - set(seen.present)))
    return Turn(tuple(out), tuple(entries), tuple(again), tuple(seated))


def _absent(run: TournamentRun, one: Encounter, missing: Collection[str]) -> Forfeit:
    """Who forfeits an encounter in which these are missing."""
    if one.second is None or not missing:
        return Forfeit.VOID
    first = bool(run.people[one.first] & set(missing))
    second = bool(run.people[one.second] & set(missing))
    if first and second:
        return Forfeit.BOTH
    return Forfeit.FIRST if first else Forfeit.SECOND


def called(run: TournamentRun, ready: Iterable[Ready], now: float) -> list[Out]:
    """Matches whose people are called now: each is in one match at a time."""
    taken: set[str] = set()
    keys = set()
    waiting = [each for each in ready if run.people_of(each[0])]
    by_key = {one.key: one for one, _ in waiting}
    for out in run.out:
        keys.add(out.key)
        if out.deadline and out.key in by_key:
            taken |= run.people_of(by_key[out.key])
    found = []
    for one, number in waiting:
        people = run.people_of(one)
        if one.key in keys or people & taken:
            continue
        taken |= people
        found.append(Out(one.key, number, called=True, deadline=now + run.asked.patience))
    return found


def for_game(run: TournamentRun, ready: Iterable[Ready], limit: int) -> list[Out]:
    """At most `limit` matches among bots, which Game plays by itself."""
    busy = {(one.key, one.number) for one in run.out}
    found: list[Out] = []
    for one, number in ready:
        if len(found) >= limit:
            break
        if one.second is None or (one.key, number) in busy:
            continue
        if run.only_bots[one.first] and run.only_bots[one.second]:
            found.append(Out(one.key, number))
    return found


def needs_worker(run: TournamentRun, one: Encounter) -> bool:
    """Whether somebody of an encounter is neither a person nor a bot."""
    return any(not one.startswith(("player/", "bot/")) for one in run.participants(one))
