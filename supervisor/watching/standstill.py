"""Notices that nothing is played or learned any more, and tells why: pure, on what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from supervisor.running.logs import Complaint

PATIENCE: Final = 20.0
"""Seconds in which something should be played and learned."""

Part = Literal["played", "learned", "published"]
"""What may stand still."""

_SCARCE_BYTES = 2 * 2**20
_DISK = re.compile(
    r"disk is full|no space left|no room|file too large|quota exceeded|cannot be written", re.I
)
_CONCERNED: Final[dict[Part, tuple[str, ...]]] = {
    "played": ("actor", "game", "model", "replay", "learner"),
    "learned": ("learner", "replay", "model", "actor", "game"),
    "published": ("learner", "model"),
}


class Progress:
    """When something was last played, learned or published."""

    def __init__(self) -> None:
        self._counts: dict[Part, int] = {"played": 0, "learned": 0, "published": 0}
        self._moved: dict[Part, float] = dict.fromkeys(self._counts, 0.0)
        self._rows, self._fed = 0, 0.0

    def note(self, seconds: float, counts: dict[Part, int], rows: int) -> None:
        """Notes counters as they stand `seconds` after the start; `rows` are those Replay took."""
        for part, count in counts.items():
            if count != self._counts[part]:
                self._counts[part], self._moved[part] = count, seconds
        if rows != self._rows:
            self._rows, self._fed = rows, seconds

    def still(self, seconds: float) -> dict[Part, float]:
        """Since how many seconds each part stands that has stood for longer than it should."""
        stood = {part: seconds - moved for part, moved in self._moved.items()}
        return {part: length for part, length in stood.items() if length >= PATIENCE}

    def fed(self, seconds: float) -> bool:
        """Whether Replay has taken rows lately."""
        return bool(self._rows) and seconds - self._fed < PATIENCE


@dataclass(frozen=True)
class ProcessSigns:
    """What is known of one process.

    Attributes:
        name: Of the process, e.g. "actor-0".
        running: Whether it runs now.
        deaths: How often it ended since the mesh began.
        answers: Whether its gRPC port answers; None for a worker, which has none.
        address: Of that port.
        complaint: The gravest one of its log.
        service: Which service it is an instance of; "" for workers.
    """

    name: str
    running: bool = True
    deaths: int = 0
    answers: bool | None = None
    address: str = ""
    complaint: Complaint | None = None
    service: str = ""


@dataclass(frozen=True)
class TableSigns:
    """What is known of one table of Replay.

    Attributes:
        name: Of the table.
        size: Rows that it holds.
        min_size: Rows before which nothing is sampled.
        waiting_inserts, waiting_samples: Calls that its limiter holds back.
    """

    name: str
    size: int
    min_size: int
    waiting_inserts: int
    waiting_samples: int


@dataclass(frozen=True)
class Evidence:
    """What was found when something stood still.

    Attributes:
        folder: Of the data.
        free_bytes: Room on its disk.
        processes: All that were started.
        tables: Of Replay, as far as it answers.
        compiling: Whether the game's kernels were not on disk at the start.
        fed: Whether Replay has taken rows lately.
    """

    folder: Path
    free_bytes: int
    processes: tuple[ProcessSigns, ...] = ()
    tables: tuple[TableSigns, ...] = ()
    compiling: bool = False
    fed: bool = False


@dataclass(frozen=True)
class Cause:
    """One reason.

    Attributes:
        text: For a person: which process, what, and what helps.
        certain: Whether it explains by itself that no version is published.
        patient: Whether it is no fault: more of the same will end it.
    """

    text: str
    certain: bool = False
    patient: bool = False


def leading(still: Iterable[Part]) -> tuple[Part, ...]:
    """Of the parts that stand still the first one: without games nothing is learned either."""
    return tuple(part for part in _CONCERNED if part in set(still))[:1]


def causes(part: Part, evidence: Evidence) -> tuple[Cause, ...]:
    """Why a part stands still, the likeliest first; empty when nothing is to be seen.

    Versions come as seldom as a run wants: only what is certain explains that none does.
    """
    concerned = [
        signs
        for kind in _CONCERNED[part]
        for signs in evidence.processes
        if signs.name == kind or signs.name.startswith(f"{kind}-")
    ]
    disk = tuple(_of_disk(evidence, concerned))
    found = disk or (
        *_of_processes(concerned),
        *_of_compiling(part, evidence),
        *_of_complaints(concerned),
        *_of_tables(part, evidence),
    )
    return tuple(one for one in found if one.certain) if part == "published" else found


def _of_disk(evidence: Evidence, concerned: list[ProcessSigns]) -> Iterator[Cause]:
    told = next(
        (
            f" ({signs.name} says: {signs.complaint.text})"
            for signs in concerned
            if signs.complaint is not None and _DISK.search(signs.complaint.text)
        ),
        "",
    )
    if told or evidence.free_bytes < _SCARCE_BYTES:
        room = f"{evidence.free_bytes / 2**20:,.1f} MiB free"
        yield Cause(
            f"the disk of {evidence.folder} is full: {room}{told}; make room, and it goes on",
            certain=True,
        )


def _of_processes(concerned: list[ProcessSigns]) -> Iterator[Cause]:
    for signs in concerned:
        why = f": {signs.complaint.text}" if signs.complaint else ""
        if not signs.running:
            ended = f", it ended {signs.deaths} times" if signs.deaths > 1 else ""
            yield Cause(f"{signs.name} does not run{ended}{why}", certain=True)
        elif signs.answers is False:
            yield Cause(f"{signs.name} runs, but {signs.address} does not answer{why}")
        elif signs.deaths > 1:
            yield Cause(f"{signs.name} ended {signs.deaths} times{why}", certain=True)


def _of_tables(part: Part, evidence: Evidence) -> Iterator[Cause]:
    for table in evidence.tables if part != "published" else ():
        if table.waiting_samples and table.size < table.min_size:
            yield Cause(
                f"replay: table {table.name!r} holds {table.size:,} of the {table.min_size:,} rows "
                "that learning begins with",
                patient=evidence.fed,
            )
        elif table.waiting_samples:
            yield Cause(
                f"replay: table {table.name!r} gives the learner no batch until it has more rows "
                "(its rate limiter)",
                patient=evidence.fed,
            )
        if table.waiting_inserts:
            yield Cause(
                f"replay: table {table.name!r} takes no rows from actors until the learner has "
                f"drawn more ({table.waiting_inserts} calls wait for its rate limiter)"
            )


def _of_complaints(concerned: list[ProcessSigns]) -> Iterator[Cause]:
    for signs in concerned:
        complaint = signs.complaint
        plain = signs.running and signs.answers is not False and signs.deaths < 2
        if complaint is not None and plain and not _DISK.search(complaint.text):
            yield Cause(f"{signs.name} says: {complaint.text}", certain=complaint.severity > 1)


def _of_compiling(part: Part, evidence: Evidence) -> Iterator[Cause]:
    if part == "played" and evidence.compiling:
        yield Cause("game is still compiling the games, which it does once")
