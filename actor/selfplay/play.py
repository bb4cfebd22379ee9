"""The actor process: self-play for one policy, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import numpy as np
import structlog
from prometheus_client import CollectorRegistry

from actor.metrics import ActorMetrics
from actor.selfplay.learning import Learning, Role, adversaries, roles_of
from actor.selfplay.lockstep import LockstepOpponents, Turns
from actor.selfplay.opponents.supply import OpponentSupply, Supply
from actor.selfplay.room import affordable_games, shares
from actor.selfplay.seats.crew import Trainee
from actor.selfplay.seats.seat_plan import Part, SeatPlan
from actor.selfplay.selfplay import TrainingGames
from actor.selfplay.shown_session import ShownSession
from actor.selfplay.student.student import Student
from actor.selfplay.student.variant import InForm
from actor.settings import ActorSettings
from mazemesh import tracing
from mazemesh.client.calling.pauses import jittered
from mazemesh.client.game.game import GamesSession
from mazemesh.client.mesh import Mesh
from mazemesh.collecting.acting import method
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import Experience
from mazemesh.errors import DeadlineExceeded, MazemeshError, NotFound, Unavailable
from mazemesh.games import GameSpec, Purpose, seeds
from mazemesh.games.ladder import sides
from mazemesh.games.spaces.arrays import action_dtype
from mazemesh.games.spaces.packings import packings
from mazemesh.policy.cache import PolicyCache, check_spec
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import GetGameSpecRequest, GetGameSpecResponse
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_from_proto, spec_from_proto

log = structlog.get_logger()


_ASK_SECONDS = 1.0

_GAMES = 256
"""Played at once, where neither the actor's settings nor the run's preset say."""


class Actor:
    """Plays `settings.games` games at once for the run of `settings.policy`."""

    def __init__(
        self,
        settings: ActorSettings,
        mesh: Mesh,
        registry: CollectorRegistry,
        stop: threading.Event,
    ) -> None:
        self._settings, self._mesh, self._stop = settings, mesh, stop
        self._metrics = ActorMetrics(registry)
        self._cache = PolicyCache(mesh.model)  # until the game is known
        self._model = InForm(mesh.model, settings.variant) if settings.variant else mesh.model
        self._student = Student(self._model, settings.policy, stop)
        self._rival: Student | None = None
        self._roles: tuple[Role, ...] = ()
        self._entropy = np.random.SeedSequence(settings.seed)
        self._sessions: list[GamesSession] = []
        self._shares: list[int] = []
        self._turns: Turns | None = None

    def run(self) -> None:
        """Plays until `stop` is set; a service that restarts is waited for.

        Raises:
            MazemeshError: the run's policy, game or table cannot be played with.
        """
        try:
            self._student.wait()
            self._roles = roles_of(self._settings.policy, self._student, self._follow)
            self._meet_rival(self._student.description.collection.exploits)
            told = self._ask_game(self._student.description.collection)
        except (NotFound, Unavailable, DeadlineExceeded):
            if self._stop.is_set():
                return
            raise
        spec = spec_from_proto(told.spec)
        self._cache = PolicyCache(self._mesh.model, spec_hash=spec.spec_hash)
        followed = [role.student for role in self._roles if role.student is not self._student]
        if self._rival is not None:
            followed.append(self._rival)
        for other in followed:
            check_spec(other.description, spec.spec_hash)
        threads: list[threading.Thread] = []
        learning = [self._learning(role, spec, told.bots, threads) for role in self._roles]
        self._make_room(spec, sum(one.signature.row_bytes for one in learning))
        senders = []
        for one in learning:
            sending, following = one.threads(spec)
            senders.append(sending)
            threads.append(following)
        if self._rival is not None:
            follow = self._rival.follow
            threads.append(threading.Thread(target=follow, args=(spec,), daemon=True))
        for thread in (*threads, *senders):
            thread.start()
        try:
            while not self._stop.is_set():
                self._play(spec, learning)
        finally:
            self._stop.set()
            for one in learning:
                one.finish()
            self._close()
            for thread in senders:
                thread.join()
        for one in learning:
            one.sender.check()

    def _follow(self, name: str) -> Student:
        """Another policy of the run, when its first version is there."""
        student = Student(self._model, name, self._stop)
        student.wait()
        return student

    def _learning(
        self, role: Role, spec: GameSpec, bots: Sequence[str], threads: list[threading.Thread]
    ) -> Learning:
        supply, fill = self._opponents(role, spec, bots)
        if fill is not None:
            threads.append(threading.Thread(target=fill, daemon=True))
        rng, size = np.random.default_rng(0), role.student.current.state_size
        bits = packings(spec) if role.collection.packed else None
        _, collector = method(role.collection, spec, 1, rng, size, bits=bits)
        told = supply, collector.signature, self._mesh, self._stop, self._settings.drain_seconds
        return Learning.of(role, *told, alone=len(self._roles) == 1)

    def _ask_game(self, collection: Collection) -> GetGameSpecResponse:
        """What is played, as the Game service knows it; waits for one that is not up yet.

        Raises:
            InvalidArgument: Game plays no such game.
            Unavailable: everything stops before Game is there.
        """
        request = GetGameSpecRequest(game=collection.game, settings=collection.settings)
        while not self._stop.is_set():
            try:
                return self._mesh.game.ask_spec(request, _ASK_SECONDS)
            except (Unavailable, DeadlineExceeded) as error:
                log.info("waiting for the Game service", reason=str(error))
        raise Unavailable("the actor stops")

    def _make_room(self, spec: GameSpec, row_bytes: int) -> None:
        """Settles how many games are played, in which sessions.

        Raises:
            InvalidArgument: one game alone is too large.
        """
        # Each seat may be collected from, by one of those whose rows have `row_bytes` together.
        row_bytes = row_bytes * spec.seats // len(self._roles)
        wanted = self._settings.games or self._student.description.collection.games or _GAMES
        games = affordable_games(wanted, row_bytes)
        self._shares = shares(games, spec)
        if games < wanted:
            log.warning("fewer games than asked for", asked=wanted, row_bytes=row_bytes)
        log.info("playing", policy=self._student.current.reference, games=games)

    def _opponents(
        self, role: Role, spec: GameSpec, bots: Sequence[str]
    ) -> tuple[Supply, Callable[[], None] | None]:
        """Where opponents come from, and what keeps them coming, in a thread."""
        collection = role.collection
        several = sides(spec.seats, spec.teams)
        if collection.lockstep:
            (entropy,) = self._entropy.spawn(1)
            rng = np.random.default_rng(entropy)
            drawn = LockstepOpponents(self._mesh.model, role.name, bots, rng)
            turns = collection.batch_rows, drawn if several > 1 else None, collection.first_rows
            self._turns = Turns(role.student, *turns)
            return drawn, None
        asked = OpponentSupply(
            self._mesh.matchmaker,
            role.name,
            collection.game,
            self._stop,
            # As of the version that plays: a run that is resumed may have another pool.
            pool=lambda: role.collection.pool,
            exploits=collection.exploits,
            sides=several,
            adversaries=adversaries(role, self._roles, spec),
            exploits_pool=collection.exploits_pool,
        )
        return asked, asked.fill if several > 1 else None

    def _play(self, spec: GameSpec, learning: Sequence[Learning]) -> None:
        """Plays on new sessions until they are lost or `stop` is set."""
        try:
            sessions = [self._open(spec, learning, games) for games in self._shares]
            while not self._stop.is_set():
                for session in sessions:
                    for one in learning:
                        one.keep_pace()
                    with tracing.span("step batch", parent=""):
                        for one, experience in zip(learning, session.turn(), strict=True):
                            if experience is not None:
                                self._send(experience, one)
        except (NotFound, Unavailable, DeadlineExceeded) as error:
            if not self._stop.is_set():
                log.warning("games lost; opening new ones", reason=str(error))
                self._stop.wait(jittered(0.2))
        finally:
            self._close()

    def _pieces(self, experience: Experience, most: int) -> Iterator[Experience]:
        for piece in experience.pieces(most):
            yield from (piece,) if self._turns is None else self._turns.parts(piece)

    def _send(self, experience: Experience, learning: Learning) -> None:
        for piece in self._pieces(experience, learning.most_rows):
            acted = learning.role.student.version
            with self._metrics.blocked.time():
                taken = learning.give(piece)
                if self._turns is not None:
                    self._turns.written(piece.rows, acted)
                elif learning.ahead is not None and taken:
                    learning.ahead.written(piece.rows, acted)
            if taken:
                self._metrics.rows.inc(piece.rows)

    def _open(self, spec: GameSpec, learning: Sequence[Learning], games: int) -> TrainingGames:
        collection = self._student.description.collection
        # Spawned one after the other, so that every session has its own mazes and draws.
        (entropy,) = self._entropy.spawn(1)
        rng = np.random.default_rng(entropy)
        everywhere = tuple(range(spec.seats))
        parts = [Part(one.role.name, one.role.seats or everywhere, one.supply) for one in learning]
        plan = SeatPlan(games, spec.seats, parts, spec.teams)
        steady = not (plan.contested or spec.may_leave or spec.may_wait)
        session = self._mesh.game.open_session(
            collection.game,
            settings_from_proto(collection.settings),
            games,
            seeds.seed(Purpose.TRAINING, int(rng.integers(seeds.NUMBERS))),
            controllers=plan.controllers(),
            packed=all(one.role.collection.packed for one in learning),
            with_state=any(one.role.collection.unroll.with_state for one in learning),
        )
        self._sessions.append(session)
        trainees = []
        for one, part in zip(learning, parts, strict=True):
            student = one.role.student
            acting, collector = method(
                *(one.role.collection, spec, games, rng, student.current.state_size),
                seats=len(part.seats),
                steady=steady,
                bits=session.packings,
            )
            trainees.append(Trainee(_present(student), acting, collector))
        shown = Shown.of(spec, session.packings)
        packed = ShownSession(session, shown)
        return TrainingGames(
            packed,
            packed.step,
            plan,
            trainees,
            self._load,
            self._metrics,
            rng,
            steady=steady,
            action_dtype=action_dtype(spec.action_space),
            plain=shown.plain,
        )

    def _meet_rival(self, name: str) -> None:
        """Waits for the first version of the policy that the student exploits, if it does any."""
        if name:
            self._rival = self._follow(name)

    def _load(self, opponent: str) -> OnnxPolicy:
        """An opponent by its exact version, or the latest of the student's rival."""
        if self._rival is not None and opponent.endswith(":latest"):
            return self._rival.current
        return self._cache.get(opponent)

    def _close(self) -> None:
        for session in self._sessions:
            try:
                session.close()
            except MazemeshError as error:
                log.debug("session was gone", reason=str(error))
        self._sessions.clear()


def _present(student: Student) -> Callable[[], OnnxPolicy]:
    return lambda: student.current


def worker_name(settings_id: str, kind: str) -> str:
    """The worker's id, or a random one."""
    return settings_id or f"{kind}-{uuid4().hex[:12]}"
