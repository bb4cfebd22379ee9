"""The student: the newest version of a policy.

Files come from Model alone, which has validated each in a confined process, and whose client has
compared their hashes: they are opened here without a further check.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator
from typing import Protocol

import structlog
from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from actor.selfplay.student.coming import Coming
from mazemesh.client.calling.pauses import jittered
from mazemesh.errors import (
    DeadlineExceeded,
    MazemeshError,
    NotFound,
    Unavailable,
)
from mazemesh.experience import digest_of
from mazemesh.games import GameSpec
from mazemesh.policy.file.weights import Graph
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.model_pb2 import PolicyVersion, WatchPoliciesResponse

log = structlog.get_logger()

_LOOK_SECONDS = 0.2
"""How often whoever waits for a version looks at the stop event."""


class ModelPeer(Protocol):
    """What is needed of the Model service (`mazemesh.client.model.ModelClient`)."""

    def get(
        self, policy: str, if_none_match: str = "", graph: Graph | None = None
    ) -> tuple[PolicyVersion, bytes | None]:
        """The version and its file, None when it is the one already at hand."""
        ...

    def watch(
        self, name: str = "", since_revision: int = 0, graph_sha256: str = ""
    ) -> Iterator[WatchPoliciesResponse]:
        """Events without end."""
        ...


class Student:
    """The newest version of a policy, kept up to date by a thread.

    Attributes:
        current: The version to act with. Read it once for each decision.
        description: What the Model service says of it.
    """

    def __init__(self, model: ModelPeer, name: str, stop: threading.Event) -> None:
        self._model = model
        self._name = name
        self._stop = stop
        self._installed = threading.Condition()
        self._graph: Graph | None = None
        self.current: OnnxPolicy
        self.description: PolicyVersion

    def wait(self) -> None:
        """Blocks until a first version is loaded.

        Raises:
            Unavailable or NotFound: `stop` was set before there was one.
        """
        waiting = Retrying(
            retry=retry_if_exception_type((NotFound, Unavailable, DeadlineExceeded)),
            wait=wait_exponential(multiplier=0.1, max=1.0),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            reraise=True,
        )
        waiting(self._load)

    @property
    def version(self) -> int:
        """Of `current`."""
        return self.current.version

    def wait_newer(self, version: int, patience: float = math.inf) -> None:
        """Blocks until `current` is newer than `version`, `patience` is over, or `stop` is set."""
        until = time.monotonic() + patience
        with self._installed:
            while self.current.version <= version and not self._stop.is_set():
                left = until - time.monotonic()
                if left <= 0:
                    log.info("no newer version", policy=self._name, than=version, waited=patience)
                    return
                self._installed.wait(min(left, _LOOK_SECONDS))

    def follow(self, spec: GameSpec) -> None:
        """Loads each new version as soon as it is ready, until `stop` is set. Runs in a thread.

        A watch begins at the present, never at a revision that may be forgotten by now; its first
        message says that it stands, and what happened before is asked for then.
        """
        while not self._stop.is_set():
            try:
                self._watch(spec)
            except MazemeshError as error:
                log.info("policy watch interrupted", policy=self._name, reason=str(error))
                self._stop.wait(jittered(0.5))

    def _watch(self, spec: GameSpec) -> None:
        """Follows until `stop` is set, or what is published is of another graph."""
        graph, stands = self._graph, False
        coming = Coming(graph, lambda file: _loaded(f"{self._name}:0", file, spec, greedy=False))
        for event in self._model.watch(self._name, graph_sha256=coming.graph_sha256):
            if self._stop.is_set():
                return
            if event.HasField("weights"):
                coming.take(event.weights)
            elif event.HasField("policy"):
                coming.describe(event.policy)
            if not stands or self._is_news(event):
                arrived = coming.arrived(event.alias.version)
                if arrived is None or not self._fits(arrived[0], spec):
                    # All who watch hear of it at once; the service says how far to spread.
                    self._stop.wait(event.spread_seconds * random.random())  # noqa: S311
                    self._refresh(spec)
                else:
                    self._install(*arrived)
            stands = True
            if self._graph is not graph:
                return

    def _is_news(self, event: WatchPoliciesResponse) -> bool:
        """Whether `latest` has moved to another version than the one at hand.

        A version's own event says nothing of it: what is loaded is what `latest` stands for, and
        by the time of an event that may be a later one already.
        """
        moved = event.alias
        return moved.alias == "latest" and moved.version != self.description.version

    def _refresh(self, spec: GameSpec) -> None:
        description, data = self._model.get(
            f"{self._name}:latest", if_none_match=self.description.sha256, graph=self._graph
        )
        if data is not None and self._fits(description, spec):
            self._open(description, data, spec)

    def _fits(self, description: PolicyVersion, spec: GameSpec) -> bool:
        if description.spec_hash == spec.spec_hash:
            return True
        log.error(
            "new version does not fit the game",
            policy=f"{self._name}:{description.version}",
            spec_hash=description.spec_hash,
            expected=spec.spec_hash,
        )
        return False

    def _load(self) -> None:
        description, data = self._model.get(f"{self._name}:latest")
        if data is None:
            raise NotFound(f"policy {self._name}:latest has no file")
        self._open(description, data, None)

    def _open(self, description: PolicyVersion, data: bytes, spec: GameSpec | None) -> None:
        if self._graph is None or self._graph.sha256 != description.graph_sha256:
            self._graph = Graph.of(data) if description.graph_sha256 else None
        reference = f"{description.name}:{description.version}"
        policy = _loaded(reference, data, spec, greedy=description.q_values)
        if description.sha256:
            # Of another form of the file too it is the version that experience names.
            policy.digest = digest_of(description.sha256)
        self._install(description, policy)

    def _install(self, description: PolicyVersion, policy: OnnxPolicy) -> None:
        with self._installed:
            self.current, self.description = policy, description
            self._installed.notify_all()


def _loaded(reference: str, data: bytes, spec: GameSpec | None, *, greedy: bool) -> OnnxPolicy:
    policy = OnnxPolicy(reference, data, greedy=greedy)
    if spec is not None:
        # The first run of a session allocates; it must not happen in the middle of a step.
        policy.warm()
    return policy
