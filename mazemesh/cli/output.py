"""Data for programs, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


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
