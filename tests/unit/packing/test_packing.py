"""Packing and unpacking against numpy, bit for bit, and what is refused."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.packing.rows import pack, pack_checked, unpack
from mazemesh.packing.runs import MOST_RUNS, Packing, Run

BITS = [(), (1,), (255,), (64,), (1, 2), (64, 128, 255), (3, 6), (1, 2, 4, 128)]
RACE = Packing.of([(98, (255,)), (49, (64, 128, 255)), (112, (255,)), (5, ()), (4, (255,))])


@st.composite
def packings(draw: st.DrawFn) -> Packing:
    run = st.tuples(st.integers(1, 140), st.sampled_from(BITS))
    return Packing.of(draw(st.lists(run, min_size=1, max_size=6)))


def some_rows(packing: Packing, rows: int, seed: int) -> npt.NDArray[np.uint8]:
    """Rows [rows, size] of values that the runs have."""
    rng = np.random.default_rng(seed)
    parts = []
    for run in packing.runs:
        if not run.bits:
            parts.append(rng.integers(0, 256, (rows, run.count)))
            continue
        chosen = rng.integers(0, 2, (len(run.bits), rows, run.count))
        parts.append(np.bitwise_or.reduce(chosen * np.array(run.bits)[:, None, None], axis=0))
    return np.concatenate(parts, axis=1).astype(np.uint8)


def unpacked(packing: Packing, packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """As tensor.proto says it, with numpy alone."""
    bits = np.unpackbits(packed, axis=1, bitorder="little")
    at, parts = 0, []
    own = -(-sum(run.count * len(run.bits) for run in packing.runs) // 8)
    for run in packing.runs:
        value = np.zeros((len(packed), run.count), np.uint8)
        for bit in run.bits:
            value |= bits[:, at : at + run.count] * np.uint8(bit)
            at += run.count
        if not run.bits:
            value = packed[:, own : own + run.count]
            own += run.count
        parts.append(value)
    return np.concatenate(parts, axis=1)


@settings(max_examples=150, deadline=None)
@given(packings(), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_what_was_packed_comes_back(packing: Packing, rows: int, seed: int) -> None:
    plain = some_rows(packing, rows, seed)
    packed = pack_checked(packing, plain, "rows")
    assert packed.shape == (rows, packing.row_bytes)
    assert np.array_equal(unpack(packing, packed), plain)
    assert np.array_equal(unpacked(packing, packed), plain)


@settings(max_examples=100, deadline=None)
@given(packings(), st.integers(1, 5), st.data())
def test_any_bytes_are_unpacked_as_the_contract_says(
    packing: Packing, rows: int, data: st.DataObject
) -> None:
    size = rows * packing.row_bytes
    sent = data.draw(st.binary(min_size=size, max_size=size))
    packed = np.frombuffer(sent, np.uint8).reshape(rows, -1)  # read-only, as from the network
    assert np.array_equal(unpack(packing, packed), unpacked(packing, packed))


@settings(max_examples=60, deadline=None)
@given(packings(), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_values_without_bits_are_found(packing: Packing, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = rng.integers(0, 256, (rows, packing.size)).astype(np.uint8)
    known = np.array_equal(unpacked(packing, pack(packing, plain)), plain)
    if known:
        assert np.array_equal(unpack(packing, pack_checked(packing, plain, "x")), plain)
    else:
        with pytest.raises(InvalidArgument, match="x has the value"):
            pack_checked(packing, plain, "x")


def test_rows_may_have_any_axes_before_them_and_a_place_to_go() -> None:
    plain = some_rows(RACE, 12, 1).reshape(3, 2, 2, -1)
    packed = pack(RACE, plain)
    assert packed.shape == (3, 2, 2, 51)
    out = np.zeros_like(plain)
    assert unpack(RACE, packed, out) is not None
    assert np.array_equal(out, plain)
    flags = np.random.default_rng(1).random((4, 9)) < 0.5
    bits = Packing.of([(9, (1,))])
    assert np.array_equal(unpack(bits, pack(bits, flags)).view(np.bool_), flags)
    assert unpack(RACE, packed[:0]).shape == (0, 2, 2, RACE.size)


def test_a_row_of_race() -> None:
    assert (RACE.size, RACE.row_bytes) == (268, 51)
    assert str(RACE) == "98*255,49*64|128|255,112*255,5*,4*255"
    told = hashlib.sha256(str(RACE).encode()).digest()[:8]
    assert RACE.hash == int.from_bytes(told, "big")


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([], "0 runs"),
        ([Run(1)] * (MOST_RUNS + 1), "1025 runs"),
        ([Run(0, (1,))], "run of 0 elements"),
        ([Run(-3)], "run of -3 elements"),
        ([Run(1 << 40)], "elements"),
        ([Run(1 << 26), Run(1 << 26)], "elements"),
        ([Run(1, (0,))], r"bits \[0\]"),
        ([Run(1, (256,))], r"bits \[256\]"),
        ([Run(1, (1, 2, 4, 8, 16))], "at most 4"),
        ([Run(1, (1, 1))], "made of those before it"),
        ([Run(1, (1, 2, 3))], "made of those before it"),
    ],
)
def test_packings_that_cannot_be_are_refused(runs: list[Run], told: str) -> None:
    with pytest.raises(InvalidArgument, match=told):
        Packing(tuple(runs))


@pytest.mark.parametrize("shape", [(2, 50), (2, 52), (51,), (0,), ()])
def test_rows_of_another_size_are_refused(shape: tuple[int, ...]) -> None:
    rows = np.zeros(shape, np.uint8)
    if shape == (51,):
        assert unpack(RACE, rows).shape == (268,)
        return
    with pytest.raises(InvalidArgument, match="expected uint8"):
        unpack(RACE, rows)
    with pytest.raises(InvalidArgument, match="expected uint8"):
        pack(RACE, rows)
    with pytest.raises(InvalidArgument, match="out has the shape"):
        unpack(RACE, np.zeros((2, 51), np.uint8), np.zeros((1, 268), np.uint8))
