"""Runs there were, their settings side by side, and their curves in buckets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from mazemesh.errors import InvalidArgument
from services.gateway.context import GatewayDep
from services.gateway.curves.grouping import Band
from services.gateway.curves.runs import compared, is_group
from services.gateway.curves.selecting import Picture, draw
from services.gateway.curves.series import Axis
from services.gateway.curves.stores.journals import Journals, Summary
from services.gateway.rest.asking import when

router = APIRouter(prefix="/training", tags=["curves"])

MAX_SHOWN: Final = 2_000
_RUNNING_SECONDS: Final = 30.0
_FIRST_LOOK_SECONDS: Final = 1.0
"""So long a request waits for journals that are being read; after that it gets what is there."""

Words = Annotated[
    str, Query(max_length=200, description="words that a run's names should have, all of them")
]
Names = Annotated[
    str, Query(max_length=40_000, description="ids of runs, separated by commas; empty: all")
]
IfNoneMatch = Annotated[str, Header(alias="If-None-Match", max_length=200)]


class RunSummary(BaseModel):
    """A run and how far it is."""

    id: str = Field(description="of the run; tracking knows it by the same")
    policy: str = Field(description="name that it publishes under", examples=["race"])
    game: str = Field(examples=["race"])
    algorithm: str = Field(examples=["ppo"])
    origin: str = Field(description="where it lies: mesh, job ID, study NAME NUMBER")
    running: bool = Field(description="whether it wrote within the last half minute")
    lines: int = Field(description="of its journal")
    steps: float = Field(description="agent steps")
    seconds: float = Field(description="in which it ran")
    began: datetime | None
    last: datetime | None = Field(description="time of its newest line")
    figures: dict[str, float] = Field(description="last value of each figure that was asked for")


class Runs(BaseModel):
    """All runs that were asked for, the one that wrote last first."""

    runs: list[RunSummary]
    metrics: list[str] = Field(description="names of all figures that one of them has")
    read: int = Field(description="journals that were read so far")
    journals: int = Field(description="journals there are")
    left_out: int = Field(description="runs that are not in the list, since it is full")


class Settings(BaseModel):
    """Settings of runs, side by side."""

    runs: list[str] = Field(description="ids")
    labels: list[str]
    differing: dict[str, list[Any]] = Field(description="by name, a value a run")
    same: dict[str, Any] = Field(description="those that are the same in all")


@router.get(
    "/runs",
    summary="All runs",
    response_model=Runs,
    responses={304: {"description": "as it was"}},
)
async def runs(
    gateway: GatewayDep,
    response: Response,
    q: Words = "",
    figures: Annotated[
        str, Query(max_length=2_000, description="names of figures, separated by commas")
    ] = "episode_reward,episode_success",
    if_none_match: IfNoneMatch = "",
) -> Runs | Response:
    """Runs of the mesh, of jobs and of studies' trials, from the journals of their learners."""
    journals = await looked(gateway.journals)
    found = [one for one in journals.summaries() if one.run.matches(q)]
    reading, now = journals.reading, datetime.now(UTC).timestamp()
    states = [now - (one.last_time or 0) < _RUNNING_SECONDS for one in found]
    tag = f'"{journals.revision}-{reading.done}-{sum(states)}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    names = [name for name in figures.split(",") if name]
    return Runs(
        runs=[
            _summary(one, names, state)
            for one, state in zip(found[:MAX_SHOWN], states, strict=False)
        ],
        metrics=sorted({name for one in found for name in one.metrics}),
        read=reading.done,
        journals=reading.all,
        left_out=reading.left_out + max(0, len(found) - MAX_SHOWN),
    )


@router.get("/runs/settings", summary="Settings side by side")
async def settings(gateway: GatewayDep, q: Words = "", runs: Names = "") -> Settings:
    """What the learners of runs wrote down of themselves; those that differ apart."""
    journals = await looked(gateway.journals)
    found = [one.run for one in _chosen(journals, q, runs)]
    differing, same = compared(found)
    return Settings(
        runs=[one.id for one in found],
        labels=[one.label for one in found],
        differing={name: [one.settings.get(name) for one in found] for name in differing},
        same={name: found[0].settings[name] for name in same} if found else {},
    )


@router.get(
    "/curves",
    summary="A figure of many runs, in buckets",
    response_class=Response,
    responses={
        200: {
            "content": {"application/octet-stream": {}},
            "description": "`MZC1`, uint32 length, that much JSON, then float32 rows of `buckets` "
            "numbers, little-endian: for each of the header's `curves` its `parts` rows, the mean, "
            "and where there are three the lower and upper end",
        },
        304: {"description": "as it was"},
    },
)
async def curves(
    gateway: GatewayDep,
    metric: Annotated[str, Query(max_length=200, description="name of the figure")],
    q: Words = "",
    runs: Names = "",
    x: Annotated[Axis, Query(description="agent steps, or seconds in which the run ran")] = "steps",
    buckets: Annotated[int, Query(ge=1, le=4_000, description="over the range")] = 300,
    low: Annotated[
        float | None, Query(alias="from", allow_inf_nan=False, description="begin of the range")
    ] = None,
    high: Annotated[
        float | None, Query(alias="to", allow_inf_nan=False, description="end of the range")
    ] = None,
    log: Annotated[bool, Query(description="buckets that are even on a logarithmic axis")] = False,
    group: Annotated[
        str,
        Query(
            max_length=200,
            description="one line for all runs that have the same policy, game, algorithm, origin "
            "or setting:NAME",
        ),
    ] = "",
    band: Annotated[Band, Query(description="of groups")] = "deviation",
    if_none_match: IfNoneMatch = "",
) -> Response:
    """What a chart of any width needs; a zoom asks again for its range and gets finer buckets."""
    if group and not is_group(group):
        raise InvalidArgument(
            f"group: {group!r} should be policy, game, algorithm, origin or setting:NAME",
            field="group",
        )
    journals = await looked(gateway.journals)
    tag = f'"{journals.revision}-{journals.reading.done}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    chosen = [one.run.id for one in _chosen(journals, q, runs)]
    picture = Picture(metric, x, buckets, low, high, log, group, band)
    also = {"read": journals.reading.done, "journals": journals.reading.all}
    content = await asyncio.to_thread(
        journals.draw, chosen, lambda there: draw(picture, there, also)
    )
    return Response(content, media_type="application/octet-stream", headers={"ETag": tag})


async def looked(journals: Journals) -> Journals:
    """The journals, with what has come; while many are read for the first time, with some."""
    await journals.looked(_FIRST_LOOK_SECONDS)
    return journals


def _chosen(journals: Journals, words: str, ids: str) -> Sequence[Summary]:
    wanted = {one for one in ids.split(",") if one}
    found = [
        one
        for one in journals.summaries()
        if one.run.matches(words) and (not wanted or one.run.id in wanted)
    ]
    return found[:MAX_SHOWN]


def _summary(one: Summary, names: Sequence[str], running: bool) -> RunSummary:
    return RunSummary(
        id=one.run.id,
        policy=one.run.policy,
        game=one.run.game,
        algorithm=one.run.algorithm,
        origin=one.run.origin,
        running=running,
        lines=one.lines,
        steps=one.steps,
        seconds=one.seconds,
        began=when(one.began),
        last=when(one.last_time),
        figures={name: one.figures[name] for name in names if name in one.figures},
    )
