"""The actor process: self-play for one policy, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from uuid import uuid4

import numpy as np
import structlog
from prometheus_client import CollectorRegistry

from actor.collecting.acting import method
from actor.collecting.room import affordable_games, shares, write_rows
from actor.collecting.sender import ExperienceSender
from actor.collecting.step import Experience
from actor.metrics import ActorMetrics
from actor.selfplay.lockstep import LockstepOpponents, Turns
from actor.selfplay.opponents import OpponentSupply, SeatPlan, Supply
from actor.selfplay.selfplay import TrainingGames
from actor.selfplay.student import Student
from actor.settings import ActorSettings
from mazemesh import tracing
from mazemesh.client.game.game import GamesSession
from mazemesh.client.mesh import Mesh
from mazemesh.client.pauses import jittered
from mazemesh.errors import DeadlineExceeded, MazemeshError, NotFound, Unavailable
from mazemesh.experience import most_write_rows
from mazemesh.games import GameSpec, Purpose, seeds
from mazemesh.games.ladder import sides
from mazemesh.policy.cache import PolicyCache, check_spec
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import GetGameSpecRequest, GetGameSpecResponse
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_from_proto, spec_from_proto

log = structlog.get_logger()


_ASK_SECONDS = 1.0


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
        self._student = Student(mesh.model, settings.policy, stop)
        self._rival: Student | None = None
        self._entropy = np.random.SeedSequence(settings.seed)
        self._sessions: list[GamesSession] = []
        self._shares: list[int] = []
        self._write_rows = 0
        self._turns: Turns | None = None

    def run(self) -> None:
        """Plays until `stop` is set; a service that restarts is waited for.

        Raises:
            MazemeshError: the run's policy, game or table cannot be played with.
        """
        try:
            self._student.wait()
            self._meet_rival(self._student.description.collection.exploits)
            told = self._ask_game(self._student.description.collection)
        except (NotFound, Unavailable, DeadlineExceeded):
            if self._stop.is_set():
                return
            raise
        collection = self._student.description.collection
        spec = spec_from_proto(told.spec)
        self._cache = PolicyCache(self._mesh.model, spec_hash=spec.spec_hash)
        if self._rival is not None:
            check_spec(self._rival.description, spec.spec_hash)
        supply, fill = self._opponents(collection, spec, told.bots)
        _, collector = method(
            collection, spec, 1, np.random.default_rng(0), self._student.current.state_size
        )
        self._make_room(spec, collection, collector.signature.row_bytes)
        writer = self._mesh.replay.writer(collection.table, collector.signature)
        sender = ExperienceSender(writer, self._stop, drain_seconds=self._settings.drain_seconds)
        threads = [
            threading.Thread(target=self._student.follow, args=(spec,), daemon=True),
            threading.Thread(target=sender.run),
        ]
        if self._rival is not None:
            follow = self._rival.follow
            threads.append(threading.Thread(target=follow, args=(spec,), daemon=True))
        if fill is not None:
            threads.append(threading.Thread(target=fill, daemon=True))
        for thread in threads:
            thread.start()
        try:
            while not self._stop.is_set():
                self._play(spec, supply, sender)
        finally:
            self._stop.set()
            rows = sender.rows
            if not sender.finish():
                log.warning("rows were not written, as the time to stop is over")
            log.info("rows written when stopping", rows=sender.rows - rows, all_rows=sender.rows)
            # An append may wait for a learner that has stopped already.
            writer.close()
            self._close()
            threads[1].join()
        sender.check()

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

    def _make_room(self, spec: GameSpec, collection: Collection, row_bytes: int) -> None:
        """Settles how many games are played, in which sessions, and how rows are written.

        Raises:
            InvalidArgument: one game alone is too large.
        """
        wanted, rows = self._settings.games, most_write_rows(collection.batch_rows)
        games = affordable_games(wanted, row_bytes)
        self._shares, self._write_rows = shares(games, spec), write_rows(rows, row_bytes)
        if games < wanted:
            log.warning("fewer games than asked for", asked=wanted, row_bytes=row_bytes)
        log.info("playing", policy=self._student.current.reference, games=games)

    def _opponents(
        self, collection: Collection, spec: GameSpec, bots: Sequence[str]
    ) -> tuple[Supply, Callable[[], None] | None]:
        """Where opponents come from, and what keeps them coming, in a thread."""
        name = self._settings.policy
        if collection.lockstep:
            (entropy,) = self._entropy.spawn(1)
            drawn = LockstepOpponents(self._mesh.model, name, bots, np.random.default_rng(entropy))
            several = sides(spec.seats, spec.teams) > 1
            self._turns = Turns(self._student, collection.batch_rows, drawn if several else None)
            return drawn, None
        asked = OpponentSupply(
            self._mesh.matchmaker,
            name,
            collection.game,
            self._stop,
            # As of the version that plays: a run that is resumed may have another pool.
            pool=lambda: self._student.description.collection.pool,
            exploits=collection.exploits,
            sides=sides(spec.seats, spec.teams),
        )
        return asked, asked.fill if sides(spec.seats, spec.teams) > 1 else None

    def _play(self, spec: GameSpec, supply: Supply, sender: ExperienceSender) -> None:
        """Plays on new sessions until they are lost or `stop` is set."""
        try:
            sessions = [self._open(spec, supply, games) for games in self._shares]
            while not self._stop.is_set():
                for session in sessions:
                    sender.keep_pace()
                    with tracing.span("step batch", parent=""):
                        experience = session.turn()
                        if experience is not None:
                            self._send(experience, sender)
        except (NotFound, Unavailable, DeadlineExceeded) as error:
            if not self._stop.is_set():
                log.warning("games lost; opening new ones", reason=str(error))
                self._stop.wait(jittered(0.2))
        finally:
            self._close()

    def _send(self, experience: Experience, sender: ExperienceSender) -> None:
        for piece in experience.pieces(self._write_rows):
            acted = self._student.version
            with self._metrics.blocked.time():
                sender.put(piece)
                if self._turns is not None:
                    self._turns.written(piece.rows, acted)
            self._metrics.rows.inc(piece.rows)

    def _open(self, spec: GameSpec, supply: Supply, games: int) -> TrainingGames:
        collection = self._student.description.collection
        # Spawned one after the other, so that every session has its own mazes and draws.
        (entropy,) = self._entropy.spawn(1)
        rng = np.random.default_rng(entropy)
        acting, collector = method(collection, spec, games, rng, self._student.current.state_size)
        plan = SeatPlan(games, spec.seats, supply, spec.teams)
        session = self._mesh.game.open_session(
            collection.game,
            settings_from_proto(collection.settings),
            games,
            seeds.seed(Purpose.TRAINING, int(rng.integers(seeds.NUMBERS))),
            controllers=plan.controllers(),
        )
        self._sessions.append(session)
        return TrainingGames(
            session,
            session.step,
            plan,
            acting,
            collector,
            lambda: self._student.current,
            self._load,
            self._metrics,
            rng,
        )

    def _meet_rival(self, name: str) -> None:
        """Waits for the first version of the policy that the student exploits, if it does any."""
        if name:
            self._rival = Student(self._mesh.model, name, self._stop)
            self._rival.wait()

    def _load(self, opponent: str) -> OnnxPolicy:
        """An opponent by its exact version, or the latest of the student or of its rival."""
        if opponent == f"{self._settings.policy}:latest":
            return self._student.current
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


def worker_name(settings_id: str, kind: str) -> str:
    """The worker's id, or a random one."""
    return settings_id or f"{kind}-{uuid4().hex[:12]}"
