"""Publishes versions of the policy beside the training."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import structlog

from learner.loop.examples import legal_rows, parity_of
from learner.loop.lease import Lease
from learner.network.architecture import (
    Architecture,
    ByteArray,
    Evaluation,
    FloatArray,
    Observed,
    Parameters,
)
from learner.ports import PolicySink
from learner.record.lineage import Lineage
from learner.run import Run
from mazemesh import tracing
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.policy.file.weights import Graph
from mazemesh.policy.heads import ACTION_DISTRIBUTION, heads
from mazemesh.v1 import model_pb2
from mazemesh.wire.tensors import to_tensor

log = structlog.get_logger("learner.loop.publisher")

RETRY_SECONDS = 1.0

REFUSALS = 5
"""Of versions in a row, after which the run ends: nobody acts on what it learns."""

PARITY_BYTES = 768 * 1024
"""Of a version's parity check, since Model takes messages of a mebibyte; wide rows are fewer."""


@dataclass(frozen=True)
class Draft:
    """A version before it has a number.

    Attributes:
        parameters: Weights; a copy that nobody changes any more.
        parity: What the trained network answers to real observations.
        training_step: Gradient steps behind it.
        agent_steps: Steps of experience behind it.
        snapshot: Keep it for rating.
        fresh: It did not grow from the version before: it has no parent.
        request_id: The same in every attempt, so that it is published once.
    """

    parameters: Parameters
    parity: model_pb2.ParityCheck
    training_step: int
    agent_steps: int
    snapshot: bool
    fresh: bool = False
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)


