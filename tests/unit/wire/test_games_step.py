"""Steps written and read by hand are what the generated classes write and read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.games_step import StepBytes, encode_message
from mazemesh.wire.tensors import to_bytes
from services.game.play.batch import Report
from services.game.wire.encoding import decode_step, encode_step

DTYPES = {
    "observation": "uint8",
    "action_mask": "uint8",
    "reward": "float32",
    "status": "uint8",
    "ended_games": "int32",
    "ended_scores": "float32",
    "ended_steps": "int32",
    "final_observation": "uint8",
    "final_action_mask": "uint8",
    "seat_status": "uint8",
    "ended_successes": "uint8",
}
SEQUENCES = st.integers(0, 2**64 - 1)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 8), st.integers(1, 300))


def reports(seed: int, shape: tuple[int, int, int], observation: str) -> Report:
    """Random arrays of a step of n games; some ended, some of those were cut off."""
    rng = np.random.default_rng(seed)
    games, seats, size = shape
    ended = int(rng.integers(0, games + 1))
    cut = int(rng.integers(0, ended + 1))
    shapes = {
        "observation": (games, seats, size),
        "action_mask": (games, seats, 5),
        "reward": (games, seats),
        "status": (games,),
        "ended_games": (ended,),
        "ended_scores": (ended, seats),
        "ended_steps": (ended,),
        "final_observation": (cut, seats, size),
        "final_action_mask": (cut, seats, 5),
        "seat_status": (games if seed % 2 else 0, seats),
        "ended_successes": (ended, seats),
    }
    dtypes = {**DTYPES, "observation": observation, "final_observation": observation}
    return Report(
        **{name: rng.integers(0, 200, shape).astype(dtypes[name]) for name, shape in shapes.items()}
    )


@given(SEQUENCES, st.integers(0, 999), SHAPES, st.sampled_from(["uint8", "float32"]))
def test_written_and_read_as_by_the_generated_classes(
    sequence: int, seed: int, shape: tuple[int, int, int], observation: str
) -> None:
    report = reports(seed, shape, observation)
    fields = {name: to_bytes(getattr(report, name), getattr(report, name).dtype) for name in DTYPES}
    message = pb.GamesStep(sequence=sequence, **fields)
    encoded = encode_step(sequence, report)
    assert encoded == pb.RunGamesResponse(step=message).SerializeToString()
    assert decode_step(encoded) == message
    for read in (StepBytes(encoded), encode_message(message)):
        assert read.sequence == sequence
        for name in DTYPES:
            array = getattr(report, name)
            view = read.view(name, array.dtype, (-1, *array.shape[1:]))
            np.testing.assert_array_equal(view, array)
            assert not view.flags.writeable


def test_unknown_fields_are_passed_over() -> None:
    encoded = pb.RunGamesResponse(step=pb.GamesStep(sequence=7, status=b"\x01")).SerializeToString()
    more = b"\xf8\x07\x05" + b"\xfa\x07\x02ab"  # fields 127: a varint, two bytes
    extended = encoded[:1] + bytes([encoded[1] + len(more)]) + encoded[2:] + more
    step = StepBytes(extended)
    assert step.sequence == 7
    assert step.view("status", np.dtype(np.uint8), (1,)).tolist() == [1]


@given(st.integers(1, 60), st.binary(max_size=4))
def test_what_is_cut_off_or_no_step_is_refused(cut: int, more: bytes) -> None:
    encoded = encode_step(300, reports(1, (2, 1, 40), "uint8"))
    for wrong in (encoded[:-cut], encoded + b"\x00" + more, b"", more):
        with pytest.raises(ValueError, match=r"step|cut off|wire type|varint"):
            StepBytes(wrong)
