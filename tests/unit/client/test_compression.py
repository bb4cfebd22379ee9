"""When experience is packed: where that was measured to be faster."""

import pytest

from mazemesh.client.replay.compression import Compression, FasterWay, Packer
from mazemesh.wire.compressed_columns import CompressedColumns

FAR = "mesh.example.org:50055"
COLUMNS = [bytes(10_000)]


def choices(plain: float, packed: float, calls: int = 200) -> list[bool]:
    """What is chosen while a byte takes so many seconds either way."""
    way, chosen = FasterWay(), []
    for _ in range(calls):
        chosen.append(way.packed)
        way.took(chosen[-1], 1000, 1000 * (packed if chosen[-1] else plain))
    return chosen


def test_both_ways_are_tried_and_the_faster_is_kept_with_a_look_at_the_other_now_and_then() -> None:
    slow_link = choices(plain=8e-7, packed=1e-7)
    assert sorted(slow_link[:4]) == [False, False, True, True]
    assert slow_link[4:].count(False) == 3
    fast_link = choices(plain=1e-9, packed=3e-9)
    assert fast_link[4:].count(True) == 3


def test_a_gain_below_a_tenth_is_not_worth_a_core() -> None:
    assert choices(plain=1.0, packed=0.95)[4:].count(True) == 3


def test_calls_that_the_limiter_held_up_say_nothing_of_the_link() -> None:
    way = FasterWay()
    for call in range(40):
        packed = way.packed
        held_up = 5.0 if call % 3 else 0.0
        way.took(packed, 1000, (1e-4 if packed else 1e-3) + held_up)
    assert way.packed


def test_a_link_that_changes_is_followed() -> None:
    way = FasterWay()
    for _ in range(100):
        way.took(way.packed, 1000, 1e-3 if way.packed else 1e-2)
    assert way.packed
    for _ in range(64 * 10):
        way.took(way.packed, 1000, 1e-3 if way.packed else 1e-5)
    assert not way.packed


@pytest.mark.parametrize(
    ("compression", "address", "packs"),
    [
        (Compression.ZSTD, FAR, True),
        (Compression.ZSTD, "127.0.0.1:1", True),
        (Compression.NONE, FAR, False),
        (Compression.AUTO, "127.0.0.1:1", False),
    ],
)
def test_what_is_told_is_done(compression: Compression, address: str, packs: bool) -> None:
    packer = Packer(compression, address)
    for _ in range(5):
        assert isinstance(packer.pack(COLUMNS), CompressedColumns) is packs
        packer.sent()


def test_small_batches_are_left_as_they_are() -> None:
    packer = Packer(Compression.ZSTD, FAR)
    assert packer.pack([b"x" * 100]) == [b"x" * 100]


def test_auto_tries_both_ways_to_another_machine() -> None:
    packer, packed = Packer(Compression.AUTO, FAR), set()
    for _ in range(4):
        packed.add(isinstance(packer.pack(COLUMNS), CompressedColumns))
        packer.sent()
    assert packed == {True, False}
