"""The pieces of the encoding against protobuf's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.v1 import game_pb2, replay_pb2, tensor_pb2
from mazemesh.wire.protobuf import bytes_field, message_field, read_varint, tag_of, varint


@given(st.integers(-(2**63), 2**63 - 1))
def test_varints_are_protobufs(value):
    message = tensor_pb2.TensorSpec(shape=[value]).SerializeToString()
    assert message.endswith(varint(value))
    assert read_varint(varint(value), 0) == (value % 2**64, len(varint(value)))


@pytest.mark.parametrize("wrong", [b"\x80\x00", b"\xff" * 9 + b"\x02", b"\x81\x80\x00"])
def test_other_forms_of_a_varint_are_refused(wrong):
    with pytest.raises(ValueError, match="shortest form"):
        read_varint(wrong, 0)


@pytest.mark.parametrize("cut", [b"", b"\x80", b"\xff\xff"])
def test_a_varint_that_is_cut_off_is_told(cut):
    with pytest.raises(IndexError):
        read_varint(cut, 0)


@pytest.mark.parametrize(
    "message",
    [
        tensor_pb2.Columns(signature_hash=1),
        tensor_pb2.Columns(rows=1),
        game_pb2.GamesStep(sequence=1),
        game_pb2.GamesStep(ended_successes=b"x"),
        replay_pb2.RecordExperienceRequest(writer_id="w"),
        replay_pb2.RecordExperienceRequest(columns=tensor_pb2.Columns()),
    ],
)
def test_tags_are_those_that_protobuf_writes(message):
    [(field, _)] = message.ListFields()
    tag = tag_of(type(message), field.name)
    assert message.SerializeToString().startswith(tag)


@given(st.binary(max_size=300), st.integers(0, 2**31 - 1))
def test_fields_of_bytes_and_messages_are_protobufs(content, rows):
    kind = replay_pb2.RecordExperienceRequest
    written = b"".join(bytes_field(tag_of(kind, "priorities"), content))
    assert kind.FromString(written) == kind(priorities=content)
    columns = tensor_pb2.Columns(rows=rows, data=[content])
    whole = columns.SerializeToString()
    parts = [whole[:3], whole[3:]]
    written = b"".join(message_field(tag_of(kind, "columns"), parts))
    assert written == kind(columns=columns).SerializeToString()
