"""Client of the Replay service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from mazemesh.client.channel import DEADLINE, ServiceClient
from mazemesh.client.credentials import Credentials
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.experience import (
    finite_seconds,
    sample_request,
    to_priority_updates,
)
from mazemesh.client.replay.experience_calls import ExperienceCalls
from mazemesh.client.replay.experience_sampler import ExperienceSampler
from mazemesh.client.replay.experience_writer import ExperienceWriter
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.v1.replay_pb2_grpc import ReplayServiceStub
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.experience_batch import ExperienceBatch, decode_sample
from mazemesh.wire.experience_record import encode_record
from mazemesh.wire.tensors import Signature

_SERVICE = "mazemesh.v1.ReplayService"
_IDEMPOTENT = tuple(
    (_SERVICE, method)
    for method in (
        *("CreateTable", "ListTables", "UpdateRateLimiter", "Checkpoint"),
        *("RecordExperience", "UpdatePriorities"),
    )
)

CREATE_DEADLINE = 60.0
"""Seconds that making a table may take: the first one may have to compile its selectors."""

CHECKPOINT_DEADLINE = 600.0
"""Seconds that storing tables may take: it is as fast as the disk."""

SAMPLE_DEADLINE = 60.0
"""Seconds that a sample call waits for the limiter unless a timeout is given."""


class ReplayClient(ServiceClient):
    """Tables of experience; thread-safe."""

    def __init__(
        self,
        address: str,
        credentials: Credentials | None = None,
        compression: Compression = Compression.AUTO,
    ) -> None:
        """`compression`: of what its writers send."""
        self._compression = compression
        super().__init__(address, _IDEMPOTENT, credentials)
        self._stub = ReplayServiceStub(self.channel)
        self._experience = ExperienceCalls(self.channel, address)

    def create_table(self, table: pb.Table) -> bool:
        """Makes a table (see `tables`); False when the same one is there already.

        Raises:
            AlreadyExists: another table has the name.
            InvalidArgument: the definition is wrong, with the field named.
            ResourceExhausted: the full table would not fit into the service's memory.
        """
        request = pb.CreateTableRequest(table=table)
        return self._call(self._stub.CreateTable, request, CREATE_DEADLINE).created

    def list_tables(self, timeout: float = DEADLINE) -> list[pb.TableInfo]:
        """All tables with fill, counters and the state of their limiters.

        `timeout` is in seconds, of each page.
        """
        request = pb.ListTablesRequest()
        tables: list[pb.TableInfo] = []
        while True:
            page = self._call(self._stub.ListTables, request, timeout)
            tables += page.tables
            if not page.next_page_token:
                return tables
            request.page_token = page.next_page_token

    def list_tables_later(self, request: pb.ListTablesRequest, deadline: float) -> Any:
        """A page of tables as a `grpc.Future`, which ends after `deadline` seconds at most."""
        return self._stub.ListTables.future(request, timeout=deadline)

    def delete_table(self, table: str) -> None:
        """Deletes a table with its rows; calls that wait at it end with `NotFound`.

        Raises:
            NotFound: there is none.
        """
        self._call(self._stub.DeleteTable, pb.DeleteTableRequest(table=table))

    def update_rate_limiter(self, table: str, limiter: pb.RateLimiter) -> pb.RateLimiter:
        """Changes a table's limiter while it is in use; returns the one before.

        Raises:
            InvalidArgument: the thresholds do not work, with the field named.
        """
        request = pb.UpdateRateLimiterRequest(table=table, rate_limiter=limiter)
        return self._call(self._stub.UpdateRateLimiter, request).previous

    def checkpoint(self, table: str = "") -> list[pb.TableCheckpoint]:
        """Stores a table, or all, as they are now; calls go on meanwhile.

        Raises:
            ResourceExhausted: the disk is full; the checkpoint before is still there.
        """
        request = pb.CheckpointRequest(table=table)
        return list(self._call(self._stub.Checkpoint, request, CHECKPOINT_DEADLINE).checkpoints)

    def record(
        self,
        table: str,
        writer_id: str,
        sequence: int,
        columns: tensor_pb2.Columns,
        *,
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
        more_tables: Mapping[str, npt.ArrayLike | None] | None = None,
        episodes: EpisodeTotals | None = None,
        deadline: float = 60,
    ) -> pb.RecordExperienceResponse:
        """Inserts the batch `sequence` of a writer; waits while the table's limiter forbids it.

        Args:
            table: Its name.
            writer_id: Unique for the lifetime of the writer.
            sequence: 1, 2, 3, ...; the same number again, with the same rows, inserts nothing.
            columns: Made by `mazemesh.wire.tensors.to_columns`.
            priorities: float64 [rows], finite and >= 0; None takes the highest in the table.
            policy_versions: int64 [rows]; None is unknown.
            more_tables: Further tables of the same signature that take the rows, all or none, each
                with its own priorities.
            episodes: Of those that ended since the batch before.
            deadline: Seconds.

        Raises:
            DeadlineExceeded: the limiter did not allow it in time; nothing was inserted.
            AlreadyExists: the writer inserted other rows under this sequence.
        """
        request = encode_record(
            table,
            writer_id,
            sequence,
            encode_columns(columns.signature_hash, columns.rows, columns.data),
            priorities,
            policy_versions,
            more_tables,
            episodes,
        )
        response: pb.RecordExperienceResponse = self._call(
            self._experience.record, request, finite_seconds(deadline, "deadline")
        )
        return response

    def sample(
        self,
        table: str,
        batch_size: int,
        *,
        signature: Signature,
        timeout: float | None = None,
        priority_updates: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        min_policy_version: int = 0,
    ) -> ExperienceBatch:
        """Draws a batch; waits while the table's limiter forbids it.

        Args:
            table: Its name.
            batch_size: Rows, 1..65536.
            signature: Of the table. Where it packs columns they come packed; a plain one
                (`Signature.plain`) has them unpacked by the service.
            timeout: Seconds to wait for the limiter; None waits up to a minute, infinity as long
                as it takes.
            priority_updates: Keys and new priorities, applied before the draw, even if that fails.
            min_policy_version: Rows of older policies are deleted instead of served; 0 is no limit.

        Raises:
            DeadlineExceeded: the limiter did not allow it in time; no budget was used.
            InvalidArgument: a value is wrong, with the field named.
        """
        packed = signature.packs
        request = sample_request(
            table, batch_size, min_policy_version, priority_updates, packed=packed
        )
        deadline = None if timeout is not None else SAMPLE_DEADLINE
        seconds = finite_seconds(timeout)
        if seconds is not None:
            request.timeout.FromNanoseconds(int(seconds * 1e9))
            deadline = seconds + DEADLINE
        return decode_sample(signature, self._call(self._experience.sample, request, deadline))

    def update_priorities(
        self, table: str, keys: npt.ArrayLike, priorities: npt.ArrayLike
    ) -> tuple[int, int]:
        """Sets priorities by key; returns how many were set, and how many rows were gone."""
        request = pb.UpdatePrioritiesRequest(
            table=table, updates=to_priority_updates(keys, priorities)
        )
        response = self._call(self._stub.UpdatePriorities, request)
        return response.updated, response.stale

    def writer(
        self,
        table: str,
        signature: Signature,
        *,
        give_up: float = 300.0,
        away_seconds: float | None = None,
    ) -> ExperienceWriter:
        """A writer of batches that numbers them and tries again; a context manager."""
        return ExperienceWriter(
            self._experience,
            table,
            signature,
            give_up=give_up,
            away_seconds=away_seconds,
            compression=self._compression,
        )

    def sampler(
        self,
        table: str,
        signature: Signature,
        batch_size: int,
        in_flight: int = 2,
        *,
        min_policy_version: int = 0,
    ) -> ExperienceSampler:
        """An endless iterator of batches that requests `in_flight` of them ahead."""
        return ExperienceSampler(
            self._experience, table, signature, batch_size, in_flight, min_policy_version
        )
