"""Columns that travel packed: signatures, both forms of a batch, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.packing.rows import pack
from mazemesh.packing.runs import Packing
from mazemesh.v1 import tensor_pb2 as pb
from mazemesh.wire.stored_columns import StoredColumns, concatenate
from mazemesh.wire.tensors import (
    ColumnSpec,
    Signature,
    from_columns,
    stored_arrays,
    to_columns,
)

SEEN = Packing.of([(6, (255,)), (3, (64, 128, 255)), (1, ())])
FLAGS = Packing.of([(4, (1,))])
PACKED = Signature(
    (
        ColumnSpec("observation", np.dtype("uint8"), (4, 10), SEEN),
        ColumnSpec("reward", np.dtype("float32"), (4,)),
        ColumnSpec("done", np.dtype("bool"), (4,), FLAGS),
    )
)


def batch(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    seen = np.concatenate(
        [
            rng.integers(0, 2, (rows, 4, 6)) * 255,
            np.minimum(255, 64 * rng.integers(0, 5, (rows, 4, 3))),
            rng.integers(0, 256, (rows, 4, 1)),
        ],
        axis=2,
    ).astype(np.uint8)
    return {
        "observation": seen,
        "reward": rng.normal(size=(rows, 4)).astype(np.float32),
        "done": rng.random((rows, 4)) < 0.5,
    }


def test_a_packed_signature_is_the_plain_one_to_who_knows_no_packing() -> None:
    plain = Signature.of(
        observation=("uint8", (4, 10)), reward=("float32", (4,)), done=("bool", (4,))
    )
    assert PACKED.plain == plain
    assert PACKED.hash == plain.hash == plain.packed_hash
    assert PACKED.packed_hash != PACKED.hash
    assert (plain.row_bytes, PACKED.row_bytes) == (60, 4 * 3 + 16 + 1)
    message = PACKED.to_proto()
    assert Signature.from_proto(message) == PACKED
    for column in message.columns:
        del column.packing[:]  # what an older reader sees
    message.packed_hash = 0
    assert Signature.from_proto(message) == plain
    assert plain.to_proto() == message


def test_a_batch_travels_in_either_form() -> None:
    columns = batch(5)
    for signature in (PACKED, PACKED.plain):
        message = to_columns(signature, columns)
        assert message.signature_hash == signature.packed_hash
        assert len(message.data[0]) == 5 * 4 * (3 if signature.packs else 10)
        found = from_columns(PACKED, message)
        for name, column in columns.items():
            assert found[name].dtype == column.dtype
            assert np.array_equal(found[name], column)
    half = {**columns, "observation": pack(SEEN, columns["observation"])}
    assert to_columns(PACKED, half) == to_columns(PACKED, columns)
    with pytest.raises(InvalidArgument, match="signature_hash"):
        from_columns(PACKED.plain, to_columns(PACKED, columns))


def test_values_that_the_packing_has_not_are_refused() -> None:
    columns = batch(2)
    columns["observation"][1, 2, 3] = 7
    with pytest.raises(InvalidArgument, match=r"'observation' has the value 7 at \[1, 2, 3\]"):
        to_columns(PACKED, columns)


@pytest.mark.parametrize("size", [0, 1, 59, 61, 200])
def test_packed_bytes_of_a_wrong_length_are_refused(size: int) -> None:
    message = to_columns(PACKED, batch(5))
    message.data[0] = bytes(size)
    with pytest.raises(InvalidArgument, match=r"columns.data\[0\] \('observation'\)"):
        from_columns(PACKED, message)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.packing.add(count=1), "packing of 11 elements"),
        (lambda c: c.packing.pop(), "packing of 9 elements"),
        (lambda c: c.packing.add(count=-1), "run of -1 elements"),
        (lambda c: c.packing[0].bits.append(300), "at most 4, of 1..255"),
        (lambda c: c.packing.extend([pb.PackedRun(count=1)] * 2000), "2003 runs"),
        (lambda c: setattr(c, "dtype", pb.DATA_TYPE_FLOAT32), "of float32 has a packing"),
        (lambda c: setattr(c, "dtype", pb.DATA_TYPE_BOOL), "of bool is packed as"),
        (lambda c: c.shape.pop(), "shape"),
    ],
)
def test_hostile_packings_are_refused(change, told) -> None:
    message = PACKED.to_proto()
    change(message.columns[0])
    with pytest.raises(InvalidArgument, match=told):
        Signature.from_proto(message)


def test_a_wrong_packed_hash_is_refused() -> None:
    message = PACKED.to_proto()
    message.packed_hash += 1
    with pytest.raises(InvalidArgument, match="packed_hash"):
        Signature.from_proto(message)


def test_stored_columns_are_plain_when_they_are_asked_for() -> None:
    parts = []
    for seed in (1, 2):
        message = to_columns(PACKED, batch(3, seed))
        told = message.signature_hash, message.rows, list(message.data)
        form, arrays = stored_arrays(PACKED, *told)
        parts.append(StoredColumns(form, arrays))
    joined = concatenate(parts)
    assert isinstance(joined, StoredColumns)
    assert joined.stored["observation"].shape == (6, 4, 3)
    wanted = concatenate([batch(3, 1), batch(3, 2)])
    assert list(joined) == list(wanted)
    joined.unpack()
    for name in wanted:
        assert np.array_equal(joined[name], wanted[name])
    mixed = concatenate([parts[0], batch(3, 2)])
    assert np.array_equal(mixed["done"], wanted["done"])
