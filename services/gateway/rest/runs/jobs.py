"""Jobs of the queue: training runs and searches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel

from mazemesh.errors import InvalidArgument
from services.gateway.access.visitor import VisitorDep
from services.gateway.context import GatewayDep
from services.gateway.jobs.nouns.job import State
from services.gateway.rest.asking import Prefer, RequestId
from services.gateway.rest.runs.job_models import JobModel, JobPage, NewTraining, NewTuning
from services.gateway.rest.runs.job_requests import own, shown, submit
from services.gateway.rest.runs.training import ExperimentId
from services.gateway.rest.runs.training import stop as stop_training

router = APIRouter(prefix="/jobs", tags=["training"])

_MOST_LINES = 1000


class Log(BaseModel):
    """The end of a job's log."""

    lines: list[str]


@router.get("", summary="All jobs")
async def list_jobs(
    gateway: GatewayDep,
    visitor: VisitorDep,
    status: Annotated[
        list[State] | None, Query(description="only these; may be repeated", max_length=8)
    ] = None,
    mine: Annotated[bool, Query(description="only those of this key")] = False,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    page_token: Annotated[str, Query(max_length=32, description="of the page before")] = "",
) -> JobPage:
    """The last submitted first."""
    if page_token and not (page_token.isascii() and page_token.isdigit()):
        raise InvalidArgument(f"page_token: {page_token!r} is of no page of jobs")
    owner = visitor.caller.owner if mine else None
    found = await gateway.jobs.queue.page(
        int(page_token or 0), page_size + 1, owner, frozenset(status or ())
    )
    page = found[:page_size]
    more = str(page[-1].number) if len(found) > page_size else ""
    return JobPage(jobs=[shown(visitor, job) for job in page], next_page_token=more)


@router.post("", status_code=202, summary="Start a job")
async def create_job(
    asked: Annotated[NewTraining | NewTuning, Body(discriminator="kind")],
    gateway: GatewayDep,
    visitor: VisitorDep,
    response: Response,
    idempotency_key: RequestId = "",
    prefer: Prefer = "",
) -> JobModel:
    """A training run (`kind` "train"), or a search for hyperparameters ("tune")."""
    job = await submit(gateway, visitor, asked, idempotency_key, prefer)
    response.headers["location"] = f"/jobs/{job.job_id}"
    return shown(visitor, job)


@router.get("/{experiment_id}", summary="One job")
async def get_job(
    experiment_id: ExperimentId, gateway: GatewayDep, visitor: VisitorDep
) -> JobModel:
    """Its state with the reason, progress, and what it has taken."""
    return shown(visitor, await gateway.jobs.queue.get(experiment_id))


@router.post("/{experiment_id}/cancel", summary="Stop a job")
async def cancel_job(
    experiment_id: ExperimentId, gateway: GatewayDep, visitor: VisitorDep
) -> JobModel:
    """As POST /training/stop."""
    return await stop_training(experiment_id, gateway, visitor)


@router.get("/{experiment_id}/logs", summary="The end of a job's log")
async def job_log(
    experiment_id: ExperimentId,
    gateway: GatewayDep,
    visitor: VisitorDep,
    lines: Annotated[int, Query(ge=1, le=_MOST_LINES, description="how many")] = 100,
) -> Log:
    """Of all its processes, in the order of their times; for its owner and operators."""
    await own(gateway.jobs, visitor, experiment_id)
    return Log(lines=list(await gateway.jobs.queue.log(experiment_id, lines)))
