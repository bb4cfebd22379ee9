"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.console import brackets
from services.gateway.minds import recordings
from services.gateway.rest.contests import games, gates, matches, ratings, tournaments
from services.gateway.rest.operating import audit, health, keys, logs, session, system
from services.gateway.rest.registry import details, kserve, policies
from services.gateway.rest.runs import curves, experiments, forms, jobs, studies, training

_NOUNS = (
    *(recordings, brackets),  # before others: an id may have slashes
    *(ratings, matches, policies, details, gates, tournaments, games, kserve),
    *(training, jobs, experiments, forms, curves, studies),
    *(system, logs, keys, audit, session, health),
)


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return tuple(noun.router for noun in _NOUNS)
