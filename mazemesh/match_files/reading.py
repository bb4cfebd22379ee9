"""Rows of files, one after the other, with their lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from mazemesh.errors import InvalidArgument
from mazemesh.match_files.refusal import Refusal, Refused
from mazemesh.names import shown

FORMATS: Final = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet"}
"""By how a file's name ends."""

LONGEST_LINE: Final = 1 << 20
"""Characters."""

_ROWS_AT_ONCE = 4096

Read = tuple[int, dict[str, Any] | Refusal]
"""A line, and the row there or what is wrong with it."""


def format_of(path: Path, format_: str) -> str:
    """The format of a file: as it is said, else as its name ends, else CSV.

    Raises:
        InvalidArgument: there is no such format.
    """
    if not format_:
        return FORMATS.get(path.suffix.removeprefix(".").lower(), "csv")
    if format_ not in FORMATS:
        known = ", ".join(sorted(set(FORMATS.values())))
        raise InvalidArgument(f"format = {format_!r} is wrong: must be one of {known}")
    return FORMATS[format_]


def read(file: BinaryIO, format_: str) -> Iterator[Read]:
    """The rows of a file from its beginning.

    Raises:
        InvalidArgument: the file as a whole cannot be read.
    """
    file.seek(0)
    if format_ == "parquet":
        return _parquet(file)
    import io

    text = io.TextIOWrapper(_Unclosed(file), "utf-8-sig", errors="replace", newline="")
    return _csv(text) if format_ == "csv" else _json_lines(text)


def _csv(text: TextIO) -> Iterator[Read]:
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(_bounded(text), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise InvalidArgument("the file is empty; its first line names the columns")
        names = [name.strip().lower() for name in header]
        for name in names:
            if names.count(name) > 1:
                raise InvalidArgument(f"column {shown(name)} occurs twice; name each once")
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                right = f"needs {len(header)} cells, as the first line has"
                yield reader.line_num, Refusal(reader.line_num, "row", f"{len(row)} cells", right)
            else:
                yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InvalidArgument(f"line {reader.line_num} is no CSV: {error}") from error


def _json_lines(text: TextIO) -> Iterator[Read]:
    for line, content in enumerate(_bounded(text), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
            if not isinstance(row, dict):
                raise Refused("row", content, "must be an object, one a line")
        except Refused as refused:
            yield line, refused.at(line)
        except (ValueError, RecursionError) as error:
            yield (
                line,
                Refused("row", content, f"must be JSON, one object a line: {error}").at(line),
            )
        else:
            yield line, row


def _bounded(text: TextIO) -> Iterator[str]:
    line = 0
    while content := text.readline(LONGEST_LINE + 1):
        line += 1
        if len(content) > LONGEST_LINE:
            raise InvalidArgument(
                f"line {line} has more than {LONGEST_LINE} characters; is this another format?"
            )
        yield content


def _parquet(file: BinaryIO) -> Iterator[Read]:
    from mazemesh.match_files import parquet

    row = 0
    for batch in parquet.batches(file, _ROWS_AT_ONCE):
        for cells in batch:
            row += 1
            yield row, cells


class _Unclosed:
    """A file that a reader of text may close, and stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        """Leaves it open."""
