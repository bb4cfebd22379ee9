"""Replay and Model as the learner sees them, in memory and written by hand."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
import torch

from learner.ports import Columns, Priorities
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import AlreadyExists, DeadlineExceeded, FailedPrecondition, NotFound
from mazemesh.packing.rows import unpack
from mazemesh.policy.file.weights import Graph
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.tensors import Signature, from_tensor

TINY = {"width": 4, "height": 4, "view": 3}
"""Settings of a game that is quick to make."""


def tiny_run(algorithm: str = "ppo", **hyperparameters: float) -> Run:
    """A run of solo on small mazes."""
    return Run.of(
        LearnerSettings(game="solo", algorithm=algorithm, hyperparameters=hyperparameters, **TINY)
    )


@dataclass(frozen=True)
class FakeBatch:
    columns: Columns
    keys: np.ndarray
    probabilities: np.ndarray
    policy_versions: np.ndarray
    table_size: int


def random_batch(signature: Signature, rows: int, seed: int = 0, version: int = 1) -> FakeBatch:
    """Rows as an actor could have written them: legal actions, episodes that end now and then."""
    rng = np.random.default_rng(seed)
    columns = {
        c.name: rng.integers(0, 256, (rows, *c.shape)).astype(c.dtype) for c in signature.columns
    }
    for c in signature.columns:
        if c.packing is not None and c.dtype == np.uint8:  # values that its bits can say
            whole = (rows * int(np.prod(c.shape)) // c.packing.size, c.packing.row_bytes)
            bits = rng.integers(0, 256, whole).astype(np.uint8)
            columns[c.name] = unpack(c.packing, bits).reshape(rows, *c.shape)
    for name in columns:
        if name.endswith("action_mask"):
            columns[name] = np.ones_like(columns[name])
        elif columns[name].dtype == np.float32:
            columns[name] = rng.normal(size=columns[name].shape).astype(np.float32)
    columns["action"] = rng.integers(0, 5, columns["action"].shape).astype(np.int8)
    if "terminated" in columns:
        shape = columns["terminated"].shape
        columns["behaviour_log_probability"] = np.full(shape, np.log(0.2), np.float32)
        end = rng.random(shape)
        columns["terminated"], columns["truncated"] = end < 0.1, end > 0.9
    return FakeBatch(
        columns=columns,
        keys=np.arange(rows, dtype=np.uint64),
        probabilities=np.full(rows, 1 / rows),
        policy_versions=np.full(rows, version),
        table_size=rows,
    )


@dataclass
class FakeReplay:
    """One table that always has a batch, unless `trouble` raises.

    Attributes:
        tables: Tables made, by name; remove one and it is not found any more.
        trouble: Called before each draw.
        draws: Draws so far.
        drawn: Rows of each.
        priorities: The updates that came with draws.
    """

    tables: dict[str, replay_pb2.Table] = field(default_factory=dict)
    trouble: Callable[[], None] = lambda: None
    draws: int = 0
    drawn: list[int] = field(default_factory=list)
    made: int = 0
    priorities: list[Priorities] = field(default_factory=list)

    def list_tables(self, timeout: float = 10.0) -> list[replay_pb2.TableInfo]:
        return [replay_pb2.TableInfo(table=table) for table in self.tables.values()]

    def create_table(self, table: replay_pb2.Table) -> bool:
        self.made += 1
        there = self.tables.setdefault(table.name, table)
        if there != table:
            raise AlreadyExists(f"table {table.name} is another one")
        return there is table

    def sample(
        self,
        table: str,
        batch_size: int,
        *,
        signature: Signature,
        timeout: float | None = None,
        priority_updates: Priorities | None = None,
    ) -> FakeBatch:
        if table not in self.tables:
            raise NotFound(f"no table {table}")
        if priority_updates is not None:
            self.priorities.append(priority_updates)
        self.trouble()
        self.draws += 1
        self.drawn.append(batch_size)
        return random_batch(signature, batch_size, self.draws)


@dataclass
class FakeModel:
    """Keeps versions; checks the file against the parity rows as model.proto says.

    Attributes:
        headers: Of each version, in order.
        versions: By request id.
        failures: Raised by the next calls, one each.
        published: Set after each version.
        holders: Requests to hold the name, in order.
        holding: Answers them.
    """

    headers: list[model_pb2.PublishPolicyHeader] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    published: threading.Condition = field(default_factory=threading.Condition)
    holders: list[model_pb2.HoldNameRequest] = field(default_factory=list)
    holding: Callable[[model_pb2.HoldNameRequest], int] = lambda request: request.fence or 1
    hold_seconds: float = 60.0

    def hold_name(self, request: model_pb2.HoldNameRequest) -> model_pb2.HoldNameResponse:
        self.holders.append(request)
        fence = self.holding(request)
        return model_pb2.HoldNameResponse(fence=fence, seconds=self.hold_seconds)

    def publish(
        self, header: model_pb2.PublishPolicyHeader, data: bytes, graph: Graph | None = None
    ) -> model_pb2.PolicyVersion:
        self.requests.append(header.request_id)
        if self.failures:
            raise self.failures.pop(0)
        check_parity(header.parity, data)
        with self.published:
            if header.request_id not in self.versions:
                self.headers.append(header)
                self.versions[header.request_id] = len(self.headers)
            self.published.notify_all()
        return model_pb2.PolicyVersion(name=header.name, version=self.versions[header.request_id])

    def wait_for(self, count: int, timeout: float = 100.0) -> None:
        """Until `count` versions are there."""
        with self.published:
            assert self.published.wait_for(lambda: len(self.headers) >= count, timeout)


def check_parity(parity: model_pb2.ParityCheck, data: bytes) -> None:
    """Raises `FailedPrecondition` when the file answers otherwise than the publisher."""
    mask = from_tensor(parity.action_mask, "action_mask")
    session = onnxruntime.InferenceSession(data)
    inputs = {"observation": from_tensor(parity.observation, "observation"), "action_mask": mask}
    if parity.HasField("state"):
        inputs["state"] = from_tensor(parity.state, "state")
    logits, value = session.run(["logits", "value"], inputs)
    wanted = from_tensor(parity.logits, "logits")
    difference = max(
        np.abs(logits - wanted)[mask == 1].max(),
        np.abs(value - from_tensor(parity.value, "value")).max(),
    )
    if not (difference <= 1e-4 and len(mask) > 0 and (logits[mask == 0] <= -1e8).all()):
        raise FailedPrecondition(f"parity is off by {difference}")


def reloaded(state: dict[str, Any]) -> dict[str, Any]:
    """The state of an algorithm as it comes back from a file."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded: dict[str, Any] = torch.load(buffer, weights_only=True)
    return loaded


def nothing_to_sample() -> None:
    """A `trouble`: the limiter lets nothing out."""
    raise DeadlineExceeded("limiter")
