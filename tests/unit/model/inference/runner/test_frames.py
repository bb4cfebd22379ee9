"""Frames between the service and the process that runs files."""

import pytest

from services.model.inference.calls import Choosing, RunFailed
from services.model.inference.runner import frames


def joined(parts: list[bytes | memoryview]) -> memoryview:
    return memoryview(b"".join(parts))


def test_a_load_comes_as_it_was_sent() -> None:
    load = frames.Load(7, True, "squashed", memoryview(b"the file"))
    assert frames.read_load(joined(frames.load_parts(load))) == load


def test_a_batch_comes_as_it_was_sent() -> None:
    segments = [
        frames.Segment(3, Choosing()),
        frames.Segment(1, Choosing(0.0, 0)),
        frames.Segment(2, Choosing(0.25, (1 << 64) - 1)),
    ]
    run = frames.read_run(joined([frames.run_head(9, segments), b"columns"]))
    assert run == frames.Run(9, segments, memoryview(b"columns"))


def test_an_answer_of_another_length_is_none() -> None:
    content = joined([frames.ran_head(0.5), b"12345678"])
    assert frames.read_ran(content, 8) == (0.5, b"12345678")
    for wrong in (0, 7, 9):
        with pytest.raises(RunFailed, match=f"8 bytes; expected {wrong}"):
            frames.read_ran(content, wrong)


def test_a_reason_is_short_and_can_be_printed() -> None:
    told = frames.read_reason(memoryview(frames.reason(ValueError("a\nb\0" + "x" * 5000))))
    assert told.startswith("ValueError: a b xxx")
    assert len(told) <= frames.MOST_REASON
    assert frames.read_reason(memoryview(b"\xff\xfe ok")).endswith(" ok")
