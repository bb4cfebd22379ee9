"""What a job is: who asked for what, how it goes, what it has taken and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from services.gateway.jobs.nouns.budget import NO_BUDGET, NO_TARGET, NO_USAGE, Budget, Target, Usage
from services.gateway.jobs.nouns.work import Work


class State(StrEnum):
    """Where a job is in its life; the last four are its ends."""

    QUEUED = "queued"
    """Waits for its turn; also one whose mesh was stopped, and which goes on with the next."""

    STARTING = "starting"
    """Was chosen; its processes are being started."""

    RUNNING = "running"
    STOPPING = "stopping"
    """Was asked to end, and writes what is to be kept."""

    FINISHED = "finished"
    """Did all that it was asked for."""

    CANCELLED = "cancelled"
    """Somebody stopped it; what it had learned is kept."""

    BUDGET = "budget"
    """Its budget was used up; what it had learned is kept."""

    FAILED = "failed"
    """It could not go on; the reason has the last lines of its log."""


LIVE: Final = frozenset({State.STARTING, State.RUNNING, State.STOPPING})
"""States of a job that takes one of the places."""

OPEN: Final = LIVE | {State.QUEUED}
"""States of a job that has not ended."""

KEPT_LINES: Final = 20
"""Lines of a log that a failed job keeps."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, as its journals told last.

    Attributes:
        time: Of the moment, in seconds since 1970.
        agent_steps: Steps of experience learned from, by the run as a whole.
        training_step: Gradient steps.
        version: Newest version that was published.
        episode: Episodes of this job that its actors have ended.
        reward: Mean of an episode, with shaping; None where the algorithm tells none.
        success_rate: Share of episodes that were won, 0..1; None where it is not known.
        losses: By name, without "_loss".
        figures: All other numbers of the journal, by name.
        trials: Trials that a search has finished; None of a training run.
        run_id: Of the run, as its learner made it and MLflow has it; "" of a search.
    """

    time: float
    agent_steps: int = 0
    training_step: int = 0
    version: int = 0
    episode: int = 0
    reward: float | None = None
    success_rate: float | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    trials: int | None = None
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the queue.

    Attributes:
        job_id: Unique; also the `experiment_id` of the REST interface.
        owner: Id of the key that asked for it; "" where no keys are asked for.
        work: What is to be done.
        target: What it has to reach to be finished.
        budget: What it may take.
        priority: 0 to 9; higher ones start first.
        request_id: The same again of an owner is the same job; "": none.
        title: For people.
        state: Where it is in its life.
        reason: Why it is there, in words; of every end there is one.
        log: Last lines of the log of one that failed.
        created, started, ended: Seconds since 1970; 0.0 is not yet. `started` is of the first time.
        attempt: How often it was started; its launcher starts each attempt once.
        crashes: Attempts in a row that ended without a word.
        place: Where it runs, as its launcher calls that; "" while it waits.
        claimed: When somebody last set out to start it, in seconds since 1970.
        progress: As told last; None before there is any.
        usage: What it has taken.
        revision: Goes up with each change.
        number: Its place in the order of submission; 0 before it is stored.
    """

    job_id: str
    owner: str
    work: Work
    target: Target = NO_TARGET
    budget: Budget = NO_BUDGET
    priority: int = 5
    request_id: str = ""
    title: str = ""
    state: State = State.QUEUED
    reason: str = ""
    log: tuple[str, ...] = ()
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    attempt: int = 0
    crashes: int = 0
    place: str = ""
    claimed: float = 0.0
    progress: Progress | None = None
    usage: Usage = NO_USAGE
    revision: int = 0
    number: int = 0

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state not in OPEN

    def changed(self, **values: Any) -> Job:
        """The same with some values changed, as its next revision."""
        return replace(self, revision=self.revision + 1, **values)
