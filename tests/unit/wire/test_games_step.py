"""Steps written and read by hand are what the generated classes write and read."""

import tracemalloc

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.games_step import StepBytes, decode_step, encode_message, encode_step
from mazemesh.wire.protobuf import tag_of, varint
from mazemesh.wire.tensors import to_bytes
from services.game.play.batch import Report

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


@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_of_any_byte_order_are_little_endian_on_the_wire(order: str) -> None:
    report = reports(3, (4, 2, 9), "float32")
    other = Report(
        **{
            name: getattr(report, name).astype(getattr(report, name).dtype.newbyteorder(order))
            for name in DTYPES
        }
    )
    assert encode_step(1, other) == encode_step(1, report)


@st.composite
def steps(draw: st.DrawFn) -> bytes:
    """Fields of a GamesStep, and unknown ones, in any order and number; then perhaps spoilt."""
    step = b""
    for name in draw(st.lists(st.sampled_from(["sequence", "junk", *DTYPES]), max_size=8)):
        if name == "junk":
            step += draw(st.sampled_from([b"\xf8\x07\x05", b"\xfa\x07\x02ab", b"\xfd\x07abcd"]))
        elif name == "sequence":
            step += pb.GamesStep(sequence=draw(SEQUENCES)).SerializeToString()
        else:
            step += pb.GamesStep(**{name: draw(st.binary(max_size=200))}).SerializeToString()
    message = STEP + varint(len(step)) + step
    if draw(st.booleans()) and message:
        at = draw(st.integers(0, len(message) - 1))
        flipped = message[at] ^ draw(st.integers(1, 255))
        message = message[:at] + bytes([flipped]) + message[at + 1 :]
    return message


STEP = tag_of(pb.RunGamesResponse, "step")


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(steps())
def test_what_is_read_is_what_the_generated_class_reads(message: bytes) -> None:
    try:
        ours = StepBytes(message)
    except ValueError:
        # Left to the generated class, which reads all that we do and more.
        return
    try:
        wanted = pb.RunGamesResponse.FromString(message).step
    except DecodeError:
        # Numbers of unknown fields, and the like, are none of our business.
        return
    assert ours.sequence == wanted.sequence
    for name in DTYPES:
        assert ours.view(name, np.dtype(np.uint8), (-1,)).tobytes() == getattr(wanted, name)


def test_lengths_that_are_lies_take_no_memory() -> None:
    step = tag_of(pb.GamesStep, "observation") + varint(2**62)
    message = STEP + varint(len(step)) + step
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="cut off"):
            StepBytes(message)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
