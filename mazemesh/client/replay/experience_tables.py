"""Tables of experience, on one Replay service or spread over several: what is used is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy.typing as npt

from mazemesh.client.channel import DEADLINE
from mazemesh.client.replay.experience_stream import ExperienceStream
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_batch import ExperienceBatch
from mazemesh.wire.tensors import Signature


class Appends(Protocol):
    """Writes batches into one table; also a context manager."""

    @property
    def trouble(self) -> str:
        """Why an append that waits was not taken so far; empty while it may wait for room."""
        ...

    def append(
        self,
        columns: Mapping[str, npt.ArrayLike],
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
        *,
        episodes: EpisodeTotals | None = None,
    ) -> object:
        """Sends rows as the next batch; returns when a service has them.

        `episodes` tells of those that ended since the batch before.
        """
        ...

    def close(self) -> None:
        """Ends an append that waits; later ones are refused."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class ExperienceTables(Protocol):
    """What `ReplayClient` and `ReplayShards` both do, and `Mesh.replay` promises.

    Keys name rows until these leave their table. They are to be given back as they came: what they
    are made of differs with the number of services.

    ```pycon
    >>> tables = {info.table.name: info for info in mesh.replay.list_tables()}
    >>> tables["race"].size <= tables["race"].table.capacity
    True

    ```
    """

    def create_table(self, table: pb.Table) -> bool:
        """Makes a table (see `tables`); False when the same one is there already."""
        ...

    def list_tables(self, timeout: float = DEADLINE) -> list[pb.TableInfo]:
        """All tables with fill, counters and limiters: one entry for each part of a table.

        `timeout` is in seconds, of each call that this takes.
        """
        ...

    def delete_table(self, table: str) -> None:
        """Deletes a table with its rows; NotFound where there is none."""
        ...

    def update_rate_limiter(self, table: str, limiter: pb.RateLimiter) -> pb.RateLimiter:
        """Changes a table's limiter while it is in use; returns the one before."""
        ...

    def checkpoint(self, table: str = "") -> list[pb.TableCheckpoint]:
        """Stores a table, or all, as they are now."""
        ...

    def sample(
        self,
        table: str,
        batch_size: int,
        *,
        signature: Signature,
        timeout: float | None = None,
        priority_updates: tuple[npt.NDArray[Any], npt.ArrayLike] | None = None,
        min_policy_version: int = 0,
    ) -> ExperienceBatch:
        """Draws a batch as from a single table; see `ReplayClient.sample`."""
        ...

    def update_priorities(
        self, table: str, keys: npt.NDArray[Any], priorities: npt.ArrayLike
    ) -> tuple[int, int]:
        """Sets priorities by key; returns how many were set, and how many rows were gone."""
        ...

    def writer(self, table: str, signature: Signature) -> Appends:
        """A writer of batches, each stored once."""
        ...

    def sampler(
        self,
        table: str,
        signature: Signature,
        batch_size: int,
        in_flight: int = 2,
        *,
        min_policy_version: int = 0,
    ) -> ExperienceStream:
        """An endless iterator of batches that requests `in_flight` of them ahead."""
        ...

    def close(self) -> None:
        """Closes the channels; calls in flight end with `Unavailable`."""
        ...
