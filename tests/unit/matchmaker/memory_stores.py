"""Hand-written stores of the Matchmaker in memory, kept to the contract of the real ones."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Generic

from mazemesh.errors import (
    NotFound,
    ResourceExhausted,
)
from services.matchmaker.gates.run import GateRun
from services.matchmaker.rating.leases import (
    LIVE,
    Match,
    State,
    Terms,
    ended,
    is_expired,
    is_free,
    is_hopeless,
    leased,
)
from services.matchmaker.rating.ledger import Chosen, Seen
from services.matchmaker.rating.rota import Rule
from services.matchmaker.runs.store import RunT, Step
from services.matchmaker.store import RATING, Anchor, FormsRead, Issued, Told
from services.matchmaker.tournaments.run import Entry, Move, TournamentRun
from services.matchmaker.training.outcomes import Form, decay_of


class MemoryLeaders:
    """A `LeaderStore` whose time is that of `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.held: dict[str, tuple[str, int, float]] = {}

    async def hold(self, task: str, owner: str, seconds: float) -> int | None:
        now = self.clock()
        holder, fence, until = self.held.get(task, ("", 0, 0.0))
        if until > now and holder != owner:
            return None
        fence += until <= now
        self.held[task] = owner, fence, now + seconds
        return fence

    async def leave(self, task: str, owner: str) -> None:
        holder, fence, _ = self.held.get(task, ("", 0, 0.0))
        if holder == owner:
            self.held[task] = owner, fence, 0.0


class MemoryLeases:
    """A `LeaseStore` that keeps what a disk would hold, and can break."""

    def __init__(self, leaders: MemoryLeaders | None = None) -> None:
        self.leaders = leaders or MemoryLeaders()
        self.rows: dict[str, Match] = {}
        self.broken = False

    @property
    def matches(self) -> list[Match]:
        return sorted(self.rows.values(), key=lambda one: (one.create_time, one.match_id))

    async def issue(
        self, worker: str, limit: int, terms: Terms, now: float, game: str = ""
    ) -> Issued:
        self._check()
        hopeless = [one for one in self.matches if is_hopeless(one, terms, now)]
        abandoned = [ended(one, State.ABANDONED, now) for one in hopeless]
        free = [one for one in self.matches if is_free(one, terms, now) and game in ("", one.game)]
        free.sort(key=lambda one: not is_expired(one, now))
        given = [leased(one, worker, terms, now) for one in free[:limit]]
        expired = sum(is_expired(one, now) for one in free[:limit])
        self._put([*abandoned, *given])
        return Issued(given, abandoned, len(abandoned) + expired)

    async def change(self, match_id: str, change: Callable[[Match], Match | None]) -> Match | None:
        self._check()
        if match_id not in self.rows:
            raise NotFound(f"match_id: no match {match_id!r}, or it ended long ago")
        new = change(self.rows[match_id])
        self._put([] if new is None else [new])
        return new

    async def add(self, matches: Sequence[Match], fence: int) -> bool:
        self._check()
        if self.leaders.held.get(RATING, ("", 0, 0.0))[1] != fence:
            return False
        self._put(matches)
        return True

    async def look(self, ended_since: float) -> list[Seen]:
        self._check()
        return [
            Seen(one.match_id, one.ladder, one.participants, one.state, one.end_time)
            for one in self.matches
            if one.state in LIVE or one.end_time >= ended_since
        ]

    async def count_live(self) -> int:
        return sum(one.state in LIVE for one in self.matches)

    async def count_held(self, worker: str, now: float) -> int:
        return sum(
            one.worker == worker and one.state is State.LEASED and one.expire_time > now
            for one in self.matches
        )

    async def told(self, since: float) -> list[Chosen]:
        found: dict[tuple[str, str], list[Match]] = {}
        for one in self.matches:
            if one.rule and one.create_time >= since:
                found.setdefault((one.ladder, one.rule), []).append(one)
        return [
            Chosen(
                *(ladder, Rule(rule), len(rows)),
                len(played := [one for one in rows if one.state is State.COMPLETED]),
                sum(one.bits for one in rows),
                sum(one.bits for one in played),
            )
            for (ladder, rule), rows in sorted(found.items())
        ]

    async def prune(self, ended_before: float) -> None:
        self.rows = {
            one.match_id: one
            for one in self.matches
            if one.state in LIVE or one.end_time >= ended_before
        }

    def _check(self) -> None:
        if self.broken:
            raise OSError("disk full")

    def _put(self, matches: Sequence[Match]) -> None:
        self.rows.update((one.match_id, one) for one in matches)


class MemoryRuns(Generic[RunT]):
    """A `RunStore` beside a `MemoryLeases`."""

    def __init__(self, leases: MemoryLeases) -> None:
        self.leases = leases
        self.runs: dict[str, RunT] = {}

    async def open(self, run: RunT, most: int) -> RunT:
        for one in self.runs.values():
            if one.request_id == run.request_id:
                return one
        if sum(one.running for one in self.runs.values()) >= most:
            raise ResourceExhausted("too many run")
        self.runs[run.run_id] = run
        return run

    async def get(self, run_id: str) -> RunT | None:
        return self.runs.get(run_id)

    async def requested(self, request_ids: Collection[str]) -> dict[str, RunT]:
        return {one.request_id: one for one in self.runs.values() if one.request_id in request_ids}

    async def running(self) -> list[RunT]:
        return [one for one in self.runs.values() if one.running]

    async def page(
        self, before: int, limit: int, *, run_id: str = "", name: str = ""
    ) -> list[tuple[int, RunT]]:
        rows = [
            (position, run)
            for position, run in enumerate(self.runs.values(), 1)
            if (not before or position < before)
            and run_id in ("", run.run_id)
            and name in ("", run.name)
        ]
        return rows[::-1][:limit]

    async def change(self, run_id: str, change: Callable[[RunT], Step[RunT] | None]) -> RunT | None:
        old = self.runs.get(run_id)
        step = change(old) if old else None
        if old is None or step is None:
            return None
        assert not {one.match_id for one in step.matches} & self.leases.rows.keys()
        new = replace(step.run, revision=old.revision + 1)
        self.runs[run_id] = new
        self.leases.rows.update((one.match_id, one) for one in step.matches)
        self.also(step)
        if not new.running:
            self.leases.rows = {
                key: one
                for key, one in self.leases.rows.items()
                if one.run_id != run_id or one.state is not State.QUEUED
            }
        return new

    def also(self, step: Step[RunT]) -> None:
        """What else a step brings."""

    async def unplayed(self, run_id: str) -> Mapping[str, State]:
        return {
            one.match_id: one.state
            for one in self.leases.matches
            if one.run_id == run_id and one.state is not State.COMPLETED
        }


class MemoryGates(MemoryRuns[GateRun]):
    """A `GateStore`."""


class MemoryTournaments(MemoryRuns[TournamentRun]):
    """A `TournamentStore`."""

    def __init__(self, leases: MemoryLeases) -> None:
        super().__init__(leases)
        self.log: list[tuple[str, Entry]] = []
        self.until: dict[tuple[str, str], float] = {}

    def also(self, step: Step[TournamentRun]) -> None:
        if isinstance(step, Move):
            known = {(of, one.key, one.number) for of, one in self.log}
            new = [(step.run.run_id, one) for one in step.entries]
            assert not known & {(of, one.key, one.number) for of, one in new}
            self.log += new

    async def entries(self, tournament_id: str, after: int) -> list[tuple[int, Entry]]:
        return [
            (position, one)
            for position, (of, one) in enumerate(self.log, 1)
            if of == tournament_id and position > after
        ]

    async def beat(self, tournament_id: str, player: str, until: float) -> None:
        self.until[tournament_id, player] = until

    async def present(self, tournament_id: str, now: float) -> set[str]:
        return {
            player
            for (of, player), until in self.until.items()
            if of == tournament_id and until > now
        }


class MemoryAnchors:
    """An `AnchorStore`."""

    def __init__(self) -> None:
        self.counts: Counter[Anchor] = Counter()

    async def load(self) -> Mapping[Anchor, int]:
        return self.counts

    async def add(self, counts: Mapping[Anchor, int]) -> None:
        self.counts.update(counts)


class MemoryNumbers:
    """A `NumberStore`."""

    def __init__(self) -> None:
        self.next_number = 0

    async def instance(self) -> str:
        return "00000000-0000-4000-8000-000000000000"

    async def reserve(self, count: int) -> int:
        self.next_number += count
        return self.next_number - count


class MemoryOutcomes:
    """An `OutcomeStore` that counts its saves and can break."""

    def __init__(self) -> None:
        self.forms: dict[tuple[str, str], tuple[Form, int]] = {}
        self.ids: list[str] = []
        self.revision = 0
        self.broken = False
        self.saves = 0

    async def read(self, after: int = 0) -> FormsRead:
        rows = sorted(self.forms.items(), key=lambda item: item[1][1])
        forms = {pair: form for pair, (form, at) in rows if at > after or not after}
        return FormsRead(forms, self.revision)

    async def request_ids(self) -> list[str]:
        return list(self.ids)

    async def add(
        self, told: Sequence[Told], half_life: float, keep_requests: int
    ) -> Mapping[tuple[str, str], Form]:
        if self.broken:
            raise OSError("disk full")
        self.saves += 1
        self.revision += 1
        present = {}
        for one in told:
            is_new = one.request_id not in self.ids
            self.ids += [one.request_id] * is_new
            for opponent, outcomes in one.outcomes.items():
                pair = one.student, opponent
                form = self.forms.get(pair, (Form(), 0))[0]
                if is_new:
                    form = form.after(outcomes, decay_of(half_life))
                    self.forms[pair] = form, self.revision
                present[pair] = form
        self.ids = self.ids[-keep_requests:]
        return present
