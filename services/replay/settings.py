"""Settings of the Replay service."""

from __future__ import annotations

import os
from typing import ClassVar

from pydantic import Field

from services._harness import Port, ServiceSettings


def _most_of_the_memory() -> float:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return round(0.8 * physical / 2**30, 2)


class ReplaySettings(ServiceSettings):
    """Environment MAZEMESH_REPLAY_*."""

    component: ClassVar[str] = "replay"

    port: Port = Field(50055, description="port of the gRPC server; 0 takes a free one")
    memory_limit_gib: float = Field(
        default_factory=_most_of_the_memory,
        gt=0,
        description="memory that all full tables may take; default 80 % of the machine's",
    )
    max_writers: int = Field(
        10_000, ge=1, description="writers of a table whose last batch is remembered"
    )
    seed: int | None = Field(
        None, ge=0, description="seed of the draws; not set is fresh entropy at each start"
    )
