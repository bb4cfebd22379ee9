"""Hand-written peers and stores of the Matchmaker, kept to the contract of the real ones."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic

from mazemesh.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.v1 import game_pb2
from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.experiments.served import Assigned
from services.matchmaker.gates.run import Finding, GateRun, Hypotheses, Verdict
from services.matchmaker.peers import AliasAt, News, Published, Question, Resolved
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
from services.matchmaker.rating.players import Rating
from services.matchmaker.rating.rota import Rule
from services.matchmaker.runs.store import RunT, Step
from services.matchmaker.setup import CreatedGame, CreatedMatch, MatchSetup, Vacancy
from services.matchmaker.store import RATING, Anchor, FormsRead, Issued, Told
from services.matchmaker.tournaments.run import Entry, Move, TournamentRun
from services.matchmaker.training.outcomes import Form, decay_of
from services.matchmaker.training.snapshots import SnapshotRoster
from services.matchmaker.workers.events import Reported
from tests.game_specs import FakeSpecs, known

BOT_POLICIES = known("race").bots


def roster_of(*games: str) -> SnapshotRoster:
    """A roster with the default ladders of these games."""
    return SnapshotRoster(games, GameSpecs(FakeSpecs()))


class FakeClock:
    """Seconds that pass when they are told to."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeGame:
    """CreateGames as game.proto tells it."""

    down: bool = False
    refusal: MazemeshError | None = None
    matches: dict[str, MatchSetup] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    unplayable: set[str] = field(default_factory=set)
    vacancies: list[Vacancy] = field(default_factory=list)
    calls: int = 0
    verified: list[str] = field(default_factory=list)
    differences: dict[str, str] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def spec(
        self, request: game_pb2.GetGameSpecRequest, wait: float
    ) -> game_pb2.GetGameSpecResponse:
        return await FakeSpecs(down=self.down).spec(request, wait)

    async def vacant(self, seconds: float, most: int) -> list[Vacancy]:
        if self.down:
            raise Unavailable("Game is down")
        return self.vacancies[:most]

    async def replace(self, vacancy: Vacancy, player: str) -> str:
        if vacancy not in self.vacancies:
            raise FailedPrecondition("somebody sits there")
        self.vacancies.remove(vacancy)
        return f"{vacancy.game_id}/{vacancy.seat}/{player}"

    async def create(self, setups: Sequence[MatchSetup]) -> list[CreatedMatch]:
        self.calls += 1
        if self.down:
            raise Unavailable("Game is down")
        if self.refusal is not None:
            raise self.refusal
        for setup in setups:
            self._check(setup)
        self.matches.update((setup.match_id, setup) for setup in setups)
        self.changed.set()
        return [self._created(setup) for setup in setups]

    async def verify(self, match_id: str, result: Reported) -> str:
        if self.down:
            raise Unavailable("Game is down")
        self.verified.append(match_id)
        return self.differences.get(match_id, "")

    def _check(self, setup: MatchSetup) -> None:
        assert len(set(setup.participants)) == len(setup.participants) >= 2
        if setup.rated:
            assert seeds.purpose_of(setup.seed) is Purpose.EVALUATION
        known = self.matches.get(setup.match_id)
        if self.unplayable & set(setup.participants):
            raise InvalidArgument("participants: unknown")
        if setup.match_id in self.finished:
            raise FailedPrecondition(
                f"match {setup.match_id} is finished", reason=Reason.MATCH_FINISHED
            )
        if known is not None and setup.fence < known.fence:
            raise FailedPrecondition(
                "fence is lower than the present one", reason=Reason.FENCE_PASSED
            )
        if known is not None and setup.fence == known.fence and setup != known:
            raise AlreadyExists("another setup")

    def _created(self, setup: MatchSetup) -> CreatedMatch:
        spec = get_game(setup.game).spec(setup.settings)
        if spec.seats == 1:
            layout = [[index] for index in range(len(setup.participants))]
        else:
            layout = [list(range(spec.seats)) for _ in range(setup.rotations or spec.seats)]
        return CreatedMatch(
            match_id=setup.match_id,
            games=[
                CreatedGame(
                    game_id=f"{setup.match_id}/{index}",
                    rotation=0 if spec.seats == 1 else index,
                    seat_participants=tuple(seats),
                    seat_tokens=tuple(
                        ""
                        if setup.participants[participant].startswith("bot/")
                        else f"{setup.match_id}/{setup.fence}/{index}/{seat}"
                        for seat, participant in enumerate(seats)
                    ),
                )
                for index, seats in enumerate(layout)
            ],
        )


