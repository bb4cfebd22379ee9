"""Settings of the Elo service."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services._harness import Port, ServiceSettings


class EloSettings(ServiceSettings):
    """How often ladders are fitted and watchers hear of it."""

    component: ClassVar[str] = "elo"

    max_request_bytes: ClassVar[int] = 4 * 1024 * 1024

    port: Port = 50054
    refit_seconds: float = Field(
        default=0.5, gt=0, le=3600, description="least time between two fits in the background"
    )
    watch_seconds: float = Field(
        default=0.5, gt=0, le=20, description="least time between two messages of a watch"
    )
    max_watchers: int = Field(
        default=256, ge=1, le=65536, description="leaderboard watches that are open at once"
    )
    heartbeat_seconds: float = Field(
        default=15.0, gt=0, le=20, description="most time between two messages of a watch"
    )
