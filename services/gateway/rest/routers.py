"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.minds import recordings as shown_recordings
from services.gateway.rest import health, ratings


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return (health.router, shown_recordings.router, ratings.router)
