"""What the learner needs of Replay and Model, and nothing more.

`mazemesh.client.ReplayClient` and `ModelClient` are these; tests have their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.weights import Graph
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.tensors import Signature

Columns = Mapping[str, npt.NDArray[np.generic]]
"""Columns of a batch by name, each [rows, ...]."""

Priorities = tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]
"""Keys and their new priorities."""


class Batch(Protocol):
    """Rows that Replay drew, with what it knows of them (`mazemesh.client.ExperienceBatch`)."""

    @property
    def columns(self) -> Columns:
        """By name, each [rows, ...]."""
        ...

    @property
    def keys(self) -> npt.NDArray[np.uint64]:
        """[rows], to update priorities with."""
        ...

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """[rows], with which each row was drawn."""
        ...

    @property
    def policy_versions(self) -> npt.NDArray[np.int64]:
        """[rows], of the policy that acted; -1 where unknown."""
        ...

    @property
    def table_size(self) -> int:
        """Rows in the table when the batch was drawn."""
        ...


class ExperienceSource(Protocol):
    """Replay, as the learner uses it."""

    def create_table(self, table: replay_pb2.Table) -> bool:
        """Makes the table; False when it is there already. `Conflict` when it is another one."""
        ...

    def list_tables(self, timeout: float = ...) -> list[replay_pb2.TableInfo]:
        """All tables; several of one name where it has parts.

        `DeadlineExceeded` when a part does not answer within `timeout` seconds.
        """
        ...

    def sample(
        self,
        table: str,
        batch_size: int,
        *,
        signature: Signature,
        timeout: float | None = None,
        priority_updates: Priorities | None = None,
    ) -> Batch:
        """Draws a batch, after the priority updates; `DeadlineExceeded` after `timeout` seconds."""
        ...


class PolicySink(Protocol):
    """Model, as the learner uses it."""

    def publish(
        self, header: model_pb2.PublishPolicyHeader, data: bytes, graph: Graph | None = None
    ) -> model_pb2.PolicyVersion:
        """Publishes a version; the same request_id again gives the same version.

        `graph` is the file's, which may be sent as weights then.
        """
        ...

    def hold_name(self, request: model_pb2.HoldNameRequest) -> model_pb2.HoldNameResponse:
        """Begins, renews or ends a run's hold on a name; `Conflict` when another run has it."""
        ...
