"""Data for programs, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console


_data: ContextVar[TextIO | None] = ContextVar("data", default=None)


@contextmanager
def data_alone() -> Iterator[None]:
    """A block in which standard output takes nothing but `print_json`.

    What libraries and games print, and what is logged, goes to standard error.
    """
    token = _data.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _data.reset(token)


def log_to_standard_error() -> None:
    """Has warnings of our own modules leave standard output alone; structlog writes there."""
    import logging

    from mazemesh.starting import load_structlog

    structlog = load_structlog()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        # Asked at each line: standard error may be another file by then.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    stream = _data.get() or sys.stdout
    stream.write(json.dumps(data, indent=2) + "\n")
    stream.flush()


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A Rich table on a terminal, tab-separated lines with a header elsewhere."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [list(columns), *cells]:
            sys.stdout.write("\t".join(line) + "\n")
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    for line in cells:
        table.add_row(*line)
    literal_console().print(table)


def literal_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """A Rich console that shows text as it is: `[x]` is no markup and `:100:` no picture.

    Names, paths and reasons come from users. What Rich reads as markup whatever its console says,
    such as the title of a panel, has to be a `Text`.
    """
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)


def _cell(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else str(value)
