"""Lines of several logs as one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge


def merged(logs: Iterable[Sequence[str]]) -> list[str]:
    """Lines in the order of their times.

    A line of JSON has one, `timestamp` in ISO 8601; any other has that of the line before it.
    """
    timed = merge(*map(_timed, logs), key=lambda pair: pair[0])
    return [line for _, line in timed]


def _timed(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    time = ""
    for line in lines:
        time = max(time, _time_of(line))
        yield time, line


def _time_of(line: str) -> str:
    if not line.startswith("{"):
        return ""
    try:
        return str(json.loads(line).get("timestamp", ""))
    except ValueError:
        return ""
