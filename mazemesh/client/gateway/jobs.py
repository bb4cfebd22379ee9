"""A training job as the gateway tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from mazemesh.errors import MazemeshError

_ENDS: Final = frozenset({"finished", "cancelled", "budget", "failed"})


class JobFailed(MazemeshError):
    """A training job could not go on; the message says why, `job` is all that is known of it."""

    def __init__(self, message: str, job: Job) -> None:
        super().__init__(message)
        self.job = job


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is.

    Attributes:
        time: Of the moment.
        episode: Episodes of this job that have ended.
        agent_steps: Learned from, by the run as a whole.
        training_step: Gradient steps.
        version: Newest version that was published.
        reward: Mean of an episode; None where the algorithm tells none.
        success_rate: Share of episodes that were won, 0..1; None where it is not known.
        losses: By name.
        figures: All other numbers of the run's journal.
        trials: Trials that a search has finished; None of a training run.
        run_id: Of the run, as MLflow has it; "" of a search.
    """

    time: datetime
    episode: int
    agent_steps: int
    training_step: int
    version: int
    reward: float | None
    success_rate: float | None
    losses: Mapping[str, float]
    figures: Mapping[str, float] = field(repr=False)
    trials: int | None = None
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class JobUsage:
    """What a job has taken, over all its attempts.

    Attributes:
        seconds: That it ran.
        cpu_seconds: Of all its processes.
        memory_bytes: Most that they held at once.
        steps: Agent steps of this job.
        episodes: That its actors ended.
        dollars: Estimated.
        restarts: Of its processes after crashes.
    """

    seconds: float
    cpu_seconds: float
    memory_bytes: int
    steps: int
    episodes: int
    dollars: float
    restarts: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run will take, by what runs like it took.

    Attributes:
        steps: Agent steps of the run.
        runs: That it rests on; 0: nothing is known yet.
        like: What those have in common with it.
        steps_per_second: Of the middle one of them; None is unknown, as below.
        seconds: In all.
        low, high: By the faster and the slower quarter, in seconds.
        dollars: By the price of a job's hour; None where nobody has said that.
    """

    steps: float
    runs: int
    like: str
    steps_per_second: float | None
    seconds: float | None
    low: float | None
    high: float | None
    dollars: float | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Cost:
        """From the gateway's answer; what a newer one tells beyond that is left out."""
        return cls(**{name: told[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the gateway's queue.

    Attributes:
        experiment_id: Of the job.
        status: queued, starting, running, stopping; finished, cancelled, budget or failed.
        reason: Why it is there, in words.
        kind: "train" or "tune".
        game, algorithm: What is learned, and how.
        policy: Name that versions are published under, or of the study.
        title: For people.
        owner: Id of the key that asked for it.
        priority: 0 to 9; higher ones start first.
        request: What was asked for.
        total_episodes, total_steps: What makes it finished; 0 is nothing of the kind.
        created, started, ended: Times; None is not yet.
        attempt: How often it was started.
        place: Where it runs.
        progress: None before there is any.
        usage: What it has taken.
        log: The last lines of the log of one that failed.
    """

    experiment_id: str
    status: str
    reason: str
    kind: str
    game: str
    algorithm: str
    policy: str
    title: str
    owner: str
    priority: int
    request: Mapping[str, Any] = field(repr=False)
    total_episodes: int
    total_steps: int
    created: datetime | None
    started: datetime | None
    ended: datetime | None
    attempt: int
    place: str
    progress: JobProgress | None
    usage: JobUsage
    log: tuple[str, ...] = field(repr=False)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in _ENDS

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Job:
        """From the gateway's answer; what a newer one tells beyond that is left out."""
        progress = told["progress"]
        usage = told["usage"]
        same = (
            *("experiment_id", "status", "reason", "kind", "game", "algorithm", "policy", "title"),
            *("owner", "priority", "request", "total_episodes", "total_steps", "attempt", "place"),
        )
        return cls(
            **{name: told[name] for name in same},
            created=_time(told["create_time"]),
            started=_time(told["start_time"]),
            ended=_time(told["end_time"]),
            progress=None if progress is None else _progress(progress),
            usage=JobUsage(**{name: usage[name] for name in JobUsage.__slots__}),
            log=tuple(told["log"]),
        )


def _progress(told: Mapping[str, Any]) -> JobProgress:
    values = {name: told[name] for name in JobProgress.__slots__ if name != "time"}
    return JobProgress(time=datetime.fromisoformat(told["time"]), **values)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