@dataclass
class FakeElo:
    """Ratings that a test states."""

    known: dict[str, dict[str, Rating]] = field(default_factory=dict)
    down: bool = False
    asked: int = 0
    refusal: MazemeshError | None = None
    gates: dict[str, Question] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    played: dict[str, dict[str, float]] = field(default_factory=dict)
    decides_after: int = 4
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    waited: asyncio.Event = field(default_factory=asyncio.Event)
    told: dict[str, Reported] = field(default_factory=dict)
    retracted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.answering.set()

    async def ratings(self, ladder: str) -> dict[str, Rating]:
        self.asked += 1
        if self.down:
            raise Unavailable("Elo is down")
        if not self.answering.is_set():
            self.waited.set()
            await self.answering.wait()
        return dict(self.known.get(ladder, {}))

    async def rating(self, ladder: str, player: str) -> Rating | None:
        return (await self.ratings(ladder)).get(player)

    async def results(self, match_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """`played`, as far as asked for."""
        if self.down:
            raise Unavailable("Elo is down")
        return {one: self.played[one] for one in match_ids if one in self.played}

    async def reported(self, match_ids: Sequence[str]) -> dict[str, Reported]:
        if self.down:
            raise Unavailable("Elo is down")
        return {one: self.told[one] for one in match_ids if one in self.told}

    async def retract(self, match_ids: Sequence[str]) -> set[str]:
        if self.down:
            raise Unavailable("Elo is down")
        self.retracted |= {one for one in match_ids if one in self.told}
        return {one for one in match_ids if one in self.retracted}

    async def evaluate(self, question: Question) -> Finding:
        """`scores` are the candidate's; after `decides_after` matches the last one decides."""
        if self.down:
            raise Unavailable("Elo is down")
        if self.refusal is not None:
            raise self.refusal
        known = self.gates.setdefault(question.gate_id, question)
        if known != question:
            raise AlreadyExists("another question stands under the id")
        most = question.hypotheses.max_matches or 20_000
        verdict, counts = Verdict.RUNNING, [0] * 5
        for number in range(most):
            score = self.scores.get(f"{question.gate_id}/{number}")
            if score is None or verdict is not Verdict.RUNNING:
                break
            counts[round(score * 4)] += 1
            if sum(counts) >= self.decides_after:
                verdict = Verdict.PASSED if score > 0.5 else Verdict.FAILED
        tested = Hypotheses(0.0, 20.0, 0.05, 0.05, most)
        return Finding(verdict, tested, tuple(counts) if sum(counts) else ())


class FakeModel:
    """Versions and a watch; `publish` sends news, `fail` breaks the watch."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, int], Published] = {}
        self.listed = asyncio.Event()
        self.aliases: dict[tuple[str, str], AliasAt] = {}
        self.moves: list[tuple[str, str, int, str, str]] = []
        self.moving: Callable[[], None] = lambda: None
        self.experiments: dict[str, tuple[str, int]] = {}
        self.outcomes: dict[tuple[str, str], float] = {}
        self.down = False
        self.held: dict[str, str] = {}
        self._news: asyncio.Queue[News | MazemeshError] = asyncio.Queue()

    def keep(self, version: Published) -> Published:
        self.versions[version.name, version.version] = version
        return version

    def put(self, name: str, alias: str, version: int) -> None:
        """Moves an alias as somebody else would."""
        revision = 1 + max((one.revision for one in self.aliases.values()), default=0)
        self.aliases[name, alias] = AliasAt(version, revision)

    async def resolve(self, reference: str) -> Resolved:
        self._check()
        name, _, which = reference.partition(":")
        at = self.aliases.get((name, which))
        number = at.version if at else int(which) if which.isdigit() else 0
        known = self.versions.get((name, number))
        if known is None:
            raise NotFound(f"{reference} does not exist")
        kept = bool(known.game)
        return Resolved(name, number, True, kept, known.game or "race", known.settings)

    async def assign(self, policy: str, session: str) -> Assigned:
        self._check()
        if policy in self.experiments:
            experiment_id, version = self.experiments[policy]
            return Assigned(f"{policy.partition(':')[0]}:{version}", experiment_id)
        return Assigned((await self.resolve(policy)).policy)

    async def record(self, experiment_id: str, scores: Mapping[str, float]) -> int:
        self._check()
        self.outcomes.update({(experiment_id, one): score for one, score in scores.items()})
        return len(scores)

    async def alias(self, name: str, alias: str) -> AliasAt | None:
        self._check()
        return self.aliases.get((name, alias))

    async def move(
        self,
        name: str,
        alias: str,
        version: int,
        expected_revision: int,
        *,
        previous: str,
        reason: str,
        gate_id: str,
    ) -> None:
        self._check()
        self.moving()
        present = self.aliases.get((name, alias))
        if (present.revision if present else 0) != expected_revision:
            raise Conflict("expected_revision is another one")
        if (name, version) not in self.versions:
            raise NotFound(f"{name}:{version} does not exist")
        if previous and present is not None:
            self.put(name, previous, present.version)
        self.put(name, alias, version)
        self.moves.append((name, alias, version, reason, gate_id))

    def _check(self) -> None:
        if self.down:
            raise Unavailable("Model is down")

    def publish(self, version: Published) -> None:
        self._news.put_nowait(News(self.keep(version)))

    def heartbeat(self) -> None:
        self._news.put_nowait(News(heartbeat=True))

    def fail(self) -> None:
        self._news.put_nowait(Unavailable("Model went away"))

    async def hold(self, policies: Sequence[str], reason: str, seconds: float) -> None:
        self._check()
        for policy in policies:
            name, _, number = policy.partition(":")
            if (name, int(number)) not in self.versions:
                raise NotFound(f"{policy} does not exist")
            self.held[policy] = reason

    async def snapshots(self) -> list[Published]:
        self.listed.set()
        return [one for one in self.versions.values() if one.game]

    async def watch(self) -> AsyncIterator[News]:
        yield News(heartbeat=True)
        while True:
            news = await self._news.get()
            if isinstance(news, MazemeshError):
                raise news
            yield news


def snapshot(
    version: int,
    *,
    name: str = "race",
    game: str = "race",
    settings: GameSettings | None = None,
    kept: bool = True,
) -> Published:
    """A ready version of a policy."""
    if not kept:
        return Published(name, version)
    return Published(name, version, game, settings or GameSettings(shaping=0.5))


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
