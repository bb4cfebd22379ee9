"""Columns in a Zstandard frame: what was packed comes out, and lies about its size cost nothing."""

import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1.tensor_pb2 import Columns
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.compressed_columns import (
    MOST_BYTES,
    compress_columns,
    decompress_columns,
)
from mazemesh.wire.experience_record import (
    MOST_FIELDS,
    RecordRequest,
    decode_record,
    encode_record,
    unpack,
)
from mazemesh.wire.protobuf import bytes_field, tag_of


def packed(content: bytes, **header: bool) -> RecordRequest:
    frame = zstandard.ZstdCompressor(**header).compress(content)
    return RecordRequest(columns_zstd=frame)


@settings(max_examples=100, deadline=None)
@given(
    signature_hash=st.integers(0, 2**64 - 1),
    rows=st.integers(0, 2**31 - 1),
    data=st.lists(st.binary(max_size=300), max_size=5),
    priorities=st.none() | st.lists(st.floats(0, 10), max_size=4),
)
def test_what_was_packed_comes_out_and_the_generated_class_agrees(
    signature_hash: int, rows: int, data: list[bytes], priorities: list[float] | None
) -> None:
    columns = encode_columns(signature_hash, rows, data)
    message = encode_record("t", "w", 3, compress_columns(columns), priorities)
    plain = decode_record(encode_record("t", "w", 3, columns, priorities))
    request = decode_record(message)
    assert (request.rows, request.data) == (0, [])
    unpack(request)
    assert request == plain
    generated = pb.RecordExperienceRequest.FromString(message)
    inside = Columns.FromString(zstandard.ZstdDecompressor().decompress(generated.columns_zstd))
    assert (inside.signature_hash, inside.rows, list(inside.data)) == (signature_hash, rows, data)


def test_columns_in_an_unusual_form_are_understood_as_well() -> None:
    content = Columns(rows=2, data=[b"a"]).SerializeToString()
    request = packed(content + Columns(signature_hash=7, data=[b"b"]).SerializeToString())
    unpack(request)
    assert (request.signature_hash, request.rows, request.data) == (7, 2, [b"a", b"b"])


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (RecordRequest(columns_zstd=b"no frame"), "columns_zstd has 8 bytes that are no Zstandard"),
        (RecordRequest(columns_zstd=b"\x28\xb5\x2f\xfd"), "columns_zstd is no Zstandard frame"),
        (packed(b"x" * 50, write_content_size=False), "no size of its content"),
        (packed(b"\xff" * 9), "columns_zstd is a frame of no Columns"),
        (
            packed(bytes_field(tag_of(Columns, "data"), b"")[0] * (MOST_FIELDS + 1)),
            "more than 4096",
        ),
        (
            RecordRequest(columns_zstd=packed(b"x" * 50).columns_zstd + b"more"),
            "cannot be unpacked",
        ),
        (RecordRequest(columns_zstd=packed(b"x" * 50).columns_zstd[:-2]), "cannot be unpacked"),
        (RecordRequest(rows=1, columns_zstd=b"x"), "columns_zstd is set, and columns too"),
    ],
)
def test_what_is_wrong_is_told(request_: RecordRequest, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        unpack(request_)


def with_told_size(frame: bytes, size: int) -> bytes:
    """The frame with another size in its header (RFC 8878, 3.1.1.1), in eight bytes."""
    assert frame[4] == 0x20  # one segment, a size of one byte
    return frame[:4] + bytes([0xE0]) + size.to_bytes(8, "little") + frame[6:]


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 2**40, 2**63])
def test_a_size_beyond_the_limit_is_refused_before_anything_is_unpacked(size: int) -> None:
    frame = with_told_size(compress_columns([b"x" * 50]).frame, size)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidArgument, match=f"a content of {size} bytes; expected 1"):
            decompress_columns(frame, "columns_zstd")
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 49, 51, 5000])
def test_a_size_that_is_a_lie_is_refused(size: int) -> None:
    frame = with_told_size(compress_columns([b"x" * 50]).frame, size)
    with pytest.raises(InvalidArgument, match="columns_zstd"):
        decompress_columns(frame, "columns_zstd")
