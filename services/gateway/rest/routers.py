"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.console import brackets
from services.gateway.minds import recordings
from services.gateway.rest import (
    audit,
    curves,
    details,
    experiments,
    forms,
    games,
    gates,
    health,
    jobs,
    keys,
    kserve,
    logs,
    matches,
    policies,
    ratings,
    session,
    studies,
    system,
    tournaments,
    training,
)

_NOUNS = (
    *(recordings, brackets),  # before others: an id may have slashes
    *(ratings, matches, policies, details, gates, tournaments, games, kserve),
    *(training, jobs, experiments, forms, curves, studies),
    *(system, logs, keys, audit, session, health),
)


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return tuple(noun.router for noun in _NOUNS)
