"""What every route of jobs does with a request: whose it is, under which name, whether they may."""

from __future__ import annotations

import re
import secrets
from contextlib import aclosing
from typing import Final

from mazemesh.errors import InvalidArgument, PermissionDenied, ResourceExhausted
from services._harness.access.callers.roles import ADMINISTRATORS
from services.gateway.access.visitor import Visitor
from services.gateway.context import Gateway
from services.gateway.jobs.bind import Jobs
from services.gateway.jobs.nouns.budget import NO_TARGET
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.rest.asking import wait_of
from services.gateway.rest.runs.job_models import JobModel, StartTraining, StartTuning, told

USUAL_PRIORITY: Final = 5
_UNDECIDED: Final = (State.QUEUED, State.STARTING)


async def submit(
    gateway: Gateway,
    visitor: Visitor,
    asked: StartTraining | StartTuning,
    idempotency_key: str,
    prefer: str,
) -> Job:
    """Takes a job in the name of a visitor.

    Raises:
        PermissionDenied: the key is for other policies or games, or may not go before others.
        InvalidArgument, ResourceExhausted, Conflict, FailedPrecondition: as `Queue.submit`.
    """
    jobs = gateway.jobs
    policy = asked.policy or new_name(asked.game, isinstance(asked, StartTuning))
    visitor.caller.check_policy(policy, "policy")
    visitor.caller.check_game(asked.game, "game")
    if asked.priority > USUAL_PRIORITY and not administers(visitor):
        raise PermissionDenied(
            f"priority: {asked.priority}; above {USUAL_PRIORITY} is an operator's to give"
        )
    try:
        job = await jobs.queue.submit(
            asked.work(policy),
            visitor.caller.owner,
            target=asked.target() if isinstance(asked, StartTraining) else NO_TARGET,
            budget=asked.bounds(),
            priority=asked.priority,
            request_id=idempotency_key,
            title=asked.title,
        )
    except ResourceExhausted:
        jobs.metrics.refused()
        raise
    except InvalidArgument as error:
        raise _as_it_was_said(error, asked) from error
    most = gateway.settings.longest_wait_seconds
    return await _decided(gateway, job, wait_of(prefer, most))


def new_name(game: str, tunes: bool) -> str:
    """A name that no policy has, with what it is of."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", game.lower()).strip("-.")[:40] or "game"
    return f"{plain}-{'tune-' if tunes else ''}{secrets.token_hex(4)}"


def administers(visitor: Visitor) -> bool:
    """Whether a visitor may do with jobs of others as with their own."""
    return visitor.caller.key is None or visitor.role in ADMINISTRATORS


async def own(jobs: Jobs, visitor: Visitor, job_id: str) -> Job:
    """A job that a visitor may change.

    Raises:
        NotFound: there is none of this id.
        PermissionDenied: it is somebody else's.
    """
    job = await jobs.queue.get(job_id)
    if not _owns(visitor, job):
        raise PermissionDenied(
            f"job {job_id} was started by key {job.owner or '-'}; its owner and operators may "
            "change it, or read its log"
        )
    return job


def shown(visitor: Visitor, job: Job) -> JobModel:
    """A job as a visitor may see it."""
    return told(job, log=_owns(visitor, job))


def _owns(visitor: Visitor, job: Job) -> bool:
    return job.owner == visitor.caller.owner or administers(visitor)


async def _decided(gateway: Gateway, job: Job, seconds: float) -> Job:
    """The job when it runs or has ended, for who prefers to wait for that."""
    if not seconds:
        return job
    try:
        news = gateway.jobs.board.follow(job.job_id)
        async with gateway.waiting.at_most(seconds), aclosing(news):
            async for job in news:  # the latest is what is told
                if job.state not in _UNDECIDED:
                    break
    except TimeoutError:
        pass
    return job


def _as_it_was_said(error: InvalidArgument, asked: StartTraining | StartTuning) -> InvalidArgument:
    """The error of a setting under the name that the request has for it."""
    short = {"width": "maze_size", "height": "maze_size", "step_limit": "timesteps_per_episode"}
    field = error.field
    if isinstance(asked, StartTraining) and field in short and field not in asked.settings:
        field = short[field]
    elif field in asked.settings:
        field = f"settings.{field}"
    return InvalidArgument(str(error), reason=error.reason, field=field)
