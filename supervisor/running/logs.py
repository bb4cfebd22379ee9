"""What the processes' logs complain of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_TAIL_BYTES = 256 * 1024
_LONGEST = 400
_SEVERITY = {"warning": 1, "error": 2, "critical": 3}
_CONSOLE = re.compile(r"\[(warning|error|critical)\s*\]\s*(?P<text>.*)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_TRACE = "Traceback (most recent call last):"


@dataclass(frozen=True)
class Complaint:
    """A line that tells of something wrong.

    Attributes:
        severity: 1 for a warning, 2 for an error, 3 for what the process could not survive.
        text: What it says, in one line.
        at: Unix seconds; None where the line does not tell.
    """

    severity: int
    text: str
    at: float | None = None


def worst(log: Path, start: int, since: float = 0.0) -> Complaint | None:
    """The gravest complaint of a log file, of equals the last one; None when there is none.

    Args:
        log: The file; one that does not exist complains of nothing.
        start: Bytes at its beginning that belong to an earlier run.
        since: Unix seconds; dated lines from before count only if no other line complains.
    """
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return None
    found = list(complaints(text.splitlines()))
    recent = [one for one in found if one.at is None or one.at >= since]
    return max(reversed(recent or found), key=lambda one: one.severity, default=None)


def complaints(lines: Iterable[str]) -> Iterator[Complaint]:
    """The complaints among the lines of a log, JSON or for people, in their order."""
    in_trace = False
    for raw in lines:
        line = _COLOURS.sub("", raw).rstrip()
        if line == _TRACE:
            in_trace = True
        elif in_trace:
            if line and not line.startswith((" ", "\t")):
                in_trace = False
                yield Complaint(3, line[:_LONGEST])
        elif (found := _of_json(line) or _of_text(line)) is not None:
            yield found


def _of_json(line: str) -> Complaint | None:
    if not line.startswith("{"):
        return None
    try:
        fields: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    severity = _SEVERITY.get(str(fields.get("level")), 0)
    if not severity:
        return None
    parts = [str(fields.get("event", ""))]
    parts += [str(fields[name]) for name in ("reason", "why") if fields.get(name)]
    trace = str(fields.get("exception", "")).strip()
    parts += trace.splitlines()[-1:]
    return Complaint(severity, " ".join(": ".join(parts).split())[:_LONGEST], _time_of(fields))


def _of_text(line: str) -> Complaint | None:
    """A line of the console format, or what a process says that refuses its settings."""
    if (match := _CONSOLE.search(line)) is not None:
        return Complaint(_SEVERITY[match[1]], " ".join(match["text"].split())[:_LONGEST])
    if re.match(r"(game|matchmaker|model|elo|replay|actor|evaluator|learner): ", line):
        return Complaint(3, line.partition(": ")[2][:_LONGEST])
    return None


def _time_of(fields: dict[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(fields["timestamp"])).timestamp()
    except (KeyError, ValueError):
        return None
