"""What a file was checked for before it became a version, each check with its figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

MOST: Final = 32
"""Checks of one version."""

LONGEST_NAME: Final = 32
LONGEST_TEXT: Final = 1000
"""Characters of a detail."""

SMOKE: Final = "smoke"
"""The check that is played."""


class Outcome(IntEnum):
    """How a check ended; the numbers are what the database holds."""

    PASSED = 1
    FAILED = 2
    SKIPPED = 3
    """It could not be made, which `detail` explains."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a file.

    Attributes:
        name: Such as "parity-64".
        outcome: How it ended.
        figure: What was measured; None where there is nothing to measure.
        limit: What the figure is held to; None where it is only told.
        unit: Of both, for people.
        detail: What was looked at, or what was wrong.
        of: Version with whose file it was made; empty: its own. What holds for a graph holds for
            all its weights and is not checked anew.
    """

    name: str
    outcome: Outcome = Outcome.PASSED
    figure: float | None = None
    limit: float | None = None
    unit: str = ""
    detail: str = ""
    of: str = ""


def to_text(checks: Iterable[Check]) -> str:
    """Checks as they are kept; `of` is not, as those that are kept are a version's own."""
    rows = to_rows(checks)
    return json.dumps(rows, separators=(",", ":")) if rows else ""


def to_rows(checks: Iterable[Check]) -> list[list[Any]]:
    """Checks as plain values."""
    return [
        [one.name, int(one.outcome), one.figure, one.limit, one.unit, one.detail] for one in checks
    ]


def from_text(text: str) -> tuple[Check, ...]:
    """Checks that were kept."""
    return from_rows(json.loads(text)) if text else ()


def from_rows(rows: Any) -> tuple[Check, ...]:
    """Checks that another process tells, which may not be believed: bounded in every part.

    Raises:
        ValueError: these are no checks.
    """
    if not isinstance(rows, list) or len(rows) > MOST:
        raise ValueError(f"checks are {str(rows)[:40]}; expected at most {MOST}")
    return tuple(map(_check, rows))


def joined(own: Sequence[Check], graph: Sequence[Check], of: str) -> tuple[Check, ...]:
    """A version's checks: its own, and what was found of its graph with the file of version `of`.

    In the order in which they are made.
    """
    names = {one.name for one in own}
    shared = [replace(one, of=of) for one in graph if one.name not in names and one.name != SMOKE]
    known = {one.name: place for place, one in enumerate(graph)}
    return tuple(sorted((*own, *shared), key=lambda one: known.get(one.name, len(known))))


def _check(row: Any) -> Check:
    if not isinstance(row, list) or len(row) != 6:
        raise ValueError(f"a check is {str(row)[:40]}; expected six values")
    name, outcome, figure, limit, unit, detail = row
    return Check(
        _text(name)[:LONGEST_NAME],
        Outcome(outcome),
        _number(figure),
        _number(limit),
        _text(unit)[:LONGEST_NAME],
        _text(detail)[:LONGEST_TEXT],
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]} is no text")
    return value.replace("\0", "")


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
