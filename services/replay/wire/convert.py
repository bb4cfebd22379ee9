"""Between replay.proto and the core."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_record import MoreTable, RecordRequest
from mazemesh.wire.tensors import Signature, from_bytes
from services.replay.limits import MOST_UPDATES
from services.replay.selectors.selector import Reals
from services.replay.table.operations import Batch
from services.replay.table.spec import LimiterSpec, SelectorKind, SelectorSpec, TableSpec
from services.replay.table.storage import Buffer, Keys
from services.replay.wire.forms import packed_data

_KINDS = {
    pb.SELECTOR_KIND_UNIFORM: SelectorKind.UNIFORM,
    pb.SELECTOR_KIND_PRIORITIZED: SelectorKind.PRIORITIZED,
    pb.SELECTOR_KIND_FIFO: SelectorKind.FIFO,
    pb.SELECTOR_KIND_LIFO: SelectorKind.LIFO,
    pb.SELECTOR_KIND_MAX_HEAP: SelectorKind.MAX_HEAP,
    pb.SELECTOR_KIND_MIN_HEAP: SelectorKind.MIN_HEAP,
}
_WIRE_KINDS = {kind: wire for wire, kind in _KINDS.items()}

_MAX_ID_LENGTH = 128

# As whole numbers, the bits of finite numbers >= 0 are lower than these; all others are not.
_INFINITY_BITS = int(np.float64(np.inf).view(np.uint64))


def to_spec(message: pb.Table) -> TableSpec:
    """A table's definition; raises InvalidArgument for what cannot be read."""
    return TableSpec(
        name=message.name,
        signature=Signature.from_proto(message.signature),
        capacity=message.capacity,
        sampler=_selector(message.sampler, "table.sampler"),
        remover=_selector(message.remover, "table.remover"),
        limiter=to_limiter(message.rate_limiter),
        max_times_sampled=message.max_times_sampled,
    )


def from_spec(spec: TableSpec) -> pb.Table:
    """The wire form of a definition."""
    return pb.Table(
        name=spec.name,
        signature=spec.signature.to_proto(),
        capacity=spec.capacity,
        sampler=pb.Selector(kind=_WIRE_KINDS[spec.sampler.kind], exponent=spec.sampler.exponent),
        remover=pb.Selector(kind=_WIRE_KINDS[spec.remover.kind], exponent=spec.remover.exponent),
        rate_limiter=from_limiter(spec.limiter),
        max_times_sampled=spec.max_times_sampled,
    )


def to_limiter(message: pb.RateLimiter) -> LimiterSpec:
    """A limiter's thresholds."""
    return LimiterSpec(
        message.min_size_to_sample, message.samples_per_insert, message.min_diff, message.max_diff
    )


def from_limiter(limiter: LimiterSpec) -> pb.RateLimiter:
    """The wire form of thresholds."""
    return pb.RateLimiter(
        min_size_to_sample=limiter.min_size_to_sample,
        samples_per_insert=limiter.samples_per_insert,
        min_diff=limiter.min_diff,
        max_diff=limiter.max_diff,
    )


def to_batch(request: RecordRequest, signature: Signature) -> Batch:
    """Checks everything about a batch that does not depend on the table's state.

    Raises:
        InvalidArgument: names the field.
    """
    if not 1 <= len(request.writer_id) <= _MAX_ID_LENGTH:
        raise InvalidArgument(
            f"writer_id has {len(request.writer_id)} characters; expected 1..{_MAX_ID_LENGTH}"
        )
    if request.sequence < 1:
        raise InvalidArgument("sequence is 0; a writer's first batch is 1")
    rows = request.rows
    if rows < 1:
        raise InvalidArgument(f"columns.rows is {rows}; expected at least 1")
    priorities = None
    if request.priorities:
        priorities = _priorities(request.priorities, rows, "priorities")
    versions: npt.NDArray[np.int64] | None = None
    if request.policy_versions:
        wire = from_bytes(request.policy_versions, np.int64, (rows,), "policy_versions")
        versions = wire.astype(np.int64, copy=False)
    return Batch(
        request.writer_id,
        request.sequence,
        rows,
        _columns(request, signature),
        priorities,
        versions,
    )


