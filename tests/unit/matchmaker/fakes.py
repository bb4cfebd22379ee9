"""Hand-written peers of the Matchmaker, kept to the contract of the real ones."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mazemesh.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
    Unavailable,
)
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.v1 import game_pb2
from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.experiments.served import Assigned
from services.matchmaker.gates.run import Finding, Hypotheses, Verdict
from services.matchmaker.peers import AliasAt, News, Published, Question, Resolved
from services.matchmaker.rating.players import Rating
from services.matchmaker.setup import CreatedGame, CreatedMatch, MatchSetup, Vacancy
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
