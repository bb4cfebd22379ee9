"""When groups of machines are stopped and started: by idleness and by the month's hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

STOP: Final = "stop"


@dataclass(frozen=True)
class Group:
    """A group of machines as it is.

    Attributes:
        name: Of the auto scaling group.
        least, most, desired: Its sizes.
        running: Machines that cost now.
        when_idle: keep or stop.
        monthly_hours: Machine hours of a month; None is no limit.
    """

    name: str
    least: int
    most: int
    desired: int
    running: int
    when_idle: str = "keep"
    monthly_hours: float | None = None


@dataclass(frozen=True)
class Memory:
    """What is remembered between two looks.

    Attributes:
        month: e.g. 2026-11.
        hours: Machine hours of the month by group.
        stopped: Sizes (least, desired) before the stop, by group.
        at: Unix seconds of the last look.
        awake_since: Unix seconds of the last start; idleness counts from there.
    """

    month: str = ""
    hours: Mapping[str, float] = field(default_factory=dict)
    stopped: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    at: float = 0.0
    awake_since: float = 0.0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Memory:
        """As `to_json` gave it; what is missing is as at the first look."""
        return cls(
            str(data.get("month", "")),
            {str(name): float(hours) for name, hours in data.get("hours", {}).items()},
            {
                str(name): (int(one[0]), int(one[1]))
                for name, one in data.get("stopped", {}).items()
            },
            float(data.get("at", 0.0)),
            float(data.get("awake_since", 0.0)),
        )

    def to_json(self) -> dict[str, Any]:
        """For a parameter of SSM, which holds 4 KiB."""
        return {
            "month": self.month,
            "hours": {name: round(hours, 3) for name, hours in self.hours.items()},
            "stopped": {name: list(sizes) for name, sizes in self.stopped.items()},
            "at": self.at,
            "awake_since": self.awake_since,
        }


@dataclass(frozen=True)
class Change:
    """New sizes of a group, and why."""

    group: str
    least: int
    desired: int
    reason: str


def look(
    groups: Sequence[Group],
    memory: Memory,
    *,
    now: float,
    month: str,
    busy: bool,
    idle_minutes: float,
    start: bool = False,
    stop: bool = False,
) -> tuple[list[Change], Memory]:
    """What to change now, and what to remember.

    Args:
        groups: All groups of the mesh.
        memory: Of the last look.
        now: Unix seconds.
        month: e.g. 2026-11.
        busy: Whether something was learned or asked within the last `idle_minutes`.
        idle_minutes: After which idle groups are stopped; 0 never.
        start: A training job, or a person, asks for the machines.
        stop: A person has them stopped now.
    """
    hours = dict(memory.hours) if memory.month == month else {}
    passed = min(max(now - memory.at, 0.0), 3600.0) / 3600 if memory.at else 0.0
    for group in groups:
        hours[group.name] = hours.get(group.name, 0.0) + group.running * passed
    stopped = {name: sizes for name, sizes in memory.stopped.items() if _is(name, groups)}
    awake_since = now if start else memory.awake_since or now
    idle = not busy and not start and idle_minutes > 0 and now - awake_since >= 60 * idle_minutes
    changes = []
    for group in groups:
        spent = group.monthly_hours is not None and hours[group.name] >= group.monthly_hours
        reason = _why_stop(group, spent=spent, idle=idle, stop=stop)
        sizes = stopped.get(group.name)
        if reason and group.desired > 0:
            stopped.setdefault(group.name, (group.least, group.desired))
            changes.append(Change(group.name, 0, 0, reason))
        elif sizes is not None and not reason and _wanted_again(start, busy, group, month, memory):
            least, desired = sizes
            del stopped[group.name]
            if group.desired == 0:
                why = "a training job asks for it" if start else "it is needed again"
                changes.append(Change(group.name, least, max(desired, 1), why))
    return changes, Memory(month, hours, stopped, now, awake_since)


def _is(name: str, groups: Sequence[Group]) -> bool:
    return any(group.name == name for group in groups)


def _why_stop(group: Group, *, spent: bool, idle: bool, stop: bool) -> str:
    if spent:
        return f"its {group.monthly_hours:g} machine hours of the month are used up"
    if stop and group.when_idle == STOP:
        return "it was told to"
    if idle and group.when_idle == STOP:
        return "nothing was learned or asked"
    return ""


def _wanted_again(start: bool, busy: bool, group: Group, month: str, memory: Memory) -> bool:
    # A group whose hours were used up comes back with the new month, if the mesh is in use.
    return start or busy or (group.monthly_hours is not None and memory.month != month)
