"""Training as a service, in its users' words: start, status, stop, and what can be asked for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.gateway.access.visitor import VisitorDep
from services.gateway.context import GatewayDep
from services.gateway.rest.asking import Prefer, RequestId
from services.gateway.rest.runs.job_models import JobModel, Started, StartTraining
from services.gateway.rest.runs.job_requests import own, shown, submit

router = APIRouter(prefix="/training", tags=["training"])

ExperimentId = Annotated[str, Path(max_length=64, examples=["5f0c3b9e21aa"])]


class Setting(BaseModel):
    """Something that a run can be told."""

    name: str
    meaning: str
    value: Any = Field(default=None, description="what it is unless told; null: it depends")
    bounds: str = Field(default="", description="in words; empty: none")


class Options(BaseModel):
    """What can be asked for here, and how much of it."""

    algorithms: list[str]
    generators: list[str] = Field(description="of mazes")
    settings: list[Setting] = Field(description="that a job may have")
    jobs_at_once: int
    jobs_at_once_per_key: int
    jobs_waiting_per_key: int
    dollars_an_hour: float = Field(description="of one job; 0: nobody has said")


class Preset(BaseModel):
    """What a game is trained with by an algorithm."""

    game: str
    algorithm: str
    settings: list[Setting]
    hyperparameters: list[Setting]


@router.post("/start", status_code=202, summary="Start a training run")
async def start(
    asked: StartTraining,
    gateway: GatewayDep,
    visitor: VisitorDep,
    response: Response,
    idempotency_key: RequestId = "",
    prefer: Prefer = "",
) -> Started:
    """Takes a run into the queue; it starts when there is room for it.

    429 with `Retry-After`: the queue, or this key's part of it, is full.
    """
    job = await submit(gateway, visitor, asked, idempotency_key, prefer)
    response.headers["location"] = f"/training/status/{job.job_id}"
    return Started(experiment_id=job.job_id, status=job.state.value, policy=job.work.policy)


@router.get("/status/{experiment_id}", summary="How a run goes")
async def status(experiment_id: ExperimentId, gateway: GatewayDep, visitor: VisitorDep) -> JobModel:
    """Its state with the reason, progress, and what it has taken."""
    return shown(visitor, await gateway.jobs.queue.get(experiment_id))


@router.post("/stop/{experiment_id}", summary="Stop a run")
async def stop(experiment_id: ExperimentId, gateway: GatewayDep, visitor: VisitorDep) -> JobModel:
    """Has it end in order: what it has learned is kept. Again it does nothing."""
    jobs = gateway.jobs
    await own(jobs, visitor, experiment_id)
    by = f"key {visitor.id}" if visitor.role is not None else ""
    return shown(visitor, await jobs.queue.stop(experiment_id, by))


@router.get("/options", summary="What can be trained, and how")
async def options(gateway: GatewayDep) -> Options:
    """Algorithms, the settings that a job may have with what they mean, bounds and the price."""
    jobs = gateway.jobs
    every, bounds = await jobs.offers.every(), jobs.queue.bounds
    return Options(
        algorithms=every["algorithms"],
        generators=every["generators"],
        settings=[Setting(**one) for one in every["settings"]],
        jobs_at_once=bounds.running,
        jobs_at_once_per_key=bounds.running_per_key,
        jobs_waiting_per_key=bounds.waiting_per_key,
        dollars_an_hour=jobs.launcher.dollars_an_hour,
    )


@router.get("/presets", summary="What a game is trained with")
async def presets(
    gateway: GatewayDep,
    game: Annotated[str, Query(min_length=1, max_length=64, examples=["race"])] = "race",
    algorithm: Annotated[str, Query(min_length=1, max_length=64, examples=["ppo"])] = "ppo",
) -> Preset:
    """Each setting and hyperparameter with its value, meaning and bounds."""
    await gateway.jobs.games.get(game)
    return Preset.model_validate(await gateway.jobs.offers.preset(game, algorithm))
