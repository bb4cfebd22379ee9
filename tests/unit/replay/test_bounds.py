"""What a definition, and a wait, may be."""

import math

import numpy as np
import pytest

from mazemesh.client.replay.experience import finite_seconds
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.tensors import MOST_COLUMNS, ColumnSpec, Signature, to_tensor
from services.replay.limits import MOST_DRAWN_BYTES, ROW_MESSAGE_BYTES
from services.replay.table.fingerprint import checksum
from services.replay.table.spec import SelectorKind, SelectorSpec, TableSpec
from services.replay.table.table import Table
from tests.replay_tables import UNLIMITED


def definition(**columns: tuple[str, tuple[int, ...]]) -> TableSpec:
    fifo = SelectorSpec(SelectorKind.FIFO)
    return TableSpec("t", Signature.of(**columns), 4, fifo, fifo, UNLIMITED)


@pytest.mark.parametrize("dtype", ["complex64", "S3", "object", "nonsense", "datetime64[s]"])
def test_a_signature_of_a_type_that_does_not_travel_is_refused(dtype):
    with pytest.raises(
        InvalidArgument, match=r"column 'x' has the dtype .*; expected one of bool, uint8"
    ):
        Signature.of(x=(dtype, ()))


def test_an_array_of_a_type_that_does_not_travel_is_refused():
    with pytest.raises(
        InvalidArgument, match="the array has the dtype complex128; expected one of"
    ):
        to_tensor(np.zeros(2, np.complex128))
    with pytest.raises(InvalidArgument, match="dtype complex64"):
        ColumnSpec("x", np.dtype(np.complex64), ())


def test_byte_orders_are_one_type():
    assert Signature.of(x=(">f4", (2,))) == Signature.of(x=("<f4", (2,)))
    assert to_tensor(np.array([1.0], ">f4")) == to_tensor(np.array([1.0], "<f4"))


def test_a_signature_from_the_network_is_bounded():
    def refused(message: str, *columns: tensor_pb2.TensorSpec) -> None:
        with pytest.raises(InvalidArgument, match=message) as caught:
            Signature.from_proto(tensor_pb2.Signature(columns=columns))
        assert len(str(caught.value)) < 500

    def column(name: str = "x", shape: tuple[int, ...] = ()) -> tensor_pb2.TensorSpec:
        return tensor_pb2.TensorSpec(name=name, dtype=tensor_pb2.DATA_TYPE_UINT8, shape=shape)

    refused("signature.columns has 0 entries; expected 1..1024")
    refused("has 1025 entries; expected", *[column(str(i)) for i in range(MOST_COLUMNS + 1)])
    refused(r"\.name has 20000 characters; expected 1\.\.128", column("x" * 20_000))
    refused("has 33 dimensions; expected at most 32", column(shape=(1,) * 33))
    refused("has 'x' more than once", column(), *[column(str(i)) for i in range(1000)], column())


def test_a_table_whose_rows_fit_into_no_message_is_not_made():
    most = MOST_DRAWN_BYTES - ROW_MESSAGE_BYTES
    definition(image=("uint8", (most,))).check_new()
    with pytest.raises(InvalidArgument, match=f"rows of {most + 1} bytes; expected at most {most}"):
        definition(image=("uint8", (most + 1,))).check_new()
    huge = (2**62,) * 32
    with pytest.raises(InvalidArgument, match=r"table\.signature has rows of \d+ bytes"):
        definition(image=("uint8", huge)).check_new()


def test_a_column_without_bytes_is_not_made_but_an_old_one_is_opened():
    without = definition(x=("uint8", ()), nothing=("float32", (3, 0)))
    with pytest.raises(InvalidArgument, match=r"columns\[1\] \('nothing'\) has the shape \[3, 0\]"):
        without.check_new()
    assert Table(without, np.random.default_rng(1)).size == 0


def test_what_differs_is_told_in_few_words():
    many = definition(**{f"column {i}": ("uint8", ()) for i in range(1000)})
    assert all(len(line) < 1100 for line in many.differences(definition(x=("uint8", ()))))


def test_a_wait_may_be_without_end():
    assert finite_seconds(math.inf) is finite_seconds(1e300) is finite_seconds(None) is None
    assert finite_seconds(2.5) == 2.5
    for wrong in (math.nan, -math.inf, -1.0):
        with pytest.raises(InvalidArgument, match=r"timeout is .* s; expected >= 0"):
            finite_seconds(wrong)


@pytest.mark.parametrize("size", [0, 1, 100, 16_384, 16_385, 100_003])
def test_the_checksum_of_rows_sees_every_byte_and_its_place(size):
    rng = np.random.default_rng(size)
    data = rng.integers(0, 256, size, dtype=np.uint8)
    own = checksum(data.data)
    assert checksum(bytes(data)) == own
    # As it stands in a message: at any address.
    assert checksum(memoryview(b"x" + bytes(data))[1:]) == own
    for at in {0, size // 2, size - 1} if size else ():
        changed = data.copy()
        changed[at] ^= 1
        assert checksum(changed.data) != own
    if size > 8192:
        # Words and lines that change places.
        for step in (8, 4096, 8192):
            moved = data.copy()
            moved[:step], moved[step : 2 * step] = data[step : 2 * step], data[:step]
            assert checksum(moved.data) != own
    assert checksum(data.data, 1) != own or not size


def test_the_checksum_is_the_same_in_every_process():
    # Checkpoints hold it.
    assert checksum(bytes(range(256)) * 200) == 4055091967
