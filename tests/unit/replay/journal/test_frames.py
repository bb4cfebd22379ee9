import pytest

from services.replay.journal.frames import HEADER_BYTES, FrameReader, make_frame

BODIES = [b"first", b"", b"x" * 300, b"the last"]


def joined(bodies, *, all_safe: bool = False) -> bytes:
    data = b""
    for body in bodies:
        data += b"".join(make_frame([body[:2], memoryview(body)[2:]], len(data) if all_safe else 0))
    return data


def read(data: bytes) -> tuple[list[bytes], FrameReader]:
    reader = FrameReader(data)
    return [bytes(body) for body in reader], reader


def test_bodies_come_back():
    assert read(joined(BODIES))[0] == BODIES
    assert read(b"")[0] == []


def test_a_cut_at_any_byte_leaves_the_whole_frames_before_it():
    data = joined(BODIES)
    ends = [len(joined(BODIES[:count])) for count in range(len(BODIES) + 1)]
    for size in range(len(data) + 1):
        bodies, reader = read(data[:size])
        whole = max(count for count, end in enumerate(ends) if end <= size)
        assert bodies == BODIES[:whole]
        assert reader.offset == ends[whole]
        assert ("cut off" in reader.problem) == (size not in ends)
        assert not reader.is_damaged


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_every_flipped_bit_is_found_where_it_is(bit):
    data = joined(BODIES, all_safe=True)
    ends = [len(joined(BODIES[:count])) for count in range(len(BODIES) + 1)]
    for index in range(len(data)):
        flipped = bytearray(data)
        flipped[index] ^= 1 << bit
        bodies, reader = read(bytes(flipped))
        hit = max(count for count, end in enumerate(ends) if end <= index)
        assert bodies == BODIES[:hit]
        assert reader.offset == ends[hit]
        assert "checksum" in reader.problem
        # A frame that was written after it says that it was on disk; after the last one is none.
        assert reader.is_damaged == (hit < len(BODIES) - 1)


def test_zeros_after_a_power_cut_are_no_damage():
    _, reader = read(joined(BODIES) + bytes(500))
    assert reader.problem
    assert not reader.is_damaged


def test_a_lost_page_that_was_not_yet_safe_is_no_damage():
    data = bytearray(joined(BODIES))
    start = len(joined(BODIES[:2])) + HEADER_BYTES
    data[start : start + 100] = bytes(100)
    bodies, reader = read(bytes(data))
    assert bodies == BODIES[:2]
    assert not reader.is_damaged
