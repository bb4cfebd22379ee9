"""Where jobs run: one small protocol for this machine, a cluster or machines of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.gateway.jobs.nouns.budget import Usage
from services.gateway.jobs.nouns.job import Job, Progress, State


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended.

    Attributes:
        state: FINISHED, BUDGET, FAILED; CANCELLED where it was asked to stop; QUEUED where its mesh
            was stopped, so that it should go on with the next.
        reason: In words.
        log: Its last lines, where it failed.
    """

    state: State
    reason: str
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a launcher sees of a job.

    Attributes:
        there: Whether its processes are there, or are being made; False: they went without a word,
            or never were.
        begun: Whether they run.
        progress: As told last; None: nothing yet.
        usage: What it has taken; None: nothing is known.
        end: How this attempt ended; None while it goes on.
        why: Where it is not there: what is known of that, for people.
    """

    there: bool = True
    begun: bool = True
    progress: Progress | None = None
    usage: Usage | None = None
    end: End | None = None
    why: str = ""


class Launcher(Protocol):
    """Starts jobs and looks after them. All calls may be made again, and then do nothing new.

    What it starts lives without the gateway: who comes back finds it by the job's id.
    """

    @property
    def place(self) -> str:
        """Where it starts them; a gateway looks after jobs of its own place alone.

        Raises:
            Unavailable, ResourceExhausted: it cannot be told now.
        """
        ...

    @property
    def look_seconds(self) -> float:
        """How often it makes sense to look."""
        ...

    @property
    def dollars_an_hour(self) -> float:
        """Price of an hour of one job; 0: nothing is known."""
        ...

    async def start(self, job: Job) -> None:
        """Starts the job's `attempt`, unless it runs.

        Raises:
            FailedPrecondition, InvalidArgument: it never will be started.
            Unavailable, ResourceExhausted: not now.
        """

    async def look(self, jobs: Sequence[Job]) -> Mapping[str, Sighting]:
        """What is to be seen of each, by id; of those that cannot be looked at now nothing."""

    async def stop(self, job: Job) -> None:
        """Asks it to end in order; that is seen later."""

    async def log(self, job: Job, lines: int) -> Sequence[str]:
        """The last lines of its log, oldest first; none where there is no log any more."""

    async def forget(self, job: Job) -> None:
        """It has ended, which was noted: whatever costs something is given back. Logs stay."""

    async def discard(self, job_ids: Collection[str]) -> None:
        """Jobs that nobody knows any more: their logs are deleted."""
