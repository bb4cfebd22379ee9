"""Leases rating matches from the Matchmaker, plays them, and probes each new snapshot."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import structlog

from actor.metrics import EvaluatorMetrics
from actor.selfplay.student.student import ModelPeer
from mazemesh import tracing
from mazemesh.client.calling.pauses import jittered
from mazemesh.contract import UPGRADE
from mazemesh.errors import (
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Unavailable,
)
from mazemesh.evaluation.duel import success_rate
from mazemesh.evaluation.matches import GamePeer, play_matches
from mazemesh.evaluation.seats import SeatPeer, has_people, play_seats
from mazemesh.games import is_bot
from mazemesh.policy.cache import PolicyCache
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import GameSettings, GetGameSpecResponse
from mazemesh.v1.matchmaker_pb2 import LeasedMatch, LeaseMatchesResponse
from mazemesh.v1.model_pb2 import PolicyVersion

log = structlog.get_logger()

_IDLE_SECONDS = 1.0
_PROBE_EVERY = 2.0
_STOPS = "the evaluator stops"
_MOST_BESIDE = 32
"""Matches with people at once, each with a thread for each seat of a policy."""


class MatchPeer(Protocol):
    """What is needed of the Matchmaker (`mazemesh.client.matchmaker.MatchmakerClient`)."""

    def lease(self, worker_id: str, max_matches: int, game: str = "") -> LeaseMatchesResponse:
        """Rating matches to play."""
        ...

    def complete(self, match_id: str, fence: int, worker_id: str, failure: str = "") -> None:
        """Ends a lease."""
        ...


class ProbePeer(GamePeer, SeatPeer, Protocol):
    """What is needed of the Game service beyond playing matches."""

    def at(self, address: str) -> ProbePeer:
        """The instance at an address; any where it is empty."""
        ...

    def spec(self, game: str, settings: GameSettings) -> GetGameSpecResponse:
        """A game under settings."""
        ...


class SnapshotPeer(ModelPeer, Protocol):
    """What is needed of the Model service beyond loading policies."""

    def list(self, name: str = "", *, snapshots_only: bool = False) -> Iterator[PolicyVersion]:
        """Versions, newest first."""
        ...


class Evaluator:
    """One worker: rating matches as long as there are any, and a probe of each new snapshot.

    Args:
        worker_id: Unique among workers.
        matchmaker, model, game: The services.
        metrics: Counters.
        stop: Ends `run`.
        max_matches: Leased and played at once.
        probe_games: Held-out mazes for the success rate of a snapshot; 0 probes none.
        policy: Whose snapshots are probed; empty: everyone's.
        rng: Source of the draws.
    """

    def __init__(
        self,
        worker_id: str,
        matchmaker: MatchPeer,
        model: SnapshotPeer,
        game: ProbePeer,
        metrics: EvaluatorMetrics,
        stop: threading.Event,
        *,
        max_matches: int,
        probe_games: int,
        policy: str,
        rng: np.random.Generator,
    ) -> None:
        self._worker_id = worker_id
        self._matchmaker, self._model, self._game = matchmaker, model, game
        self._metrics, self._stop, self._rng = metrics, stop, rng
        self._max_matches, self._probe_games, self._policy = max_matches, probe_games, policy
        self._cache, self._loading = PolicyCache(model), threading.Lock()
        self._beside: list[threading.Thread] = []
        self._probed: dict[str, int] = {}
        self._probe_at = 0.0

    def run(self) -> None:
        """Works until `stop` is set; a service that is away is waited for.

        Raises:
            FailedPrecondition: mesh and worker do not understand each other; says what to upgrade.
        """
        while not self._stop.is_set():
            try:
                if self._probe_games and time.monotonic() >= self._probe_at:
                    self._probe()
                    self._probe_at = time.monotonic() + _PROBE_EVERY
                idle = self._work()
            except MazemeshError as error:
                if error.reason in UPGRADE:
                    raise
                log.info("evaluation interrupted", reason=str(error))
                idle = _IDLE_SECONDS
            if idle:
                self._stop.wait(jittered(idle))
        for thread in self._beside:
            thread.join()

    def _work(self) -> float:
        """Plays one lease; returns how long to wait before the next."""
        with tracing.span("evaluate", parent=""):
            return self._play_lease()

    def _play_lease(self) -> float:
        answer = self._matchmaker.lease(self._worker_id, self._max_matches)
        groups: dict[str, list[LeasedMatch]] = defaultdict(list)
        for match in answer.matches:
            if has_people(match.setup):
                self._play_beside(match)
                continue
            key = match.setup.game + match.setup.settings.SerializeToString().hex()
            match.created.game_address = match.game_address
            groups[f"{key}@{match.temperature}@{match.game_address}"].append(match)
        for matches in groups.values():
            if self._stop.is_set():
                self._complete(matches, _STOPS)  # others need not wait until the leases run out
            else:
                self._play(matches)
        if answer.matches:
            return 0.0
        wait = answer.retry_after.seconds + answer.retry_after.nanos / 1e9
        return wait or _IDLE_SECONDS

    def _play_beside(self, match: LeasedMatch) -> None:
        """Holds the policies' seats of a match with people in a thread, as people take their time.

        Where too many are under way the lease goes back, and to another evaluator.
        """
        self._beside = [one for one in self._beside if one.is_alive()]
        if self._stop.is_set() or len(self._beside) >= _MOST_BESIDE:
            self._complete([match], _STOPS if self._stop.is_set() else "too many people to play")
            return
        rng = self._rng.spawn(1)[0]
        thread = threading.Thread(target=self._sit, args=(match, rng), name=match.match_id)
        thread.start()
        self._beside.append(thread)

    def _sit(self, match: LeasedMatch, rng: np.random.Generator) -> None:
        failure = ""
        try:
            play_seats(
                self._game.at(match.game_address),
                self._load,
                match.setup,
                match.created,
                self._stop,
                temperature=match.temperature,
                rng=rng,
            )
        except MazemeshError as error:
            failure = str(error)
        try:
            self._complete([match], failure)
        except MazemeshError as error:  # the lease runs out by itself
            log.warning("match not completed", match_id=match.match_id, reason=str(error))

    def _load(self, reference: str) -> OnnxPolicy:
        with self._loading:
            return self._cache.get(reference)

    def _play(self, matches: Sequence[LeasedMatch]) -> None:
        playable = [match for match in matches if self._loads(match)]
        if not playable:
            return
        try:
            play_matches(
                self._game,
                self._load,
                [(match.setup, match.created) for match in playable],
                temperature=playable[0].temperature,
                rng=self._rng,
                stepped=self._stepped,
            )
            failure = ""
        except (NotFound, FailedPrecondition, Unavailable) as error:
            failure = str(error)
        self._complete(playable, failure)

    def _stepped(self, moves: int) -> None:
        self._metrics.agent_steps.inc(moves)
        if self._stop.is_set():
            raise Unavailable(_STOPS)

    def _loads(self, match: LeasedMatch) -> bool:
        """Whether all its policies load; gives the lease back if not, and spares the others."""
        try:
            for participant in match.setup.participants:
                if not is_bot(participant):
                    self._load(participant)
        except (NotFound, InvalidArgument) as error:
            self._complete([match], str(error))
            return False
        return True

    def _complete(self, matches: Sequence[LeasedMatch], failure: str) -> None:
        for match in matches:
            try:
                self._matchmaker.complete(match.match_id, match.fence, self._worker_id, failure)
            except (FailedPrecondition, NotFound) as error:
                log.info("lease lost", match_id=match.match_id, reason=str(error))
        self._metrics.matches.labels("failed" if failure else "played").inc(len(matches))
        if failure:
            log.warning("matches not played", count=len(matches), reason=failure)

    def _probe(self) -> None:
        newest: dict[str, PolicyVersion] = {}
        for version in self._model.list(self._policy, snapshots_only=True):
            if version.name in newest:
                if self._policy:
                    break
                continue
            newest[version.name] = version
        for name, version in newest.items():
            if self._probed.get(name, 0) >= version.version or not version.HasField("collection"):
                continue
            if version.collection.HasField("external"):  # a simulator plays it
                continue
            reference = f"{name}:{version.version}"
            try:
                told = self._game.spec(version.collection.game, version.collection.settings)
            except InvalidArgument as error:  # Game does not play it: nobody can probe it
                log.warning("snapshot cannot be probed", policy=reference, reason=str(error))
                self._probed[name] = version.version
                continue
            rate = success_rate(
                self._game, self._load, told.spec, reference, self._probe_games, self._rng
            )
            self._probed[name] = version.version
            self._metrics.success_rate.labels(reference).set(rate)
            log.info("snapshot probed", policy=reference, success_rate=round(rate, 3))
