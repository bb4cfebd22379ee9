"""The form that starts a run: its fields with their meanings, and what it would cost."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.gateway.context import GatewayDep
from services.gateway.forms.cost import Pace, estimate
from services.gateway.rest.runs.curves import looked

router = APIRouter(prefix="/training", tags=["training"])

Game = Annotated[str, Query(min_length=1, max_length=200, description="game to learn")]
Algorithm = Annotated[str, Query(min_length=1, max_length=64, description="by which")]


class FormField(BaseModel):
    """A setting."""

    name: str = Field(examples=["learning_rate"])
    kind: Literal["whole", "number", "switch", "choice", "list", "text"]
    meaning: str
    preset: object = Field(None, description="what it is unless it is set; null: by the game")
    choices: list[str] = []
    low: float | None = None
    high: float | None = None
    above: bool = Field(False, description="`low` itself is not allowed")


class Section(BaseModel):
    """Settings of one subject."""

    name: str = Field(examples=["hyperparameters"])
    fields: list[FormField]


class Form(BaseModel):
    """What can be said of a run before it is started."""

    game: str
    algorithm: str
    algorithms: list[str] = Field(description="those there are")
    games: int = Field(description="that an actor plays at once")
    sections: list[Section]


class CostEstimate(BaseModel):
    """What a run will take, by what runs like it took."""

    steps: float
    runs: int = Field(description="that it rests on; 0: nothing is known yet")
    like: str = Field(description="what those have in common with it")
    steps_per_second: float | None
    seconds: float | None = Field(description="by the middle one of them")
    low: float | None = Field(description="by the faster quarter")
    high: float | None = Field(description="by the slower quarter")
    dollars: float | None = Field(description="by the price of a job's hour; null: nobody has said")


@router.get("/form", summary="Fields of a run")
async def form(gateway: GatewayDep, game: Game = "race", algorithm: Algorithm = "ppo") -> Form:
    """Every setting that a run may be given, with its meaning, its bounds and its preset."""
    return Form.model_validate(await gateway.jobs.offers.form(game, algorithm))


@router.get("/cost", summary="What a run would take")
async def cost(
    gateway: GatewayDep,
    steps: Annotated[float, Query(gt=0, le=1e15, allow_inf_nan=False, description="agent steps")],
    game: Game = "race",
    algorithm: Algorithm = "ppo",
) -> CostEstimate:
    """By the runs that this mesh has journals of, those of the same game and algorithm first."""
    journals = await looked(gateway.journals)
    known = [
        Pace(one.run.game, one.run.algorithm, one.steps, one.seconds)
        for one in journals.summaries()
    ]
    found = estimate(steps, game, algorithm, known, gateway.jobs.launcher.dollars_an_hour)
    return CostEstimate(**{name: getattr(found, name) for name in CostEstimate.model_fields})
