"""Results from files to the Elo service, and back: `mesh.ratings`.

A file is read twice: first all of it is checked, by this code and by the service, and then, if no
row was refused, it is recorded. So a file that is refused leaves nothing behind. What is recorded
is known by its match id, so a file that was cut short is simply imported again.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from mazemesh.client.aio.in_thread import in_thread
from mazemesh.client.ladder_calls import parts
from mazemesh.errors import InvalidArgument
from mazemesh.match_files.reading import Read, format_of, read
from mazemesh.match_files.refusal import Refusal, Refused
from mazemesh.match_files.report import ImportReport
from mazemesh.match_files.rows import KNOWN, Reader, grouped, normal
from mazemesh.match_files.writing import write
from mazemesh.v1 import elo_pb2

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient

_AT_ONCE: Final = 1000
_OF_RESULT: Final = re.compile(
    r"results\[(?P<place>\d+)\]\.(?P<field>\S+) = (?P<value>.*) is wrong: (?P<right>.*)", re.DOTALL
)
STANDARD: Final = Path("-")
"""Standard input or output."""

Progress = Callable[[ImportReport], None]


class RatingFiles:
    r"""Imports and exports the results of an Elo service.

    ```pycon
    >>> from pathlib import Path
    >>> played = "date,white,black,result\n2026-11-24,Deep Blue,Kasparov,1-0\n"
    >>> _ = Path("chess.csv").write_text(played)
    >>> mesh.ratings.import_file("chess.csv", ladder="chess", dry_run=True).matches
    1

    ```
    """

    def __init__(self, elo: EloClient) -> None:
        self._elo = elo

    @property
    def aio(self) -> AsyncRatingFiles:
        """The same as coroutines."""
        return AsyncRatingFiles(self)

    def import_file(
        self,
        path: str | Path,
        *,
        format: str = "",  # noqa: A002  # as the command line has it
        ladder: str = "",
        time: str = "",
        dry_run: bool = False,
        skip_refused: bool = False,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Records the results in a file; safe to repeat.

        Args:
            path: CSV, JSON Lines or Parquet; "-" is standard input. docs/match-files.md has its
                columns.
            format: "csv", "jsonl" or "parquet"; empty: as the name ends, else CSV.
            ladder: Of rows that name none.
            time: Of rows that have none, such as "2026-11-24".
            dry_run: Check everything, record nothing.
            skip_refused: Record the other rows where some are refused; else none is.
            progress: Called with the report so far, every thousand matches.

        Returns:
            What became of the rows. Where some were refused and are not to be skipped, nothing was
            recorded.

        Raises:
            InvalidArgument: the file as a whole cannot be read.
            OSError: there is no such file.
        """
        path = Path(path)
        kind = format_of(path, format)
        with _opened(path) as file:
            report = ImportReport(dry_run=dry_run)

            def passed(*, record: bool) -> ImportReport:
                found = ImportReport(dry_run=dry_run)
                reader = Reader(ladder, time)
                self._pass(read(file, kind), reader, found, record=record, progress=progress)
                return found

            if dry_run or not skip_refused:
                report = passed(record=False)
            if not dry_run and (skip_refused or not report.refused):
                report = passed(record=True)
            return report

    def export_file(
        self,
        path: str | Path,
        *,
        format: str = "",  # noqa: A002
        ladder: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> int:
        """Writes the results that ratings rest on, oldest first; how many they were.

        Args:
            path: The file, which appears when all is written; "-" is standard output.
            format: "csv", "jsonl" or "parquet"; empty: as the name ends, else CSV.
            ladder: Only of this one; empty: all.
            start: Only matches that ended then or later.
            end: Only matches that ended before.
        """
        path = Path(path)
        kind = format_of(path, format)
        results = self._elo.result_log(ladder, start=start, end=end)
        if path == STANDARD:
            return write(results, sys.stdout.buffer, kind)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with partial.open("wb") as file:
                count = write(results, file, kind)
            partial.replace(path)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
        return count

    def _pass(
        self,
        rows: Iterator[Read],
        reader: Reader,
        report: ImportReport,
        *,
        record: bool,
        progress: Progress | None,
    ) -> None:
        """Reads a file once, and tells the service of it."""
        part: list[tuple[int, elo_pb2.MatchResult]] = []
        seen: dict[int, int] = {}
        for line, group in grouped(_sound(rows, report)):
            report.rows += len(group)
            try:
                match = reader.match(group)
                content = _known_before(match, seen)
            except Refused as refused:
                report.refuse(refused.at(line))
                continue
            if content:
                report.duplicates += 1
                report.matches += 1
                continue
            part.append((line, match))
            if len(part) == _AT_ONCE:
                self._send(part, report, record=record)
                part = []
                if progress is not None:
                    progress(report)
        if part:
            self._send(part, report, record=record)
        if progress is not None:
            progress(report)

    def _send(
        self, part: list[tuple[int, elo_pb2.MatchResult]], report: ImportReport, *, record: bool
    ) -> None:
        lines = {match.match_id: line for line, match in part}
        for some in parts([match for _, match in part]):
            self._send_call(list(some), lines, report, record=record)

    def _send_call(
        self,
        results: list[elo_pb2.MatchResult],
        lines: Mapping[str, int],
        report: ImportReport,
        *,
        record: bool,
    ) -> None:
        """Sends what one call takes; whom the service refuses is taken out."""
        statuses: list[int] = []
        while results:
            try:
                statuses = self._elo.import_results(results, validate_only=not record)
                break
            except InvalidArgument as error:
                place, refused = _named(error)
                report.refuse(refused.at(lines[results.pop(place).match_id]))
        for match, status in zip(results, statuses, strict=True):
            report.matches += 1
            if status == elo_pb2.RECORD_STATUS_RECORDED:
                report.recorded += record
                report.new += 1
            elif status == elo_pb2.RECORD_STATUS_DUPLICATE:
                report.duplicates += 1
            else:
                right = "another result stands under this id; give this one an id of its own"
                report.refuse(Refused("match_id", match.match_id, right).at(lines[match.match_id]))


class AsyncRatingFiles:
    """`RatingFiles` for asyncio: each call waits in a thread."""

    def __init__(self, files: RatingFiles) -> None:
        self.import_file = in_thread(files.import_file)
        self.export_file = in_thread(files.export_file)


def _sound(rows: Iterator[Read], report: ImportReport) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows that could be read at all."""
    for line, row in rows:
        if isinstance(row, Refusal):
            report.rows += 1
            report.refuse(row)
            continue
        found = normal(row)
        report.ignored |= found.keys() - KNOWN
        yield line, found


def _known_before(match: elo_pb2.MatchResult, seen: dict[int, int]) -> bool:
    """Whether the file had it before.

    Raises:
        Refused: it had another one of this id.
    """
    key = _hash(match.match_id.encode())
    content = _hash(match.SerializeToString(deterministic=True))
    if key not in seen:
        seen[key] = content
        return False
    if seen[key] != content:
        right = "the file has another match of this id before; rows of a match follow each other"
        raise Refused("match_id", match.match_id, right)
    return True


def _named(error: InvalidArgument) -> tuple[int, Refused]:
    """Which result of a call an error is about, and what is wrong with it.

    Raises:
        InvalidArgument: that very error, which is about none.
    """
    found = _OF_RESULT.match(str(error))
    if found is None:
        raise error
    refused = Refused(found["field"], "", found["right"])
    refused.value = found["value"]
    return int(found["place"]), refused


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest())


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file that can be read twice; standard input is copied to a temporary one."""
    with ExitStack() as stack:
        if path == STANDARD:
            file: Any = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(sys.stdin.buffer, file)
        else:
            file = stack.enter_context(path.open("rb"))
        yield file
