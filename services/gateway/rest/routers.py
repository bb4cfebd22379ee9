"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.console import brackets
from services.gateway.minds import recordings
from services.gateway.rest import (
    audit,
    games,
    gates,
    health,
    keys,
    kserve,
    matches,
    policies,
    ratings,
    session,
    system,
    tournaments,
)

_NOUNS = (
    recordings,  # before others of /recordings: an id may have slashes
    brackets,
    *(ratings, matches, policies, gates, tournaments, games, kserve),
    *(system, keys, audit, session, health),
)


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return tuple(noun.router for noun in _NOUNS)
