"""Pages of the console."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root() -> RedirectResponse:
    """People who come to the gateway see the console."""
    return RedirectResponse("/console/", 303)
