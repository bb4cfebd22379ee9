"""Parquet files of results; the only place that knows pyarrow (extra `archive`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mazemesh.errors import InvalidArgument
from mazemesh.match_files.rows import ALSO, KNOWN
from mazemesh.match_files.values import Nanoseconds

SCHEMA: Final = pa.schema(
    [
        ("match_id", pa.string()),
        ("ladder", pa.string()),
        ("time", pa.timestamp("ns", "UTC")),
        ("players", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("rotation", pa.int32()),
        ("game_id", pa.string()),
        ("steps", pa.list_(pa.int32())),
        ("termination", pa.string()),
        ("teams", pa.list_(pa.int32())),
        ("seed", pa.uint64()),
        ("rules_hash", pa.string()),
    ]
)
"""Of a file that is written: a row a game."""


def _text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _whole(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind))


def _number(kind: Any) -> bool:
    return _whole(kind) or bool(pa.types.is_floating(kind))


def _list_of(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def accepts(kind: Any) -> bool:
        lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        return _text(kind) or (lists and one(kind.value_type))

    return accepts


def _time(kind: Any) -> bool:
    dated = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    return bool(dated) or _text(kind) or _number(kind)


_KINDS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "match_id": (lambda kind: _text(kind) or _whole(kind), "string or integer"),
    "ladder": (_text, "string"),
    "time": (_time, "timestamp, date, string or seconds since 1970"),
    "players": (_list_of(_text), "list of string"),
    "white": (_text, "string"),
    "black": (_text, "string"),
    "scores": (_list_of(_number), "list of float"),
    "result": (lambda kind: _text(kind) or _number(kind), "string or float"),
    "score": (lambda kind: _text(kind) or _number(kind), "string or float"),
    "rotation": (_whole, "integer"),
    "game_id": (_text, "string"),
    "steps": (lambda kind: _whole(kind) or _list_of(_whole)(kind), "list of integer"),
    "termination": (lambda kind: _text(kind) or _whole(kind), "string"),
    "teams": (_list_of(_whole), "list of integer"),
    "seed": (_whole, "integer"),
    "rules_hash": (_text, "string"),
}


def batches(file: BinaryIO, rows: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of a file, so many at once; times as `Nanoseconds`.

    Raises:
        InvalidArgument: it is no Parquet, or a column has a type that cannot be right.
    """
    try:
        parquet = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidArgument(f"the file is no Parquet: {error}") from error
    names = parquet.schema_arrow.names
    wanted = [name for name in names if _key(name) in KNOWN]
    for name in wanted:
        _check(name, parquet.schema_arrow.field(name).type)
    for batch in parquet.iter_batches(batch_size=rows, columns=wanted):
        columns = {name: _values(batch.column(name)) for name in wanted}
        yield [
            dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
        ]


def writer(file: BinaryIO) -> pq.ParquetWriter:
    """Writes rows of `SCHEMA` to a file."""
    return pq.ParquetWriter(file, SCHEMA, compression="zstd")


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows, as they are written."""
    return pa.Table.from_pylist(list(rows), SCHEMA)


def _key(name: str) -> str:
    key = name.strip().lower().replace(" ", "_")
    return ALSO.get(key, key)


def _check(name: str, kind: Any) -> None:
    accepts, right = _KINDS.get(_key(name), (lambda _: False, "absent: games are rows here"))
    if not accepts(kind):
        raise InvalidArgument(f"column {name!r} has type {kind}: must be {right}")


def _values(column: Any) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        found: list[Any] = column.to_pylist()
        return found
    # Python has no nanoseconds.
    whole = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64()).to_pylist()
    return [None if one is None else Nanoseconds(one) for one in whole]
