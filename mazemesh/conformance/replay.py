"""What a Replay service has to do. Tables of the checks are deleted again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

import grpc
import numpy as np
from google.protobuf.duration_pb2 import Duration

from mazemesh.conformance.checks import DEADLINE, Check, agree, expect
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1.replay_pb2_grpc import ReplayServiceStub
from mazemesh.wire.tensors import Signature, to_columns

_SIGNATURE: Final = Signature.of(observation=("uint8", (3,)), reward=("float32", ()))
_ROWS: Final = 4


class _Table:
    """A queue of its own, and a writer to it."""

    def __init__(self, stub: Any) -> None:
        self.stub = stub
        name = f"conformance/{uuid.uuid4()}"
        fifo = pb.Selector(kind=pb.SELECTOR_KIND_FIFO)
        self.definition = pb.Table(
            name=name,
            signature=_SIGNATURE.to_proto(),
            capacity=100,
            sampler=fifo,
            remover=fifo,
            rate_limiter=pb.RateLimiter(
                min_size_to_sample=1, samples_per_insert=1.0, min_diff=0.0, max_diff=100.0
            ),
            max_times_sampled=1,
        )

    def create(self) -> pb.CreateTableResponse:
        """Makes it, or finds it."""
        request = pb.CreateTableRequest(table=self.definition)
        made: pb.CreateTableResponse = self.stub.CreateTable(request, timeout=DEADLINE)
        return made

    def insert(self, sequence: int, first: int = 0, hash_offset: int = 0) -> Any:
        """Writes rows that count from `first`."""
        numbers = np.arange(first, first + _ROWS)
        columns = to_columns(
            _SIGNATURE,
            {
                "observation": np.repeat(numbers[:, None], 3, axis=1).astype(np.uint8),
                "reward": numbers.astype(np.float32) / 2,
            },
        )
        columns.signature_hash += hash_offset
        request = pb.RecordExperienceRequest(
            table=self.definition.name, writer_id="writer", sequence=sequence, columns=columns
        )
        return self.stub.RecordExperience(request, timeout=DEADLINE)

    def draw(self, rows: int) -> pb.GetExperienceBatchResponse:
        """Draws rows, or gives up after a tenth of a second."""
        request = pb.GetExperienceBatchRequest(
            table=self.definition.name, batch_size=rows, timeout=Duration(nanos=100_000_000)
        )
        drawn: pb.GetExperienceBatchResponse = self.stub.GetExperienceBatch(
            request, timeout=DEADLINE
        )
        return drawn


def _with_table(attempt: Callable[[_Table], None]) -> Callable[[grpc.Channel], None]:
    def on_channel(channel: grpc.Channel) -> None:
        table = _Table(ReplayServiceStub(channel))
        table.create()
        try:
            attempt(table)
        finally:
            request = pb.DeleteTableRequest(table=table.definition.name)
            table.stub.DeleteTable(request, timeout=DEADLINE)

    return on_channel


def _makes_once(table: _Table) -> None:
    agree(not table.create().created, "the same table again was made anew")
    table.definition.capacity = 99
    expect(grpc.StatusCode.ALREADY_EXISTS, table.create)


def _gives_back(table: _Table) -> None:
    keys = table.insert(1).keys
    agree(len(keys) == 8 * _ROWS, f"keys has {len(keys)} bytes; expected {8 * _ROWS}")
    drawn = table.draw(_ROWS)
    numbers = np.arange(_ROWS)
    rewards = np.frombuffer(drawn.columns.data[1], "<f4")
    agree(drawn.columns.signature_hash == _SIGNATURE.hash, "another signature_hash came back")
    agree(np.array_equal(rewards, numbers / 2), f"rewards came back as {rewards.tolist()}")
    agree(drawn.columns.data[0] == bytes(np.repeat(numbers, 3).tolist()), "observations differ")
    agree(drawn.keys == keys, "the rows have other keys than their insert told")


def _writes_once(table: _Table) -> None:
    agree(not table.insert(1).duplicate, "a first batch was taken for a duplicate")
    again = table.insert(1)
    agree(again.duplicate and again.table_size == _ROWS, "a batch sent twice was stored twice")
    expect(grpc.StatusCode.ALREADY_EXISTS, lambda: table.insert(1, first=9))
    expect(grpc.StatusCode.FAILED_PRECONDITION, lambda: table.insert(3))


def _checks_signature(table: _Table) -> None:
    expect(grpc.StatusCode.INVALID_ARGUMENT, lambda: table.insert(1, hash_offset=1))


def _waits(table: _Table) -> None:
    expect(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: table.draw(1))
    table.insert(1)
    agree(table.draw(1).columns.rows == 1, "a draw that was given up used what it waited for")


def _lists(table: _Table) -> None:
    request = pb.ListTablesRequest(page_size=1)
    names: list[str] = []
    while True:
        page = table.stub.ListTables(request, timeout=DEADLINE)
        names += [info.table.name for info in page.tables]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    agree(table.definition.name in names, "pages of one table leave a table out")
    agree(len(set(names)) == len(names), "pages of one table list a table twice")


def _knows_its_tables(channel: grpc.Channel) -> None:
    table = _Table(ReplayServiceStub(channel))
    expect(grpc.StatusCode.NOT_FOUND, lambda: table.draw(1))
    expect(grpc.StatusCode.NOT_FOUND, lambda: table.insert(1))


REPLAY: Final = (
    Check("makes-tables-once", "the same definition is the same table", _with_table(_makes_once)),
    Check("lists-by-pages", "ListTables has each table once", _with_table(_lists)),
    Check("gives-rows-back", "rows come back byte for byte", _with_table(_gives_back)),
    Check("writes-once", "a writer's sequence is stored once", _with_table(_writes_once)),
    Check("checks-signatures", "another signature is refused", _with_table(_checks_signature)),
    Check("waits-for-rows", "a draw waits, and gives up for nothing", _with_table(_waits)),
    Check("knows-its-tables", "an unknown table is NOT_FOUND", _knows_its_tables),
)
"""Checks of a Replay service, by what `mazemesh.v1.ReplayService` says."""