def parity_check(
    observation: Observed,
    action_mask: ByteArray,
    answer: Evaluation,
    state: FloatArray | None = None,
    shape: Architecture | None = None,
) -> model_pb2.ParityCheck:
    """The message: what the network answers to observations [n, ...] with masks [n, M].

    Of a network with memory, `state` float32 [n, memory] is what it remembered before. Rows without
    a legal action, as the end of a game has them, are left out, and those beyond `PARITY_BYTES`.
    A `shape` tells the spaces where they are not one vector and one number.
    """
    columns = observation if isinstance(observation, Mapping) else {"": observation}
    width = sum(column[0].nbytes for column in columns.values())
    width += action_mask.shape[1] + answer.logits[0].nbytes * 2 + 4
    if state is not None:
        width += 2 * state[0].nbytes
    if width > PARITY_BYTES:
        raise InvalidArgument(
            f"an observation with its mask and answers has {width} bytes; a version can be checked "
            f"on at most {PARITY_BYTES}"
        )
    spaces = None if shape is None else shape.spaces
    legal = action_mask.any(axis=1) if spaces is None else legal_rows(spaces.action, action_mask)
    rows = np.flatnonzero(legal)[: PARITY_BYTES // width]
    columns = {name: column[rows] for name, column in columns.items()}
    observation = columns if isinstance(observation, Mapping) else columns[""]
    action_mask = action_mask[rows]
    answer = Evaluation(*(each[rows] for each in answer))
    state = None if state is None else state[rows]
    if spaces is not None:
        return parity_of(spaces.action, observation, action_mask, answer, state)
    message = model_pb2.ParityCheck(
        observation=to_tensor(columns[""]),
        action_mask=to_tensor(action_mask),
        logits=to_tensor(answer.logits),
        value=to_tensor(answer.value),
    )
    if state is not None:
        message.state.CopyFrom(to_tensor(state))
        message.next_state.CopyFrom(to_tensor(answer.next_state))
    return message


class Publisher:
    """Sends drafts to Model one after the other.

    While one is under way or Model is away, the newest draft waits and replaces the one that waited
    before it: nobody acts on a version that is outdated before it is out. Only a fresh draft leaves
    the last one of what was before it in its place.

    Attributes:
        version: Last version published; 0 before the first.
        training_steps: Training step of each version published by this process.
        rejected: Versions that Model refused.
        error: What ended the thread before its time; the learner is stopped then.
        seconds: How long the last draft that was offered took, to Model and back.
    """

    def __init__(
        self,
        sink: PolicySink,
        run: Run,
        run_id: str,
        stop: threading.Event,
        *,
        metadata: dict[str, str] | None = None,
        config: Mapping[str, str] = MappingProxyType({}),
        code_version: str = "",
        lineage: Lineage | None = None,
        lease: Lease | None = None,
        variants: Sequence[str] = (),
    ) -> None:
        self.version = 0
        self.training_steps: dict[int, int] = {}
        self.rejected = 0
        self.error: Exception | None = None
        self._refused_in_a_row = 0
        self.seconds = 0.0
        self._sink, self._run, self._run_id, self._stop = sink, run, run_id, stop
        self._metadata, self._lineage, self._lease = metadata or {}, lineage, lease
        self._variants = [f"POLICY_VARIANT_{kind.upper()}" for kind in variants]
        self._config, self._code_version = config, code_version
        self._graph: Graph | None = None
        self._condition = threading.Condition()
        self._waiting: deque[Draft] = deque()
        self._closed = False
        self._reason = ""
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)

    def start(self) -> None:
        """Begins to send what is offered."""
        self._thread.start()

    def offer(self, draft: Draft) -> None:
        """Hands over a draft without waiting."""
        with self._condition:
            if self._waiting and not draft.fresh:
                last = self._waiting.pop()
                draft = replace(draft, snapshot=draft.snapshot or last.snapshot, fresh=last.fresh)
            self._waiting.append(draft)
            self._condition.notify()

    def close(self, timeout: float) -> None:
        """Sends what waits, at most for `timeout` seconds, and ends."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join(timeout)

    def check(self) -> None:
        """Raises what ended the thread before its time, if anything did."""
        if self.error is not None:
            raise self.error

    def publish(self, draft: Draft) -> bool:
        """Publishes a draft, waiting for Model as long as it takes.

        Returns:
            Whether it was published: False when Model refused it, or the learner is stopping and
            Model is away.

        Raises:
            Conflict: another run has taken the name over.
            FailedPrecondition: Model has refused `REFUSALS` versions in a row.
        """
        header = self._header(draft)
        data = self._run.source.to_onnx(draft.parameters)
        if self._graph is None:
            self._graph = Graph.of(data)
        while True:
            try:
                with tracing.span("publish", parent=""):
                    published = self._sink.publish(header, data, self._graph)
            except (Unavailable, DeadlineExceeded, ResourceExhausted) as error:
                log.warning("model does not take the version now", reason=str(error))
                if self._stop.wait(RETRY_SECONDS):
                    return False
            except Conflict:
                raise
            except MazemeshError as error:
                self._refused(draft, error)
                return False
            else:
                self._refused_in_a_row = 0
                self._note(published, draft)
                tell = log.info if draft.snapshot else log.debug  # of the others there are many
                tell(
                    "published",
                    version=self.version,
                    training_step=draft.training_step,
                    agent_steps=draft.agent_steps,
                    snapshot=draft.snapshot,
                )
                return True

    def _note(self, published: model_pb2.PolicyVersion, draft: Draft) -> None:
        self.version = published.version
        if draft.fresh:
            self.training_steps.clear()  # of other weights
        self.training_steps[published.version] = draft.training_step
        if draft.snapshot and self._lineage is not None:
            self._lineage.add(
                published, training_step=draft.training_step, agent_steps=draft.agent_steps
            )

    def _refused(self, draft: Draft, error: MazemeshError) -> None:
        self.rejected += 1
        self._refused_in_a_row += 1
        self._reason = str(error)
        log.error("version refused", training_step=draft.training_step, reason=str(error))
        if self._refused_in_a_row >= REFUSALS:
            raise FailedPrecondition(
                f"Model refused the last {REFUSALS} versions, so nobody acts on what is learned; "
                f"the last one (training step {draft.training_step}): {error}"
            ) from error

    def insist(self, draft: Draft) -> None:
        """Publishes a draft that is waited for, for as long as Model is away, or until a stop.

        Raises:
            FailedPrecondition: Model refused it.
            Conflict: another run has taken the name over.
        """
        if not self.publish(draft) and not self._stop.is_set():
            raise FailedPrecondition(
                f"Model refused the version of training step {draft.training_step}, without which "
                f"nobody can play: {self._reason}"
            )

    def _header(self, draft: Draft) -> model_pb2.PublishPolicyHeader:
        return model_pb2.PublishPolicyHeader(
            request_id=draft.request_id,
            name=self._run.policy,
            run_id=self._run_id,
            training_step=draft.training_step,
            parent_version=0 if draft.fresh else self.version,
            snapshot=draft.snapshot,
            collection=self._run.collection,
            parity=draft.parity,
            fence=0 if self._lease is None else self._lease.fence,
            q_values=self._run.architecture.dueling,
            variants=self._variants if draft.snapshot else (),
            code_version=self._code_version,
            config=self._config,
            metadata={
                **_drawn_from(self._run.architecture),
                "algorithm": self._run.algorithm,
                "seed": str(self._run.seed),
                "agent_steps": str(draft.agent_steps),
                **self._metadata,
            },
        )

    def _work(self) -> None:
        try:
            self._send()
        except Exception as error:  # whatever it was: the learner must not go on unheard
            log.error("nothing is published any more", reason=str(error))
            self.error = error
            self._stop.set()

    def _send(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                draft = self._waiting.popleft()
            began = time.perf_counter()
            self.publish(draft)
            self.seconds = time.perf_counter() - began


def _drawn_from(shape: Architecture) -> dict[str, str]:
    """How continuous actions are drawn, where there are some."""
    continuous = any(head.continuous for head in heads(shape.action_space))
    return {ACTION_DISTRIBUTION: shape.actions} if continuous else {}
