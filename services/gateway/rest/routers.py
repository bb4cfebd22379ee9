"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.console import brackets
from services.gateway.minds import recordings
from services.gateway.rest import (
    curves,
    forms,
    games,
    gates,
    health,
    jobs,
    logs,
    matches,
    policies,
    ratings,
    session,
    studies,
    tournaments,
    training,
)

_NOUNS = (
    recordings,  # before others of /recordings: an id may have slashes
    brackets,
    ratings,
    matches,
    policies,
    gates,
    tournaments,
    games,
    session,
    health,
)
_OF_RUNS = (training, jobs, forms, curves, studies, logs)


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return tuple(noun.router for noun in (*_NOUNS, *_OF_RUNS))
