"""What is decided about workers; events are only ever added, the last one of a worker counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

MOST_IDS = 64
"""Ids of matches that an event names."""

MATCHMAKER = "matchmaker"
"""Who decided what nobody asked for."""


class Suspicion(Enum):
    """Why a worker is held to be wrong."""

    MANUAL = "manual"
    RESULTS = "results"
    RECORDING = "recording"
    DURATION = "duration"


class Audit(Enum):
    """What is known of a completed match's result."""

    OPEN = ""
    """It was not looked at yet."""

    SOUND = "sound"
    """Nothing is wrong with it."""

    MISSING = "missing"
    """Elo never heard of it."""

    VOID = "void"
    """It is to be retracted."""

    RETRACTED = "retracted"
    """Elo counts it no more."""


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """One decision.

    Attributes:
        worker: As leases know it.
        time: Seconds since 1970.
        quarantined: Whether it is given no matches from then on.
        rule: Why.
        reason: In words.
        match_ids: On what it rests; at most `MOST_IDS`.
        p_value: Chance of what was seen, were the worker like the others; 0: none was computed.
        retracted: Results that are retracted by it.
        kept: Results that are not, as the verdict of a gate or a tournament rests on them.
        starter: Who decided, as the caller says.
        key_id: Of the key that was shown.
    """

    worker: str
    time: float
    quarantined: bool
    rule: Suspicion
    reason: str
    match_ids: tuple[str, ...] = ()
    p_value: float = 0.0
    retracted: int = 0
    kept: int = 0
    starter: str = ""
    key_id: str = ""


class Completed(NamedTuple):
    """A match that a worker completed.

    Attributes:
        match_id: Its id.
        worker: Who.
        ladder: Where it counts.
        participants: Who played.
        run_id: Of the gate or tournament that it is for; empty: none.
        lease_time: When the worker got it.
        end_time: When it said that it was done.
        audit: What is known of its result.
        score: Of the first participant, 0..1; once it is known.
    """

    match_id: str
    worker: str
    ladder: str
    participants: tuple[str, ...]
    run_id: str
    lease_time: float
    end_time: float
    audit: Audit
    score: float


@dataclass(frozen=True, slots=True)
class Reported:
    """What Elo was told of a match.

    Attributes:
        participants: Who played.
        score: Of the first participant, its mean over the games.
        steps: Of the longest game.
        outcomes: By game, by its id: who was ahead, 1 the first participant, -1 others, 0 nobody.
    """

    participants: tuple[str, ...]
    score: float
    steps: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker as it is now; counts are of matches that are remembered."""

    worker: str
    held: int = 0
    completed: int = 0
    audited: int = 0
    last: WorkerEvent | None = None

    @property
    def quarantined(self) -> bool:
        """Whether it is given no matches."""
        return self.last is not None and self.last.quarantined
