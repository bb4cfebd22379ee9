"""All routers of REST, in the order in which the documentation shows them."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.rest import health, ratings


def routers() -> tuple[APIRouter, ...]:
    """One for each noun."""
    return (health.router, ratings.router)