def to_batch_for(more: MoreTable, request: RecordRequest, signature: Signature) -> Batch:
    """The batch for a further table: the same rows under its own priorities.

    Raises:
        InvalidArgument: names the field.
    """
    own = replace(request, table=more.table, priorities=more.priorities, more_tables=())
    try:
        return to_batch(own, signature)
    except InvalidArgument as error:
        raise InvalidArgument(f"more_tables ({more.table!r}): {error}") from None


def to_updates(message: pb.PriorityUpdates, field: str) -> tuple[Keys, Reals]:
    """Keys uint64 [n] and priorities float64 [n], all checked."""
    count = len(message.keys) // 8
    if count > MOST_UPDATES:
        raise InvalidArgument(f"{field}.keys has {count} keys; expected at most {MOST_UPDATES}")
    keys = from_bytes(message.keys, np.uint64, (count,), f"{field}.keys")
    return keys.astype(np.uint64, copy=False), _priorities(
        message.priorities, count, f"{field}.priorities"
    )


def _selector(message: pb.Selector, field: str) -> SelectorSpec:
    kind = _KINDS.get(message.kind)
    if kind is None:
        raise InvalidArgument(
            f"{field}.kind is {message.kind}; expected UNIFORM, PRIORITIZED, FIFO, LIFO, MAX_HEAP "
            "or MIN_HEAP"
        )
    return SelectorSpec(kind, message.exponent)


def _columns(request: RecordRequest, signature: Signature) -> list[Buffer]:
    """Rows * row_bytes bytes for each column, as the table stores them."""
    form = signature.form(request.signature_hash)
    if form is None:
        raise InvalidArgument(
            f"columns.signature_hash is {request.signature_hash:#x}; the table's is "
            f"{signature.hash:#x} for {signature.describe()}"
        )
    if len(request.data) != len(form.columns):
        raise InvalidArgument(
            f"columns.data has {len(request.data)} entries; expected {len(form.columns)} "
            f"({form.describe()})"
        )
    rows = request.rows
    for index, (spec, content) in enumerate(zip(form.columns, request.data, strict=True)):
        if len(content) != rows * spec.row_bytes:
            raise InvalidArgument(
                f"columns.data[{index}] ({spec.name!r}) has {len(content)} bytes; expected "
                f"{rows * spec.row_bytes} for {rows} rows of {spec.stored_dtype.name} "
                f"{list(spec.stored_shape)}"
            )
        if spec.stored_dtype.char == "?" and content:
            highest = np.frombuffer(content, np.uint8).max()
            if highest > 1:
                raise InvalidArgument(
                    f"columns.data[{index}] ({spec.name!r}) has a byte {highest}; a bool is 0 or 1"
                )
    if form.packs == signature.packs:
        return request.data
    return [
        packed_data(spec, content, rows, f"columns.data[{index}] ({spec.name!r})")
        for index, (spec, content) in enumerate(zip(signature.columns, request.data, strict=True))
    ]


def _priorities(data: Buffer, rows: int, field: str) -> Reals:
    # A copy: within a message numbers stand at any address, and compiled code wants multiples of 8.
    priorities = from_bytes(data, np.float64, (rows,), field).astype(np.float64)
    if rows and np.maximum.reduce(priorities.view(np.uint64)) >= _INFINITY_BITS:
        # Written so that NaN is bad, too. What is left is -0.0.
        bad = ~((priorities >= 0) & (priorities < np.inf))
        if bad.any():
            index = int(bad.argmax())
            raise InvalidArgument(
                f"{field}[{index}] is {priorities[index]}; expected a finite number >= 0"
            )
    return priorities
