"""Files of all formats, as rows and back."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.match_files.reading import LONGEST_LINE, format_of, read
from mazemesh.match_files.refusal import Refusal
from mazemesh.match_files.rows import Reader, grouped, normal
from mazemesh.match_files.writing import write
from mazemesh.v1 import elo_pb2
from tests.servers.elo_results import on_the_wire
from tests.unit.elo.played import match

FORMATS = ("csv", "jsonl", "parquet")
RESULTS = [
    on_the_wire(one)
    for one in (
        match("import/a", ("foreign/x", "bot/random"), 1.0, 0.3),
        match("import/b", ("foreign/x", "foreign/y", "foreign/z"), (1.0, 0.5, 0.0)),
        match(
            "import/c",
            ("foreign/x:1", "foreign/x:2", "foreign/y", "foreign/z"),
            (1.0, 1.0, 0.0, 0.0),
            (0.0, 1.0, 0.0, 1.0),
            teams=((0, 0, 1, 1), (0, 1, 0, 1)),
        ),
    )
]


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_written_is_read_again_bit_for_bit(format_: str) -> None:
    file = io.BytesIO()
    assert write(RESULTS, file, format_) == 3
    reader = Reader()
    rows = ((line, normal(row)) for line, row in read(file, format_) if isinstance(row, dict))
    found = [reader.match(group) for _, group in grouped(rows)]
    assert [one.SerializeToString(deterministic=True) for one in found] == [
        one.SerializeToString(deterministic=True) for one in RESULTS
    ]


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_is_written_as_a_file_of_nothing(format_: str) -> None:
    file = io.BytesIO()
    assert write([], file, format_) == 0
    assert list(read(file, format_)) == []


def test_formats_by_name() -> None:
    assert format_of(Path("a.csv"), "") == "csv"
    assert format_of(Path("a.JSONL"), "") == "jsonl"
    assert format_of(Path("a.parquet"), "") == "parquet"
    assert format_of(Path("-"), "") == "csv"
    assert format_of(Path("a.csv"), "ndjson") == "jsonl"
    with pytest.raises(InvalidArgument, match="must be one of csv, jsonl, parquet"):
        format_of(Path("a"), "pgn")


def rows(text: str | bytes, format_: str) -> list[Any]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(io.BytesIO(data), format_))


def test_lines_that_are_none_are_refused_by_their_number() -> None:
    found = rows('{"a": 1}\n\n{"a":\n[1]\n{"a": 2}', "jsonl")
    assert [line for line, _ in found] == [1, 3, 4, 5]
    assert [isinstance(row, Refusal) for _, row in found] == [False, True, True, False]
    assert "one object a line" in found[1][1].right
    found = rows('a,b\n1,2\n1\n"x\ny",3\n', "csv")
    assert [line for line, _ in found] == [2, 3, 5]
    assert found[1][1] == Refusal(3, "row", "1 cells", "needs 2 cells, as the first line has")


@pytest.mark.parametrize(
    ("data", "format_", "message"),
    [
        ("", "csv", "is empty"),
        ("a,A\n", "csv", "'a' occurs twice"),
        ('a\n"x"y\n', "csv", "line 2 is no CSV"),
        ("x" * (LONGEST_LINE + 2), "csv", "line 1 has more than"),
        ("x" * (LONGEST_LINE + 2), "jsonl", "line 1 has more than"),
        ("a,b\n", "parquet", "is no Parquet"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(data: str, format_: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        rows(data, format_)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("scores", pa.array([["1", "0"]]), "'scores' has type list<.*string>: must be list of fl"),
        ("players", pa.array([1]), "'players' has type int64: must be list of string"),
        ("white", pa.array([1.0]), "'white' has type double: must be string"),
        ("seed", pa.array([1.5]), "'seed' has type double: must be integer"),
        ("Date", pa.array([[1]]), "'Date' has type list<.*: must be timestamp"),
        ("games", pa.array([[{"scores": [1]}]]), "'games' has type list<.*: must be absent"),
    ],
)
def test_columns_of_other_types_are_named(column: str, values: Any, message: str) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({column: values}), file)
    with pytest.raises(InvalidArgument, match=message):
        list(read(file, "parquet"))


def test_types_of_others_are_understood() -> None:
    file = io.BytesIO()
    table = {
        "white": pa.array(["x", "y"], pa.large_string()),
        "black": pa.array(["y", "x"]),
        "result": pa.array([1.0, None], pa.float64()),
        "score": pa.array([None, 0.5], pa.float32()),
        "time": pa.array([1_700_000_000_000] * 2, pa.timestamp("ms")),
        "elo of white": pa.array([2800, 2700]),
    }
    pq.write_table(pa.table(table), file)
    reader = Reader("chess")
    found = [
        reader.match([normal(row)]) for _, row in read(file, "parquet") if isinstance(row, dict)
    ]
    assert [one.games[0].scores[0] for one in found] == [1.0, 0.5]
    assert found[0].finish_time.seconds == 1_700_000_000
    assert isinstance(found[0], elo_pb2.MatchResult)
