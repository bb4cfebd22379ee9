"""Whose turn it is: which of the jobs that wait are started now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.gateway.jobs.nouns.job import Job


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many jobs there may be.

    Attributes:
        running: At once, in all.
        running_per_key: At once, of one owner.
        waiting: In the queue, in all.
        waiting_per_key: In the queue, of one owner.
    """

    running: int = 2
    running_per_key: int = 2
    waiting: int = 1000
    waiting_per_key: int = 20


def chosen(waiting: Iterable[Job], live: Iterable[Job], bounds: Bounds) -> list[Job]:
    """The jobs to start, in that order.

    The highest priority comes first. Among jobs of one priority an owner who has fewer that run
    comes before one who has more, so that nobody who asks for much holds up who asks for little;
    then the order of submission counts. An owner at the bound is passed over, and holds nobody up.
    """
    running = Counter(job.owner for job in live)
    free = bounds.running - running.total()
    left = sorted(waiting, key=lambda job: job.number)
    found: list[Job] = []
    while free > 0:
        able = [job for job in left if running[job.owner] < bounds.running_per_key]
        if not able:
            break
        best = min(able, key=lambda job: (-job.priority, running[job.owner], job.number))
        found.append(best)
        left.remove(best)
        running[best.owner] += 1
        free -= 1
    return found
