"""Results of searches: trials of `mazemesh tune`, fronts of `mazemesh optimize`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from services.gateway.context import GatewayDep
from services.gateway.studies.stores.folders import Folders
from services.gateway.studies.study import Kind, Study, parse_weights

router = APIRouter(prefix="/studies", tags=["studies"])


class StudyName(BaseModel):
    """A study."""

    kind: Kind
    name: str = Field(examples=["default"])
    changed: datetime


class Objective(BaseModel):
    """What was wanted."""

    name: str = Field(examples=["success"])
    maximise: bool = Field(description="more is better; else less is")
    unit: str
    meaning: str


class TriedPoint(BaseModel):
    """Something that was tried."""

    label: str = Field(description="number of the trial, or name of the point")
    state: str = Field(description="complete, pruned or failed")
    variables: dict[str, float | str]
    values: dict[str, float | None] = Field(
        description="by objective; null where the target was not reached"
    )
    front: bool = Field(description="none other is better in one objective and not worse in all")
    closeness: float | None = Field(description="to the ideal by the weights, 0..1; of the front")
    error: str = Field(description="why it failed")
    run: str = Field(description="id of the run whose curves it left")


class StudyResult(BaseModel):
    """A study with all that it found so far."""

    kind: Kind
    name: str
    about: dict[str, object]
    objectives: list[Objective]
    variables: list[str]
    points: list[TriedPoint]
    chosen: str = Field(description="label of the front's point that is closest to the ideal")
    modes: dict[str, dict[str, float]] = Field(description="named weights")


@router.get("", summary="All studies")
async def studies(gateway: GatewayDep) -> list[StudyName]:
    """Studies of the mesh's data folder, the one that changed last first."""
    found = await asyncio.to_thread(Folders(gateway.settings.data_dir).list)
    return [
        StudyName(kind=kind, name=name, changed=datetime.fromtimestamp(time, UTC))
        for kind, name, time in found
    ]


@router.get("/{kind}/{name}", summary="A study's points and its Pareto front")
async def study(
    gateway: GatewayDep,
    kind: Kind,
    name: Annotated[str, Path(max_length=200)],
    weights: Annotated[
        str,
        Query(
            max_length=1_000,
            description="what counts how much, `success=2,seconds=1`; empty: all the same",
        ),
    ] = "",
) -> StudyResult:
    """What was tried, what none dominates, and what is closest to the ideal by the weights."""
    meant = parse_weights(weights)
    found = await asyncio.to_thread(Folders(gateway.settings.data_dir).study, kind, name)
    return await asyncio.to_thread(_result, found, meant)


def _result(found: Study, weights: dict[str, float]) -> StudyResult:
    front, close = set(found.front()), found.closeness(weights)
    points = [
        TriedPoint(
            label=point.label,
            state=point.state,
            variables=dict(point.variables),
            values={name: _finite(value) for name, value in point.values.items()},
            front=number in front,
            closeness=close.get(number),
            error=point.error,
            run=point.run,
        )
        for number, point in enumerate(found.points)
    ]
    best = max(close, key=lambda number: close[number], default=None)
    return StudyResult(
        kind=found.kind,
        name=found.name,
        about=dict(found.about),
        objectives=[Objective(**vars(goal)) for goal in found.goals],
        variables=found.variables,
        points=points,
        chosen="" if best is None else found.points[best].label,
        modes={name: dict(one) for name, one in found.modes.items()},
    )


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
