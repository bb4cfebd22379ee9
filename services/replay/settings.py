"""Settings of the Replay service."""

from __future__ import annotations

import os
from typing import ClassVar

from pydantic import Field

from services._harness import Port, ServiceSettings
from services.replay.journal.segment_log import Durability
from services.replay.limits import MIB, MOST_TABLES, MOST_WAITING_BYTES


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
    max_tables: int = Field(
        MOST_TABLES, ge=1, le=1024, description="tables that there may be; each has a thread"
    )
    waiting_mib: int = Field(
        MOST_WAITING_BYTES // MIB,
        ge=1,
        description="memory for the messages of calls that wait for a limiter, a quarter of it at "
        "most for one table; beyond it inserts are refused and writers try again",
    )
    max_writers: int = Field(
        10_000, ge=1, description="writers of a table whose last batch is remembered"
    )
    seed: int | None = Field(
        None, ge=0, description="seed of the draws; not set is fresh entropy at each start"
    )
    durability: Durability = Field(
        Durability.INTERVAL,
        description="what is acknowledged survives: fsync: a power cut; interval: the process, and "
        "50 ms later a power cut; none: only checkpoints do",
    )
    checkpoint_log_mib: int = Field(
        256,
        ge=1,
        description="length of a table's log at which it is checkpointed by itself, unless the "
        "table is larger",
    )
    archive_gib: float = Field(
        0.0,
        ge=0,
        description="old experience kept as Parquet files in blobs_url, or under blobs/replay in "
        "the data folder; the oldest deleted beyond this; 0: none is kept (needs the extra "
        "`archive`)",
    )
    shard: str = Field(
        "0",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="name of this service among those that share blobs_url; one that starts "
        "elsewhere under it, with an empty folder, gets its rows back from there",
    )
    copy_seconds: float = Field(
        30.0,
        ge=0,
        le=86_400,
        description="how often experience is copied to blobs_url, where that is set: what was "
        "acknowledged since, and was not put yet, is lost with the machine; 0: no copy",
    )
    priorities_seconds: float = Field(
        1.0,
        gt=0,
        le=3600,
        description="how often changed priorities are told to redis_url, where that is set, so "
        "that a shard that moves to another machine draws as before",
    )
