"""Experiments: training runs with their settings and last figures, from MLflow or the runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from services.gateway.context import GatewayDep
from services.gateway.experiments.experiment import Experiment
from services.gateway.rest.asking import PageSize, PageToken, when

router = APIRouter(tags=["experiments"])

ExperimentId = Annotated[
    str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["5f0c3b9e21aa"])
]


class ExperimentShown(BaseModel):
    """A training run."""

    experiment_id: str = Field(description="as POST /training/start told it; else the run's own")
    run_id: str = Field(description="of the run; MLflow has it as a tag")
    name: str = Field(description="policy that it trains")
    source: Literal["mlflow", "journal"] = Field(description="who told")
    status: str = Field(description="running, finished, failed or killed")
    game: str
    algorithm: str
    start_time: datetime | None
    end_time: datetime | None
    params: dict[str, str]
    metrics: dict[str, float | None] = Field(description="last value of each figure")
    agent_steps: int


class ExperimentsShown(BaseModel):
    """A page of runs, the last begun first."""

    experiments: list[ExperimentShown]
    next_page_token: str


@router.get("/experiments", summary="Training runs")
async def experiments(
    gateway: GatewayDep, page_size: PageSize = 100, page_token: PageToken = ""
) -> ExperimentsShown:
    """From MLflow where there is one, else from the runs' own journals in the data folder."""
    found, token = await gateway.experiments.page(page_size, page_token)
    return ExperimentsShown(experiments=[_shown(one) for one in found], next_page_token=token)


@router.get("/experiments/{experiment_id}", summary="A training run")
async def experiment(gateway: GatewayDep, experiment_id: ExperimentId) -> ExperimentShown:
    """By a job's id, the run's own, or MLflow's."""
    job = await gateway.jobs.queue.find(experiment_id)
    if job is None or not job.progress or not job.progress.run_id:
        return _shown(await gateway.experiments.run(experiment_id))
    found = await gateway.experiments.run(job.progress.run_id)
    return _shown(replace(found, id=job.job_id))


def _shown(one: Experiment) -> ExperimentShown:
    return ExperimentShown(
        experiment_id=one.id,
        run_id=one.run_id,
        name=one.name,
        source="mlflow" if one.source == "mlflow" else "journal",
        status=one.status,
        game=one.game,
        algorithm=one.algorithm,
        start_time=when(one.start_time),
        end_time=when(one.end_time),
        params=dict(one.params),
        metrics={
            name: value if abs(value) < float("inf") else None
            for name, value in one.metrics.items()
        },
        agent_steps=one.steps,
    )
