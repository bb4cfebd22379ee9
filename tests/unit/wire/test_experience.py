import tracemalloc

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.experience_batch import decode_sample, encode_sample
from mazemesh.wire.experience_record import decode_record, encode_record
from mazemesh.wire.protobuf import tag_of, varint
from mazemesh.wire.tensors import Signature, from_bytes, from_columns, to_columns
from services.replay.table.table import Sample, Updated


@settings(max_examples=200, deadline=None)
@given(
    rows=st.integers(1, 300),
    widths=st.lists(st.sampled_from([0, 1, 8, 127, 128, 20_000]), min_size=1, max_size=4),
    signature_hash=st.integers(0, 2**64 - 1),
    size=st.integers(0, 2**40),
    counts=st.tuples(st.integers(0, 10), st.integers(0, 10)),
)
def test_the_encoding_is_what_the_generated_class_reads(rows, widths, signature_hash, size, counts):
    rng = np.random.default_rng(rows)
    sample = Sample(
        columns=[rng.integers(0, 256, (rows, width), dtype=np.uint8) for width in widths],
        keys=rng.integers(0, 2**63, rows).astype(np.uint64),
        probabilities=rng.random(rows),
        priorities=rng.random(rows),
        policy_versions=rng.integers(-1, 9, rows),
        times_sampled=rng.integers(1, 9, rows).astype(np.int32),
        table_size=size,
        priority_mass=size / 3,
    )
    decoded = pb.GetExperienceBatchResponse.FromString(
        encode_sample(sample, signature_hash, Updated(*counts))
    )
    assert decoded == pb.GetExperienceBatchResponse(
        columns=tensor_pb2.Columns(
            signature_hash=signature_hash,
            rows=rows,
            data=[column.tobytes() for column in sample.columns],
        ),
        keys=sample.keys.tobytes(),
        probabilities=sample.probabilities.tobytes(),
        priorities=sample.priorities.tobytes(),
        policy_versions=sample.policy_versions.tobytes(),
        times_sampled=sample.times_sampled.tobytes(),
        table_size=size,
        updated=counts[0],
        stale=counts[1],
        priority_mass=size / 3,
    )


FIELDS = st.sampled_from(
    ["table", "writer_id", "sequence", "columns", "priorities", "more", "episodes", "junk"]
)


@st.composite
def record_messages(draw: st.DrawFn) -> bytes:
    """Fields of a RecordExperienceRequest in any order and number, then perhaps spoilt."""
    message = b""
    for name in draw(st.lists(FIELDS, max_size=6)):
        if name == "junk":
            message += draw(
                st.sampled_from([b"\x78\x05", b"\x08\x01", b"\x8a\x00\x01a", b"\x0b\x0c"])
            )
            continue
        request = pb.RecordExperienceRequest()
        if name in ("table", "writer_id"):
            setattr(request, name, draw(st.text(max_size=200)))
        elif name == "sequence":
            request.sequence = draw(st.integers(0, 2**64 - 1))
        elif name == "more":
            request.more_tables.add(table=draw(st.text(max_size=3)), priorities=b"12345678")
        elif name == "episodes":
            request.episodes.ended = draw(st.integers(-(2**63), 2**63 - 1))
            request.episodes.reward = draw(st.floats())
            request.episodes.successes = draw(st.integers(0, 3))
        elif name == "columns":
            request.columns.rows = draw(st.integers(-(2**31), 2**31 - 1))
            request.columns.signature_hash = draw(st.integers(0, 2**64 - 1))
            request.columns.data.extend(draw(st.lists(st.binary(max_size=300), max_size=3)))
        else:
            request.priorities = draw(st.binary(max_size=20))
            request.policy_versions = draw(st.binary(max_size=20))
        message += request.SerializeToString()
    spoil = draw(st.sampled_from(["no", "no", "cut", "flip"]))
    if spoil == "cut" and message:
        message = message[: draw(st.integers(0, len(message) - 1))]
    if spoil == "flip" and message:
        at = draw(st.integers(0, len(message) - 1))
        flipped = message[at] ^ draw(st.integers(1, 255))
        message = message[:at] + bytes([flipped]) + message[at + 1 :]
    return message


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(record_messages())
def test_requests_are_read_as_the_generated_class_reads_them(message):
    try:
        wanted = pb.RecordExperienceRequest.FromString(message)
    except DecodeError:
        with pytest.raises(InvalidArgument, match="is no RecordExperienceRequest"):
            decode_record(message)
        return
    request = decode_record(message)
    assert request.table == wanted.table
    assert request.writer_id == wanted.writer_id
    assert request.sequence == wanted.sequence
    assert request.signature_hash == wanted.columns.signature_hash
    assert request.rows == wanted.columns.rows
    assert [bytes(each) for each in request.data] == list(wanted.columns.data)
    assert bytes(request.priorities) == wanted.priorities
    assert bytes(request.policy_versions) == wanted.policy_versions
    assert list(request.more_tables) == [(m.table, m.priorities) for m in wanted.more_tables]
    assert (request.episodes is not None) == wanted.HasField("episodes")
    if request.episodes is not None:
        told = wanted.episodes
        same = EpisodeTotals(told.ended, told.reward, told.steps, told.successes)
        assert repr(request.episodes) == repr(same)  # rewards may be no numbers


