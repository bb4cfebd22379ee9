"""Drives tournaments: takes results, has bots meet, waits for people, and ends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
)
from services._harness.notices import Look
from services.matchmaker.gates.issuing import reissued
from services.matchmaker.peers import EloPeer, GamePeer
from services.matchmaker.rating.leases import Match, State
from services.matchmaker.runs.driving import Turns, drive
from services.matchmaker.setup import CreatedMatch
from services.matchmaker.store import LeaderStore, LeaseStore
from services.matchmaker.tournaments.books import Book, Books
from services.matchmaker.tournaments.issuing import (
    Rules,
    Seen,
    Turn,
    called,
    for_game,
    looked,
    match_of,
    needs_worker,
)
from services.matchmaker.tournaments.run import (
    Move,
    Out,
    TournamentRun,
    TournamentState,
    ended,
)
from services.matchmaker.tournaments.store import TOURNAMENTS, TournamentStore
from services.matchmaker.tournaments.tournaments import parted, seated

_log = structlog.get_logger(__name__)

_QUIET_SECONDS = 10.0
"""After which one that does not go on says what it waits for."""

_LONGEST = 2048
"""Characters of an explanation."""

# Refusals that concern a match itself; after any other error the same call may succeed later.
_REFUSALS = (Conflict, FailedPrecondition, InvalidArgument, NotFound)


class Driver:
    """One instance drives at a time; another goes on when it is gone.

    Args:
        store, books, leases: Where tournaments and their matches are.
        leaders: Whose turn it is.
        elo: Knows results.
        game: Creates matches that no evaluator plays.
        instance: Names this one.
        rules: See there.
        patience: Seconds that Elo may take to hear of a match that is over.
        changed: Told when one has changed.
        clock: Seconds since 1970.

    Attributes:
        running: Tournaments that ran at the last look.
        played: Matches whose results this instance has taken.
        forfeits: Encounters that ended without being played out, by why.
        finished: Tournaments that this instance saw to the end.
    """

    def __init__(
        self,
        store: TournamentStore,
        books: Books,
        leases: LeaseStore,
        leaders: LeaderStore,
        elo: EloPeer,
        game: GamePeer,
        *,
        instance: str,
        rules: Rules,
        patience: float,
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._store, self._books, self._leases = store, books, leases
        self._turns = Turns(leaders, TOURNAMENTS, instance)
        self._elo, self._game = elo, game
        self._rules, self._patience = rules, patience
        self._changed, self._clock = changed, clock
        self._over_since: dict[str, float] = {}
        self._created: set[str] = set()
        self.running = 0
        self.played = 0
        self.forfeits: Counter[str] = Counter()
        self.finished = 0

    async def run(self, look: Look, seconds: float, idle_seconds: float) -> None:
        """Drives without end: at each notice, and else each `seconds` while one runs."""
        await drive(self.look, look, TOURNAMENTS, seconds=seconds, idle_seconds=idle_seconds)

    async def close(self) -> None:
        """Another instance may drive at once."""
        await self._turns.leave()

    async def look(self) -> bool:
        """Drives all of them once, unless another instance does; whether any runs.

        Raises:
            Unavailable: the database is away. Peers that are away keep nobody from going on.
        """
        runs = await self._store.running()
        self.running = len(runs)
        for run in runs:
            if not await self._turns.enter():
                return True
            try:
                await self._drive(run)
            except MazemeshError as error:
                await self._explain(run, f"waits for another service: {error}")
        if not runs:
            self._over_since.clear()
            self._created.clear()
        return bool(runs)

    async def _drive(self, run: TournamentRun) -> None:
        book = await self._books.of(run)
        now = self._clock()
        turn = looked(run, book.folded.by_key, await self._seen(run, book), self._rules, now)
        over = book.folded.over and book.up_to_date and not turn.out and not turn.entries
        if over:
            await self._end(run, book)
            return
        by_itself = any(run.people) or sum(run.only_bots) > 1
        ready = list(book.ready()) if by_itself and not turn.entries else []
        run_now = replace(run, out=turn.out)
        room = self._rules.bots - sum(
            not one.deadline and self._bots_alone(run, book, one) for one in turn.out
        )
        new = [*called(run_now, ready, now), *for_game(run_now, ready, room)]
        done = await self._store_turn(run, book, turn, new)
        if done is None:
            return
        for match_id in turn.again:
            await self._leases.change(match_id, reissued)
        await self._create(done, book)

    async def _seen(self, run: TournamentRun, book: Book) -> Seen:
        """What is known of the matches that are out."""
        waiting = [one for one in run.out if not one.called]
        ids = {run.match_id(one.key, one.number): one for one in waiting}
        found = await self._elo.results(list(ids)) if ids else {}
        unplayed = await self._store.unplayed(run.run_id) if ids else {}
        results = {
            match_id: _score(run, book, ids[match_id], scores) for match_id, scores in found.items()
        }
        people = any(map(bool, run.people))
        now = self._clock()
        return Seen(
            results,
            unplayed,
            self._lost(run, ids, unplayed, results, now),
            await self._store.present(run.run_id, now) if people else (),
        )

    def _lost(
        self,
        run: TournamentRun,
        ids: Mapping[str, Out],
        unplayed: Mapping[str, State],
        results: Mapping[str, float],
        now: float,
    ) -> list[str]:
        """Those that were played, or should have been, and of which Elo does not know for long."""
        over = [
            one
            for one in ids
            if one not in unplayed and one not in results and not ids[one].deadline
        ]
        for one in [*self._over_since]:
            if one.startswith(f"{run.run_id}/") and one not in over:
                del self._over_since[one]
        for one in over:
            self._over_since.setdefault(one, now)
        return [one for one in over if now - self._over_since[one] > self._patience]

    async def _store_turn(
        self, run: TournamentRun, book: Book, turn: Turn, new: Sequence[Out]
    ) -> TournamentRun | None:
        """Writes what a look came to; the run as it is then, None when another was faster."""
        now = self._clock()
        out = (*turn.out, *new)
        words = _waits_for(run, out, now)
        news = bool(turn.entries or turn.seated or turn.again or new)
        if not news and (words == run.explanation or now - run.progress_time < _QUIET_SECONDS):
            return run
        matches = [
            replace(
                match_of(run, encounter, one.number, now),
                lease_seconds=self._rules.play_seconds,
            )
            for one in turn.seated
            if needs_worker(run, encounter := book.folded.by_key[one.key])
        ]
        scored = sum(one.forfeit is None for one in turn.entries)
        made = replace(
            run,
            out=out,
            played=run.played + scored,
            progress_time=now if news else run.progress_time,
            explanation="" if news else words,
        )

        def change(present: TournamentRun) -> Move | None:
            if present.revision != run.revision or not present.running:
                return None
            return Move(made, matches, turn.entries)

        done = await self._store.change(run.run_id, change)
        if done is None:
            self._changed()  # so it is looked at again at once
            return None
        self.played += scored
        self.forfeits.update(one.forfeit.value for one in turn.entries if one.forfeit is not None)
        self._changed()
        return done

    async def _create(self, run: TournamentRun, book: Book) -> None:
        """Has Game create matches that need no evaluator; those of bots are over then."""
        waiting = [
            one
            for one in run.out
            if not one.called
            and not one.seats
            and run.match_id(one.key, one.number) not in self._created
            and one.key in book.folded.by_key
            and not needs_worker(run, book.folded.by_key[one.key])
        ]
        for one in waiting:
            match = match_of(run, book.folded.by_key[one.key], one.number, self._clock())
            # After a crash in between it is created anew, under a higher fence: what was played
            # under the lower one is dropped.
            fence = 1 + int(1000.0 * max(0.0, self._clock() - run.create_time))
            match = replace(match, fence=fence)
            made = await self._made(match)
            self._created.add(match.match_id)
            if made is not None and one.deadline:
                seats, _ = parted(match.participants, made)
                await self._store.change(run.run_id, partial(seated, match.match_id, seats))
                self._changed()

    async def _made(self, match: Match) -> CreatedMatch | None:
        """The match with its games; None when it was played already, or cannot be."""
        try:
            return (await self._game.create([match.setup]))[0]
        except _REFUSALS as error:
            if error.reason != Reason.MATCH_FINISHED:
                _log.warning("match not created", match_id=match.match_id, reason=str(error))
            return None

    def _bots_alone(self, run: TournamentRun, book: Book, one: Out) -> bool:
        encounter = book.folded.by_key.get(one.key)
        if encounter is None or encounter.second is None:
            return False
        return run.only_bots[encounter.first] and run.only_bots[encounter.second]

    async def _explain(self, run: TournamentRun, words: str) -> None:
        words = words[:_LONGEST]

        def change(present: TournamentRun) -> Move | None:
            if not present.running or present.explanation == words:
                return None
            return Move(replace(present, explanation=words))

        if await self._store.change(run.run_id, change) is not None:
            self._changed()

    async def _end(self, run: TournamentRun, book: Book) -> None:
        folded, now = book.folded, self._clock()
        first = [entrant for entrant, place in enumerate(folded.places) if place == 1]
        names = ", ".join(run.entrants[one].name for one in first)
        words = f"{names} won after {run.played} matches"[:_LONGEST]

        def change(present: TournamentRun) -> Move | None:
            if present.revision != run.revision:
                return None
            return ended(present, TournamentState.FINISHED, words, now, first)

        if await self._store.change(run.run_id, change) is None:
            return
        self.finished += 1
        self.running = max(0, self.running - 1)
        _log.info("tournament ended", tournament_id=run.run_id, explanation=words)
        self._changed()


def _score(run: TournamentRun, book: Book, out: Out, scores: Mapping[str, float]) -> float:
    """The first entrant's score in a match."""
    first = book.folded.by_key[out.key].first
    return scores[run.entrants[first].members[0]]


def _waits_for(run: TournamentRun, out: Sequence[Out], now: float) -> str:
    """What it waits for, in words; empty when that is nothing, or not for long."""
    if now - run.progress_time < _QUIET_SECONDS:
        return ""
    waiting = [one for one in out if one.called]
    if waiting:
        return f"waits for people, of {len(waiting)} matches ({waiting[0].key} and so on)"
    if not out:
        return "waits for an evaluator: none has asked for its matches"
    return f"waits for the results of {len(out)} matches ({out[0].key} and so on)"
