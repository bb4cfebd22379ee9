"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.rest import (
    audit,
    experiments,
    games,
    gates,
    health,
    jobs,
    keys,
    kserve,
    matches,
    policies,
    ratings,
    session,
    system,
    tournaments,
    training,
)

_NOUNS = (
    *(ratings, matches, policies, gates, tournaments, games, training, jobs, experiments, kserve),
    *(system, keys, audit, session, health),
)


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return tuple(noun.router for noun in _NOUNS)
