"""What whoever keeps a job's processes is told: which they are, and when they are to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from services.gateway.jobs.nouns.budget import (
    NO_BUDGET,
    NO_TARGET,
    NO_USAGE,
    Budget,
    Target,
    Usage,
)
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.work import Setting, Training, Tuning

REFUSED: Final = 2
"""Status of a worker whose settings are refused: it will be refused again."""

INTERRUPTED: Final = 75
"""Status of a keeper whose job is to go on elsewhere (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a job.

    Attributes:
        name: Of its log.
        module: Of Python, which is run.
        arguments: What it is given.
        role: Whose key it shows, "trainer" or "worker"; "" for a mesh of its own, without keys.
        leads: Whether the job is finished when it is.
        finished: File of the data folder that tells that its work is done; "": its status 0 does.
        final: Statuses after which it is not started again.
        metrics: Whether it tells Prometheus of episodes.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    role: str
    leads: bool = False
    finished: str = ""
    final: tuple[int, ...] = (REFUSED,)
    metrics: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """An attempt of a job.

    Attributes:
        job_id, attempt: Which.
        processes: Of it.
        journal: File of the data folder with its progress, a line of JSON each.
        target: What it has to reach; steps are added to those that the run has already.
        budget: What it may take.
        dollars_an_hour: Price of an hour.
        used: What attempts before it have taken, as far as the gateway knows; where they ran may be
            gone with all that it had.
    """

    job_id: str
    attempt: int
    processes: tuple[Process, ...]
    journal: str
    target: Target = NO_TARGET
    budget: Budget = NO_BUDGET
    dollars_an_hour: float = 0.0
    used: Usage = NO_USAGE


def plan_of(job: Job, dollars_an_hour: float) -> Plan:
    """The plan of a job's present attempt."""
    work = job.work
    if isinstance(work, Training):
        processes = tuple(_training(work))
        journal = f"learner/{work.policy}/metrics.jsonl"
    else:
        processes = (_tuning(work),)
        journal = f"tune/{work.policy}/progress.jsonl"
    bounds = job.target, job.budget, dollars_an_hour
    return Plan(job.job_id, job.attempt, processes, journal, *bounds, used=job.usage)


def to_json(plan: Plan) -> dict[str, Any]:
    """As plain values."""
    return asdict(plan)


def from_json(content: Mapping[str, Any]) -> Plan:
    """Reverses `to_json`, also of values that were written as JSON."""
    processes = tuple(
        Process(**{**one, "arguments": tuple(one["arguments"]), "final": tuple(one["final"])})
        for one in content["processes"]
    )
    return Plan(
        **{
            **content,
            "processes": processes,
            "target": Target(**content["target"]),
            "budget": Budget(**content["budget"]),
            "used": Usage(**content.get("used", {})),
        }
    )


def learner_flags(settings: Mapping[str, Setting]) -> list[str]:
    """Settings as flags of the learner, in the order of their names."""
    return [f"--{name.replace('_', '-')}={_text(settings[name])}" for name in sorted(settings)]


def training_flags(work: Training) -> list[str]:
    """All that a run's learner is told."""
    flags = [f"--game={work.game}", f"--algorithm={work.algorithm}", f"--policy={work.policy}"]
    if work.hyperparameters:
        told = ",".join(f"{name}={value!r}" for name, value in sorted(work.hyperparameters.items()))
        flags.append(f"--hyperparameters={told}")
    return [*flags, *_seed(work.seed, 0), *learner_flags(work.settings)]


def _training(work: Training) -> Iterator[Process]:
    yield Process(
        "learner",
        "learner",
        tuple(training_flags(work)),
        "trainer",
        leads=True,
        finished=f"learner/{work.policy}/finished",
    )
    games = [f"--games={work.games}"] if work.games else []
    for index in range(work.actors):
        flags = ("play", f"--policy={work.policy}", *_seed(work.seed, index), *games)
        yield Process(f"actor-{index}", "actor", flags, "worker", metrics=True)


def tuning_flags(work: Tuning) -> list[str]:
    """All that `mazemesh` is told to search."""
    return [
        "tune",
        *(f"{name}={work.space[name]}" for name in sorted(work.space)),
        *(f"--study={work.policy}", f"--game={work.game}", f"--algorithm={work.algorithm}"),
        *(f"--objective={name}" for name in work.objectives),
        *([f"--target={work.target}"] if work.target else []),
        *(f"--trials={work.trials}", f"--for={work.trial_seconds:g}s"),
        *(f"--jobs={work.parallel}", f"--seed={work.seed}"),
        *(f"--learner={flag}" for flag in learner_flags(work.settings)),
    ]


def _tuning(work: Tuning) -> Process:
    flags = tuning_flags(work)
    # It refuses with 1, and gives up with 1 after three trials that broke.
    return Process("tune", "mazemesh.cli", tuple(flags), "", leads=True, final=(1, REFUSED))


def _seed(seed: int | None, index: int) -> list[str]:
    return [] if seed is None else [f"--seed={seed + index}"]


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
