import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.v1 import game_pb2, model_pb2, replay_pb2
from services._harness.access.fields import path, values

OPEN_GAME = path(game_pb2.RunGamesRequest.DESCRIPTOR, "open.game")
MORE = path(replay_pb2.RecordExperienceRequest.DESCRIPTOR, "more_tables.table")
TABLE = path(replay_pb2.RecordExperienceRequest.DESCRIPTOR, "table")
RATED = path(game_pb2.CreateGamesRequest.DESCRIPTOR, "matches.rated")
COLLECTION = path(model_pb2.PublishPolicyRequest.DESCRIPTOR, "header.collection.game")


def test_a_field_below_a_message() -> None:
    message = game_pb2.RunGamesRequest(open={"session_id": "s", "game": "race", "seed": 1})
    assert list(values(message.SerializeToString(), OPEN_GAME)) == ["race"]


def test_nothing_where_the_message_above_is_missing() -> None:
    step = game_pb2.RunGamesRequest(step={"sequence": 3, "actions": b"\1\2"})
    assert list(values(step.SerializeToString(), OPEN_GAME)) == []
    assert list(values(b"", COLLECTION)) == []


def test_an_empty_field_is_told_as_empty() -> None:
    opening = game_pb2.RunGamesRequest(open={"session_id": "s"})
    assert list(values(opening.SerializeToString(), OPEN_GAME)) == [""]
    assert list(values(b"", TABLE)) == [""]


def test_all_of_a_repeated_message() -> None:
    message = replay_pb2.RecordExperienceRequest(
        table="a", more_tables=[{"table": "b"}, {"priorities": b"x"}, {"table": "c"}]
    )
    assert list(values(message.SerializeToString(), MORE)) == ["b", "", "c"]


def test_numbers() -> None:
    message = game_pb2.CreateGamesRequest(matches=[{"rated": True}, {"match_id": "m"}])
    assert list(values(message.SerializeToString(), RATED)) == ["1", ""]


def test_a_field_that_comes_twice_is_told_twice() -> None:
    """Decoders take the last; whichever it is, the check has seen it."""
    first = replay_pb2.RecordExperienceRequest(table="mine").SerializeToString()
    second = replay_pb2.RecordExperienceRequest(table="theirs").SerializeToString()
    assert replay_pb2.RecordExperienceRequest.FromString(first + second).table == "theirs"
    assert list(values(first + second, TABLE)) == ["mine", "theirs"]


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\x0b", b"\xff" * 11, b"\x09\x00"])
def test_what_is_malformed_is_an_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        list(values(data, TABLE))


def test_a_message_of_too_many_fields_is_an_error() -> None:
    with pytest.raises(DecodeError, match="more than 65536 fields"):
        list(values(b"\x18\x01" * 65_537, TABLE))


@given(st.binary(max_size=200))
def test_whatever_decoders_read_was_told(data: bytes) -> None:
    """Nothing slips by: what protobuf takes for the name is among what was looked at."""
    try:
        decoded = game_pb2.RunGamesRequest.FromString(data)
    except DecodeError:
        return
    try:
        told = list(values(data, OPEN_GAME))
    except DecodeError:
        return  # refused, so nothing slips by either
    if decoded.HasField("open"):
        assert decoded.open.game in told


@given(
    st.lists(
        st.sampled_from([b"\x0a\x04\x12\x02ab", b"\x0a\x00", b"\x0a\x03\x12\x01c", b"\x1a\x00"])
    )
)
def test_pieces_of_messages_in_any_order(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    decoded, told = game_pb2.RunGamesRequest.FromString(data), list(values(data, OPEN_GAME))
    assert not decoded.HasField("open") or decoded.open.game in told
