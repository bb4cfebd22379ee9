"""Training runs as MLflow, or their own journals, have them: `mesh.runs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from mazemesh.client.aio.in_thread import all_in_thread, in_thread
from mazemesh.client.gateway.curves import Curve, decoded
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
    >>> runs = [run for run in mesh.runs.list() if run.name == "race"]
    >>> runs[0].game, runs[0].agent_steps >= 0
    ('race', True)
    >>> for curve in mesh.runs.curves("episode_reward", [runs[0].run_id], buckets=50):
    ...     steps, reward = curve.points()
    ...     assert len(steps) == len(reward) <= 50

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

    def curves(
        self,
        metric: str,
        runs: Sequence[str] = (),
        *,
        words: str = "",
        axis: Literal["steps", "seconds"] = "steps",
        buckets: int = 300,
        group: str = "",
        band: Literal["deviation", "quartiles", "range"] = "deviation",
    ) -> Sequence[Curve]:
        """A figure over the steps of runs, each in so many buckets; those without it are left out.

        Args:
            metric: Name of the figure, as "episode_reward" or "episode_success".
            runs: Their `run_id`s; empty: all that have the words.
            words: That a run's names should have.
            axis: "steps" of agents, or "seconds" in which the run ran.
            buckets: Over the range, 1..4000.
            group: "policy", "game", "algorithm", "origin" or "setting:NAME": one line for all runs
                that have the same.
            band: Of groups: "deviation", "quartiles" or "range".

        Raises:
            InvalidArgument: a value is wrong; names the field.
        """
        query: Query = {
            "metric": metric,
            "runs": ",".join(runs),
            "q": words,
            "x": axis,
            "buckets": buckets,
            "group": group,
            "band": band,
        }
        return [*decoded(self._web.get_bytes("/training/curves", query))]

    def metrics(self, words: str = "") -> Sequence[str]:
        """Names of all figures that one of the runs with the words has."""
        found: Sequence[str] = self._web.get("/training/runs", {"q": words})["metrics"]
        return found

    def settings(self, runs: Sequence[str] = (), *, words: str = "") -> dict[str, Any]:
        """Settings of runs side by side: `differing` by name, a value a run, and `same`.

        Args:
            runs: Their `run_id`s; empty: all that have the words.
            words: That a run's names should have.
        """
        query: Query = {"runs": ",".join(runs), "q": words}
        found: dict[str, Any] = self._web.get("/training/runs/settings", query)
        return found


class AsyncRuns:
    """`Runs` for asyncio: each call waits in a thread."""

    def __init__(self, runs: Runs) -> None:
        self.list = all_in_thread(runs.list)
        self.get = in_thread(runs.get)
        self.curves = in_thread(runs.curves)
        self.metrics = in_thread(runs.metrics)
        self.settings = in_thread(runs.settings)
