"""What is asked of jobs, and told of them, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, field_validator

from mazemesh.errors import InvalidArgument
from services.gateway.jobs.nouns import work as works
from services.gateway.jobs.nouns.budget import Budget, Target
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.rest.asking import RequestBody

MOST_NAMES: Final = 64
"""Of hyperparameters, settings or dimensions in one request."""

MOST_ACTORS: Final = 16
_LONGEST_TEXT: Final = 256

Name = Annotated[str, Field(max_length=64)]
Scalar = Annotated[
    bool
    | float
    | Annotated[str, Field(max_length=_LONGEST_TEXT)]
    | Annotated[list[Annotated[int, Field(ge=0, le=1 << 31)]], Field(max_length=16)],
    Field(union_mode="smart"),
]
Settings = Annotated[dict[Name, Scalar], Field(max_length=MOST_NAMES)]


class BudgetModel(RequestBody):
    """Bounds of a job, at the first of which it ends in order; 0 is none."""

    steps: int = Field(default=0, ge=0, le=10**15, description="agent steps", examples=[5_000_000])
    minutes: float = Field(default=0.0, ge=0, le=525_600, examples=[30])
    dollars: float = Field(
        default=0.0,
        ge=0,
        le=1_000_000,
        description="estimated by the price that the operator has named",
        examples=[0],
    )


class _Asked(RequestBody):
    """What every job is asked for with."""

    game: str = Field(
        default="race",
        min_length=1,
        max_length=64,
        description="one that the Game service allows: race, solo, gymnasium:CartPole-v1, ...",
        examples=["race"],
    )
    algorithm: str = Field(
        default="ppo",
        min_length=1,
        max_length=64,
        description="ppo, recurrent-ppo, mappo, impala, a2c, dqn, r2d2, sac, td3, ddpg or the "
        "operator's own; GET /training/options lists them",
        examples=["PPO"],
    )
    policy: str = Field(
        default="",
        max_length=64,
        description="name to publish under, or of the study; empty: a new one. A name that was "
        "trained before goes on where it stopped",
    )
    title: str = Field(default="", max_length=128, description="for people")
    settings: Settings = Field(
        default_factory=dict,
        description="of the learner: GET /training/options says which, and what they mean",
        examples=[{"hidden": [64, 64]}],
    )
    priority: int = Field(
        default=5, ge=0, le=9, description="higher ones start first; above 5 is an operator's"
    )
    budget: BudgetModel = Field(default_factory=BudgetModel)

    @field_validator("algorithm")
    @classmethod
    def _as_it_is_called(cls, value: str) -> str:
        return value.strip().lower().replace("_", "-")

    def settings_of(self) -> dict[str, works.Setting]:
        """As the core has them."""
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.settings.items()
        }

    def bounds(self) -> Budget:
        """As the core has them."""
        return Budget(**self.budget.model_dump())


class StartTraining(_Asked):
    """A training run: a learner and its actors, on the mesh that runs."""

    total_episodes: int = Field(
        default=0,
        ge=0,
        le=10**12,
        description="episodes after which it is finished; 0: no such end",
        examples=[2000],
    )
    total_steps: int = Field(
        default=0,
        ge=0,
        le=10**15,
        description="agent steps after which it is finished; 0: no such end",
    )
    timesteps_per_episode: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="most steps of an episode; 0: as the game has it",
        examples=[200],
    )
    maze_size: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="width and height of the mazes, in cells; 0: as the game has it",
        examples=[5],
    )
    actors: int = Field(default=1, ge=1, le=MOST_ACTORS, description="processes that play")
    games: int = Field(
        default=0,
        ge=0,
        le=32_768,
        description="that each of them plays at once, 2 at least; 0: the preset's",
        json_schema_extra={"not": {"const": 1}},
    )
    seed: int | None = Field(
        default=None, ge=0, lt=2**53, description="of weights, mazes and draws; null: a fresh one"
    )
    hyperparameters: Annotated[dict[Name, float], Field(max_length=MOST_NAMES)] = Field(
        default_factory=dict,
        description="of the algorithm; GET /training/presets says which",
        examples=[{"learning_rate": 0.001}],
    )

    @field_validator("games")
    @classmethod
    def _not_one(cls, value: int) -> int:
        if value == 1:
            raise ValueError("an actor plays at least 2 games at once; 0 is the preset's number")
        return value

    def work(self, policy: str) -> works.Training:
        """What is to be done, under a name.

        Raises:
            InvalidArgument: a setting that a job cannot have, or one that is said twice.
        """
        settings = self.settings_of()
        for name, value, short in (
            ("width", self.maze_size, "maze_size"),
            ("height", self.maze_size, "maze_size"),
            ("step_limit", self.timesteps_per_episode, "timesteps_per_episode"),
        ):
            if value and name in settings:
                raise InvalidArgument(f"settings.{name}: {short} says it too; leave one out")
            if value:
                settings[name] = value
        return works.Training(
            self.game,
            self.algorithm,
            policy,
            self.actors,
            self.games,
            self.seed,
            dict(self.hyperparameters),
            settings,
        )

    def target(self) -> Target:
        """What makes it finished."""
        return Target(self.total_steps, self.total_episodes)


class StartTuning(_Asked):
    """A search for hyperparameters, as `mazemesh tune`: each trial is a mesh of its own."""

    game: str = Field(default="solo", min_length=1, max_length=64, examples=["solo"])
    space: Annotated[
        dict[Name, Annotated[str, Field(max_length=_LONGEST_TEXT)]], Field(max_length=MOST_NAMES)
    ] = Field(
        description="what to search, as the command has it",
        examples=[{"learning_rate": "log:1e-4..3e-3", "epochs": "1..6"}],
    )
    objectives: Annotated[list[Name], Field(min_length=1, max_length=8)] = Field(
        default=["success", "seconds"],
        description="success, rating, seconds, steps, latency, size",
    )
    target: Name = Field(default="", description="success=SHARE or rating=POINTS; empty: 0.9")
    trials: int = Field(default=20, ge=1, le=10_000)
    trial_minutes: float = Field(default=3.0, ge=0.1, le=1440)
    parallel: int = Field(default=1, ge=1, le=16, description="trials at once")
    seed: int = Field(default=0, ge=0, lt=2**53, description="of every trial")

    def work(self, policy: str) -> works.Tuning:
        """What is to be done, under a name."""
        return works.Tuning(
            self.game,
            self.algorithm,
            policy,
            dict(self.space),
            tuple(self.objectives),
            self.target,
            self.trials,
            60.0 * self.trial_minutes,
            self.parallel,
            self.seed,
            self.settings_of(),
        )


class NewTraining(StartTraining):
    """A training run, as POST /jobs takes it."""

    kind: Literal["train"]


class NewTuning(StartTuning):
    """A search, as POST /jobs takes it."""

    kind: Literal["tune"]


class ProgressModel(BaseModel):
    """How far a job is, as its journal told last."""

    time: str = Field(description="RFC 3339")
    episode: int = Field(description="episodes of this job that have ended")
    agent_steps: int = Field(description="learned from, by the run as a whole")
    training_step: int = Field(description="gradient steps")
    version: int = Field(description="newest version that was published")
    reward: float | None = Field(description="mean of an episode; null where none is told")
    success_rate: float | None = Field(description="share of episodes that were won, 0..1")
    losses: dict[str, float] = Field(description="by name")
    figures: dict[str, float] = Field(description="all other numbers of the journal")
    trials: int | None = Field(description="finished ones, of a search")
    run_id: str = Field(description="of the run, for MLflow; empty of a search")


class UsageModel(BaseModel):
    """What a job has taken, over all its attempts."""

    seconds: float
    cpu_seconds: float
    memory_bytes: int = Field(description="most that its processes held at once")
    steps: int = Field(description="agent steps of this job")
    episodes: int
    dollars: float = Field(description="estimated")
    restarts: int = Field(description="of its processes after crashes")


class JobModel(BaseModel):
    """A job of the queue."""

    experiment_id: str = Field(examples=["5f0c3b9e21aa"])
    status: str = Field(
        description=", ".join(state.value for state in State), examples=[State.RUNNING.value]
    )
    reason: str = Field(description="why it is there, in words; of every end there is one")
    kind: str = Field(description="train or tune")
    game: str
    algorithm: str
    policy: str = Field(description="name that versions are published under, or of the study")
    title: str
    owner: str = Field(description="id of the key that asked for it; empty without keys")
    priority: int
    request: dict[str, Any] = Field(description="what was asked for, with what it became")
    budget: BudgetModel
    total_episodes: int
    total_steps: int
    create_time: str = Field(description="RFC 3339")
    start_time: str | None
    end_time: str | None
    attempt: int = Field(description="how often it was started")
    place: str = Field(description="where it runs")
    progress: ProgressModel | None
    usage: UsageModel
    log: list[str] = Field(
        description="of one that failed, the last lines of its log; for its owner and operators"
    )


class Started(BaseModel):
    """A job that was taken."""

    experiment_id: str = Field(examples=["5f0c3b9e21aa"])
    status: str = Field(examples=[State.QUEUED.value])
    policy: str = Field(examples=["race-5f0c3b9e21aa"])


class JobPage(BaseModel):
    """Jobs, the last submitted first."""

    jobs: list[JobModel]
    next_page_token: str = Field(description="of the next page; empty: there is none")


def told(job: Job, *, log: bool) -> JobModel:
    """A job as JSON tells it; `log`: to who may read the end of its log, too."""
    progress, work = job.progress, job.work
    request = {name: value for name, value in works.to_json(work).items() if name != "kind"}
    return JobModel(
        experiment_id=job.job_id,
        status=job.state.value,
        reason=job.reason,
        kind=work.kind,
        game=work.game,
        algorithm=work.algorithm,
        policy=work.policy,
        title=job.title,
        owner=job.owner,
        priority=job.priority,
        request=request,
        budget=BudgetModel(
            steps=job.budget.steps, minutes=job.budget.minutes, dollars=job.budget.dollars
        ),
        total_episodes=job.target.episodes,
        total_steps=job.target.steps,
        create_time=_time(job.created) or "",
        start_time=_time(job.started),
        end_time=_time(job.ended),
        attempt=job.attempt,
        place=job.place,
        progress=None
        if progress is None
        else ProgressModel(
            time=_time(progress.time) or "",
            episode=progress.episode,
            agent_steps=progress.agent_steps,
            training_step=progress.training_step,
            version=progress.version,
            reward=progress.reward,
            success_rate=progress.success_rate,
            losses=dict(progress.losses),
            figures=dict(progress.figures),
            trials=progress.trials,
            run_id=progress.run_id,
        ),
        usage=UsageModel(
            seconds=round(job.usage.seconds, 3),
            cpu_seconds=round(job.usage.cpu_seconds, 3),
            memory_bytes=job.usage.memory_bytes,
            steps=job.usage.steps,
            episodes=job.usage.episodes,
            dollars=round(job.usage.dollars, 6),
            restarts=job.usage.restarts,
        ),
        log=list(job.log) if log else [],
    )


def progress_message(job: Job) -> dict[str, Any]:
    """A job as /ws/training tells it: flat, what one draws at the top."""
    now = job.progress
    return {
        "type": "ended" if job.over else "progress",
        "experiment_id": job.job_id,
        "status": job.state.value,
        "reason": job.reason,
        "episode": now.episode if now else 0,
        "total_episodes": job.target.episodes,
        "reward": now.reward if now else None,
        "success_rate": now.success_rate if now else None,
        "losses": dict(now.losses) if now else {},
        "agent_steps": now.agent_steps if now else 0,
        "total_steps": job.target.steps,
        "training_step": now.training_step if now else 0,
        "version": now.version if now else 0,
        "trials": now.trials if now else None,
        "seconds": round(job.usage.seconds, 1),
        "dollars": round(job.usage.dollars, 6),
        "time": _time(now.time) if now else None,
    }


def _time(seconds: float) -> str | None:
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
