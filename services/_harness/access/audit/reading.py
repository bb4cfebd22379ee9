"""Reads audit logs, and finds where one was tampered with."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services._harness.access.audit.log import NO_LINE, line_hash

_PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold.

    Attributes:
        file: Its name.
        line: From 1.
        reason: What is wrong there.
    """

    file: str
    line: int
    reason: str


def chains(folder: Path) -> dict[str, list[Path]]:
    """The parts of each chain, in order."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.[0-9]*.jsonl")):
        found.setdefault(path.name.rsplit(".", 2)[0], []).append(path)
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    """All lines that can be read, by time."""
    read = []
    for parts in chains(folder).values():
        for part in parts:
            read += [line for _, line in _lines(part) if isinstance(line, dict)]
    return sorted(read, key=lambda line: str(line.get("time", "")))


def newest_first(folder: Path) -> Iterator[dict[str, Any]]:
    """The same from their end on; only what is taken is read."""
    each = (_backwards(parts) for parts in chains(folder).values())
    return heapq.merge(*each, key=lambda line: str(line.get("time", "")), reverse=True)


def verify(folder: Path) -> list[Break]:
    """Where chains are broken; empty when all hold.

    A chain cannot tell whether its last lines were cut off: compare its last number and hash with
    what was noted elsewhere.
    """
    return [found for parts in chains(folder).values() for found in _verify(parts)]


def heads(folder: Path) -> dict[str, dict[str, Any]]:
    """Number and hash of each chain's last line, to be noted elsewhere."""
    told = {}
    for chain, parts in chains(folder).items():
        last: Any = None
        for part in parts:
            for _, line in _lines(part):
                last = line if isinstance(line, dict) else last
        if last is not None:
            told[chain] = {"number": last.get("number"), "hash": last.get("hash")}
    return told


def _verify(parts: list[Path]) -> Iterator[Break]:
    previous, number = NO_LINE, 0
    for part in parts:
        for index, line in _lines(part):
            number += 1
            reason = _wrong(line, previous, number)
            if reason:
                yield Break(part.name, index, reason)
                return
            previous = line["hash"]


def _wrong(line: Any, previous: str, number: int) -> str:
    if not isinstance(line, dict):
        return "it is no line of an audit log"
    if line.get("previous") != previous:
        return "a line before it is missing or was changed"
    if line.get("number") != number:
        return f"its number is {line.get('number')} and should be {number}"
    body = {name: value for name, value in line.items() if name not in ("previous", "hash")}
    return "" if line_hash(previous, body) == line.get("hash") else "it was changed"


def _backwards(parts: list[Path]) -> Iterator[dict[str, Any]]:
    for part in reversed(parts):
        for raw in _raw_backwards(part):
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _raw_backwards(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        at, rest = file.seek(0, os.SEEK_END), b""
        while at:
            size = min(at, _PIECE_BYTES)
            at = file.seek(at - size)
            rest, *whole = (file.read(size) + rest).split(b"\n")
            yield from reversed(whole)
        yield rest


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for index, raw in enumerate(file, start=1):
            try:
                yield index, json.loads(raw)
            except ValueError:
                yield index, None
