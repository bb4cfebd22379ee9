"""Training runs as MLflow, or their own journals, have them: `mesh.runs`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from mazemesh.client.gateway.in_thread import in_thread
from mazemesh.client.gateway.web import Query, Web


@dataclass(frozen=True, slots=True)
class Run:
    """A training run.

    Attributes:
        experiment_id: Of the job that it is of, where it was asked for by that; else of the run.
        run_id: Of the run, as its learner made it.
        name: Of the policy that it trains.
        source: "mlflow" or "journal", who told.
        status: running, finished, failed or killed; "" where nobody says.
        game, algorithm: What is learned, and how.
        started, ended: Times; None is unknown, or not yet.
        params: Settings, by name.
        metrics: Last value of each figure, by name.
        agent_steps: Learned from.
    """

    experiment_id: str
    run_id: str
    name: str
    source: str
    status: str
    game: str
    algorithm: str
    started: datetime | None
    ended: datetime | None
    params: Mapping[str, str] = field(repr=False)
    metrics: Mapping[str, float | None] = field(repr=False)
    agent_steps: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Run:
        """From the gateway's answer; what a newer one tells beyond that is left out."""
        same = {name: told[name] for name in cls.__slots__ if name not in ("started", "ended")}
        return cls(**same, started=_time(told["start_time"]), ended=_time(told["end_time"]))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Runs:
    """Training runs of a mesh. Thread-safe; `aio` has the same for asyncio.

    ```pycon
    >>> for run in mesh.runs.list():
    ...     assert run.name and run.agent_steps >= 0

    ```
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def aio(self) -> AsyncRuns:
        """The same as coroutines."""
        return AsyncRuns(self)

    def list(self) -> Iterator[Run]:
        """All of them, the last begun first."""
        token = ""
        while True:
            query: Query = {"page_token": token}
            page = self._web.get("/experiments", query)
            yield from map(Run.of, page["experiments"])
            token = page["next_page_token"]
            if not token:
                return

    def get(self, experiment_id: str) -> Run:
        """A run by the id of its job, its own, or MLflow's.

        Raises:
            NotFound: there is none.
        """
        return Run.of(self._web.get(f"/experiments/{quote(experiment_id, safe='')}"))


class AsyncRuns:
    """`Runs` for asyncio: each call waits in a thread."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.get = in_thread(runs.get)

    async def list(self) -> list[Run]:
        """See `Runs.list`."""
        return await asyncio.to_thread(lambda: [*self._runs.list()])
