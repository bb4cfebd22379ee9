"""Cells of files, as text or as the values that JSON, Parquet and numpy have."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeVar

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.match_files.refusal import Refused
from mazemesh.v1 import elo_pb2

T = TypeVar("T")

RESULTS: Final = {"1-0": (1.0, 0.0), "0-1": (0.0, 1.0), "1/2-1/2": (0.5, 0.5)}
"""As PGN has them."""

TERMINATIONS: Final = {
    name.removeprefix("TERMINATION_").lower(): number
    for name, number in elo_pb2.Termination.items()
}

_TIME: Final = (
    'a time such as "2026-11-24", "2026-11-24T18:00:00Z" or seconds since 1970; '
    "--time gives one for all rows that have none"
)
_PGN_DATE = re.compile(r"\d{4}\.\d\d\.\d\d")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NINE_DIGITS = re.compile(r"\.\d{7,9}(?:[zZ]|[+-]\d\d:\d\d)$")


class Nanoseconds(int):
    """A time since 1970-01-01 UTC, as Parquet has it."""


def plain(value: Any) -> Any:
    """A value without numpy around it, text without spaces around it; None for what is empty."""
    if isinstance(value, np.ndarray):
        return [plain(one) for one in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        value = value.strip()
    if value is None or (isinstance(value, str) and not value):
        return None
    return None if isinstance(value, float) and math.isnan(value) else value


def text(field: str, value: Any) -> str:
    """A name or an id."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Refused(field, value, "must be text")


def whole(field: str, value: Any, most: int) -> int:
    """A whole number of 0 or more."""
    found: Any = value
    if (isinstance(value, str) and value.isascii() and value.isdecimal()) or (
        isinstance(value, float) and value.is_integer()
    ):
        found = int(value)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        raise Refused(field, value, f"must be a whole number from 0 to {most}")
    return found


def score(field: str, value: Any) -> float:
    """A score in 0..1."""
    found: Any = value
    if isinstance(value, str):
        found = 0.5 if value in ("1/2", "½") else float(value) if _NUMBER.fullmatch(value) else -1
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise Refused(field, value, "must be a number from 0 to 1, or 1/2")
    return float(found)


def result(field: str, value: Any) -> tuple[float, float]:
    """The scores of two players."""
    if isinstance(value, str) and value.replace(" ", "") in RESULTS:
        return RESULTS[value.replace(" ", "")]
    try:
        first = score(field, value)
    except Refused:
        right = f"must be {', '.join(RESULTS)} or the first one's score from 0 to 1"
        raise Refused(field, value, f"{right}; leave out games that did not end") from None
    return first, 1.0 - first


def several(field: str, value: Any, one: Callable[[str, Any], T]) -> list[T]:
    """A list, or text with spaces between its parts."""
    if isinstance(value, str):
        value = value.split()
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, Sequence):
        raise Refused(field, value, "must be a list, or text with spaces between its parts")
    return [one(f"{field}[{place}]", plain(part)) for place, part in enumerate(value)]


def termination(field: str, value: Any) -> int:
    """A number of the enum `Termination`."""
    found: Any = TERMINATIONS.get(value.lower()) if isinstance(value, str) else value
    if isinstance(found, bool) or found not in TERMINATIONS.values():
        raise Refused(field, value, f"must be one of {', '.join(TERMINATIONS)}")
    return int(found)


def finish(field: str, value: Any) -> Timestamp:
    """When a match ended."""
    found = Timestamp()
    try:
        if isinstance(value, Nanoseconds):
            found.FromNanoseconds(int(value))
        elif isinstance(value, date):
            found.FromDatetime(_zoned(value))
        elif isinstance(value, str):
            _read(value, found)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(field, value, _TIME)
        else:
            found.FromNanoseconds(round(value * 10**9))
    except (ValueError, OverflowError, TypeError):
        raise Refused(field, value, _TIME) from None
    if found.seconds < 0:
        raise Refused(field, value, "must be 1970 or later")
    return found


def _read(value: str, found: Timestamp) -> None:
    if _NUMBER.fullmatch(value):
        found.FromNanoseconds(round(float(value) * 10**9))
    elif _NINE_DIGITS.search(value):
        found.FromJsonString(value.upper())  # Python's times have six
    else:
        dated = value.replace(".", "-") if _PGN_DATE.fullmatch(value) else value
        found.FromDatetime(_zoned(datetime.fromisoformat(dated)))


def _zoned(value: date) -> datetime:
    """A moment; one without a zone is of UTC."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
