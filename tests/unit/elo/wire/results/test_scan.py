"""The compiled reader takes what the plain one takes, and reads the same; or it takes nothing."""

import asyncio

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import elo_pb2
from services.elo.log.batch import Batch, Duels
from services.elo.log.match import Match
from services.elo.wire import validation
from services.elo.wire.results import payloads, scan
from services.elo.wire.results.reading import RequestReader
from tests.servers.elo_results import on_the_wire
from tests.unit.elo.played import match

PLAIN = [
    match("a", ("race:1", "bot/random"), 1.0, 0.0),
    match("b", ("bot/random", "race:1"), 0.5, finish_nanoseconds=0),
    match("c", ("player/Ann", "race:2"), 0.25, 1.0, 0.0, ladder="race-15x15"),
]


def encoded(*matches: Match) -> bytes:
    return elo_pb2.RecordResultsRequest(results=map(on_the_wire, matches)).SerializeToString()


def plainly(data: bytes) -> Batch | None:
    """What the plain reader says; None when it refuses."""
    try:
        results = elo_pb2.RecordResultsRequest.FromString(data).results
        matches = asyncio.run(validation.matches(results))
    except (DecodeError, InvalidArgument):
        return None
    return Batch(
        [one.match_id for one in matches], list(map(payloads.of_message, results)), matches
    )


def check(data: bytes) -> bool:
    """Whether the compiled reader took it; fails when the plain one reads something else."""
    found = scan.request(data)
    if found is None:
        return False
    expected = plainly(data)
    assert expected is not None
    assert list(found.match_ids) == list(expected.match_ids)
    assert list(found.payloads) == list(expected.payloads)
    duels, columns = found.content, Duels.of(list(expected.content))  # type: ignore[arg-type]
    assert isinstance(duels, Duels)
    assert columns is not None
    for one, other in zip(duels, columns, strict=True):
        np.testing.assert_array_equal(one, other)
    return True


def test_plain_results_are_read() -> None:
    assert check(encoded(*PLAIN))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_bytes_are_changed_it_reads_what_the_plain_reader_reads(
    data: st.DataObject,
) -> None:
    message = bytearray(encoded(*PLAIN))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message) - 1))
        how = data.draw(st.sampled_from(["change", "drop", "repeat"]))
        if how == "change":
            message[at] = data.draw(st.integers(0, 255))
        elif how == "drop":
            del message[at : at + data.draw(st.integers(1, 4))]
        else:
            message[at:at] = message[at : at + data.draw(st.integers(1, 12))]
        if not message:
            return
    check(bytes(message))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.participants.append("race:9"),
        lambda one: one.games[0].teams.extend([0, 1]),
        lambda one: one.games[0].scores.__setitem__(0, float("nan")),
        lambda one: one.games[0].scores.__setitem__(0, 0.75),
        lambda one: setattr(one.games[1], "rotation", 0),
        lambda one: setattr(one.games[0], "rotation", -1),
        lambda one: setattr(one.games[0], "termination", 4),
        lambda one: one.games[0].steps.extend([1, 2]),
        lambda one: setattr(one, "match_id", "a b"),
        lambda one: setattr(one, "match_id", "x" * 129),
        lambda one: setattr(one, "ladder", ""),
        lambda one: setattr(one, "rules_hash", "é"),
        lambda one: one.participants.__setitem__(0, "nobody"),
        lambda one: one.participants.__setitem__(1, one.participants[0]),
        lambda one: one.ClearField("finish_time"),
        lambda one: setattr(one.finish_time, "nanos", 10**9),
        lambda one: setattr(one.finish_time, "seconds", 10**10),
        lambda one: one.ClearField("games"),
    ],
)  # fmt: skip
def test_what_is_unusual_or_wrong_is_left_to_the_plain_reader(spoil: object) -> None:
    request = elo_pb2.RecordResultsRequest(results=map(on_the_wire, PLAIN))
    spoil(request.results[0])  # type: ignore[operator]
    assert not check(request.SerializeToString())


def test_more_results_than_a_call_takes_are_left_to_the_plain_reader() -> None:
    many = [match(f"m{n}", ("race:1", "bot/random"), 1.0) for n in range(1001)]
    assert check(encoded(*many[:1000]))
    assert not check(encoded(*many))
    assert not check(b"")


async def test_large_and_small_requests_are_read_alike() -> None:
    many = [match(f"m{n}", ("race:1", "bot/random"), 1.0, 0.5) for n in range(600)]
    large = await RequestReader().read(encoded(*many))
    assert isinstance(large.content, Duels)
    small = [await RequestReader().read(encoded(one)) for one in many[:3]]
    assert [one.payloads[0] for one in small] == list(large.payloads[:3])
    with pytest.raises(InvalidArgument, match=r"results\[599\]\.match_id"):
        await RequestReader().read(encoded(*many[:-1], many[-1]._replace(match_id=" ")))
    with pytest.raises(InvalidArgument, match="no RecordResultsRequest"):
        await RequestReader().read(b"\xff")


def test_entries_of_the_log_are_read_as_columns() -> None:
    duels = scan.payloads([payloads.encode(one) for one in PLAIN])
    columns = Duels.of(PLAIN)
    assert duels is not None
    assert columns is not None
    for one, other in zip(duels, columns, strict=True):
        np.testing.assert_array_equal(one, other)
    assert scan.payloads([payloads.encode(PLAIN[0]), b"{}"]) is None