@settings(max_examples=200, deadline=None)
@given(
    table=st.text(max_size=200),
    sequence=st.integers(0, 2**64 - 1),
    rows=st.integers(0, 2**31 - 1),
    data=st.lists(st.binary(max_size=300), max_size=4),
    priorities=st.none() | st.lists(st.floats(allow_nan=False), max_size=20),
    more=st.dictionaries(st.text(max_size=5), st.none() | st.just([1.0, 2.0]), max_size=2),
    episodes=st.none() | st.just(EpisodeTotals(3, -1.5, 70, 2)),
)
def test_the_client_writes_what_the_generated_class_would(
    table, sequence, rows, data, priorities, more, episodes
):
    message = encode_record(
        table, "w", sequence, encode_columns(17, rows, data), priorities, [1, 2], more, episodes
    )
    wanted = pb.RecordExperienceRequest(
        table=table,
        writer_id="w",
        sequence=sequence,
        columns=tensor_pb2.Columns(signature_hash=17, rows=rows, data=data),
        priorities=b"" if priorities is None else np.array(priorities, "<f8").tobytes(),
        policy_versions=np.array([1, 2], "<i8").tobytes(),
        more_tables=[
            pb.TablePriorities(table=name, priorities=np.array(own or [], "<f8").tobytes())
            for name, own in more.items()
        ],
        episodes=None
        if episodes is None
        else pb.EpisodeTotals(ended=3, reward=-1.5, steps=70, successes=2),
    )
    assert pb.RecordExperienceRequest.FromString(message) == wanted


SIGNATURE = Signature.of(flag=("uint8", ()), value=("float32", (2,)), index=("int64", ()))


