"""What whoever keeps a job's processes tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from services.gateway.jobs.launcher import End, Sighting
from services.gateway.jobs.nouns.budget import NO_USAGE, Usage
from services.gateway.jobs.nouns.job import Progress, State


@dataclass(frozen=True, slots=True)
class Report:
    """How an attempt goes.

    Attributes:
        attempt: Which.
        usage: What the job has taken, all its attempts together.
        steps_before: Agent steps that the run had when the job began.
        progress: As told last; None: nothing yet.
        end: How the attempt ended; None while it goes on.
    """

    attempt: int
    usage: Usage = NO_USAGE
    steps_before: int = 0
    progress: Progress | None = None
    end: End | None = None

    def seen(self, attempt: int, *, there: bool, why: str = "") -> Sighting:
        """What a launcher sees by it of an attempt; an earlier one's end is not that one's."""
        end = self.end if self.attempt == attempt else None
        return Sighting(
            there,
            begun=self.attempt == attempt,
            progress=self.progress,
            usage=self.usage,
            end=end,
            why=why,
        )


def to_json(report: Report) -> dict[str, Any]:
    """As plain values."""
    return asdict(report)


def from_json(content: Mapping[str, Any]) -> Report:
    """Reverses `to_json`, also of values that were written as JSON."""
    progress, end = content["progress"], content["end"]
    return Report(
        content["attempt"],
        Usage(**content["usage"]),
        content["steps_before"],
        None if progress is None else Progress(**progress),
        None if end is None else End(State(end["state"]), end["reason"], tuple(end["log"])),
    )