@settings(max_examples=500, deadline=None)
@given(
    rows=st.integers(0, 5),
    hash_change=st.sampled_from([0, 0, 0, 1]),
    order=st.sampled_from(
        ["ours", "generated", "columns last", "columns twice", "junk last", "junk inside", "split"]
    ),
    spoilt=st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 255)),
)
def test_answers_are_read_as_the_generated_class_reads_them(rows, hash_change, order, spoilt):
    columns = to_columns(
        SIGNATURE,
        {
            "flag": np.arange(rows, dtype=np.uint8),
            "value": np.ones((rows, 2), np.float32),
            "index": np.arange(rows),
        },
    )
    columns.signature_hash ^= hash_change
    rest = pb.GetExperienceBatchResponse(
        keys=np.arange(rows, dtype=np.uint64).tobytes(),
        probabilities=np.ones(rows).tobytes(),
        priorities=np.ones(rows).tobytes(),
        policy_versions=np.arange(rows).tobytes(),
        times_sampled=np.ones(rows, np.int32).tobytes(),
        table_size=9,
        priority_mass=0.5,
    )
    first = pb.GetExperienceBatchResponse(columns=columns).SerializeToString()
    head = tag_of(pb.GetExperienceBatchResponse, "columns")
    inside = columns.SerializeToString()
    message = {
        "ours": first + rest.SerializeToString(),
        "generated": pb.GetExperienceBatchResponse.FromString(
            first + rest.SerializeToString()
        ).SerializeToString(),
        "columns last": rest.SerializeToString() + first,
        "columns twice": first + rest.SerializeToString() + first,
        "junk last": first + rest.SerializeToString() + b"\xfa\x07\x02ab",
        "junk inside": head + varint(len(inside) + 5) + inside + b"\xfa\x07\x02ab",
        "split": b"".join(head + varint(len(part)) + part for part in (inside[:9], inside[9:])),
    }[order]
    if spoilt is not None:
        at = spoilt[0] % len(message)
        spoilt_byte = bytes([message[at] ^ spoilt[1]]) + message[at + 1 :] if spoilt[1] else b""
        message = message[:at] + spoilt_byte
    try:
        response = pb.GetExperienceBatchResponse.FromString(message)
        wanted = from_columns(SIGNATURE, response.columns)
        keys = from_bytes(response.keys, np.uint64, (response.columns.rows,), "keys")
    except (DecodeError, InvalidArgument):
        with pytest.raises((DecodeError, InvalidArgument)):
            decode_sample(SIGNATURE, message)
        return
    try:
        batch = decode_sample(SIGNATURE, message)
    except InvalidArgument:
        # Another of the numbers that go with each row was spoilt, or is not there.
        assert spoilt is not None or order in ("junk inside", "split")
        return
    for name, column in wanted.items():
        np.testing.assert_array_equal(batch.columns[name], column)
        assert batch.columns[name].dtype == column.dtype
        assert batch.columns[name].flags.aligned
        assert not batch.columns[name].flags.writeable
    np.testing.assert_array_equal(batch.keys, keys)
    assert (batch.table_size, batch.updated) == (response.table_size, response.updated)


@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_of_any_byte_order_are_little_endian_on_the_wire(order):
    def sample(order: str) -> Sample:
        return Sample(
            columns=[np.zeros((3, 2), np.uint8)],
            keys=np.arange(3).astype(f"{order}u8"),
            probabilities=np.arange(3).astype(f"{order}f8"),
            priorities=np.arange(3).astype(f"{order}f8"),
            policy_versions=np.arange(3).astype(f"{order}i8"),
            times_sampled=np.arange(3).astype(f"{order}i4"),
            table_size=3,
            priority_mass=1.0,
        )

    assert encode_sample(sample(order), 5, (1, 2)) == encode_sample(sample("="), 5, (1, 2))
    given = [np.arange(3).astype(f"{order}f8"), np.arange(3).astype(f"{order}i8")]
    wanted = [np.arange(3.0), np.arange(3)]
    assert encode_record("t", "w", 1, [], *given) == encode_record("t", "w", 1, [], *wanted)


@pytest.mark.parametrize("name", ["columns", "priorities", "table", "more_tables"])
def test_a_request_whose_lengths_are_lies_takes_no_memory(name):
    message = tag_of(pb.RecordExperienceRequest, name) + varint(2**40) + b"abc"
    if name == "columns":
        inside = tag_of(tensor_pb2.Columns, "data") + varint(2**40)
        message = tag_of(pb.RecordExperienceRequest, name) + varint(len(inside)) + inside
    tracemalloc.start()
    try:
        with pytest.raises(InvalidArgument, match="is no RecordExperienceRequest"):
            decode_record(message)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_an_answer_whose_lengths_are_lies_takes_no_memory():
    inside = tag_of(tensor_pb2.Columns, "data") + varint(2**40)
    head = tag_of(pb.GetExperienceBatchResponse, "columns")
    tracemalloc.start()
    try:
        for message in (head + varint(len(inside)) + inside, head + varint(2**40)):
            with pytest.raises(DecodeError):
                decode_sample(SIGNATURE, message)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
