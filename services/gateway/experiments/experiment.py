"""A training run, whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Experiment:
    """One run.

    Attributes:
        id: Of the job that it is of, else of the run.
        run_id: Of the run, as its learner made it.
        name: Of the policy that it trains.
        source: "mlflow" or "journal".
        status: "running", "finished", "failed" or "killed", in lower case; "" where nobody says.
        game, algorithm: What is learned, and how.
        start_time, end_time: Unix seconds; None is unknown, or not yet.
        params: Settings, by name.
        metrics: Last value of each figure, by name.
        steps: Agent steps.
    """

    id: str
    run_id: str
    name: str
    source: str
    status: str = ""
    game: str = ""
    algorithm: str = ""
    start_time: float | None = None
    end_time: float | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    steps: int = 0


class Experiments(Protocol):
    """Who keeps runs."""

    async def page(self, size: int, token: str) -> tuple[Sequence[Experiment], str]:
        """Runs, the last begun first, and the token of the next page; "" on the last.

        Raises:
            InvalidArgument: the token is none of this keeper.
            Unavailable: it cannot be asked.
        """
        ...

    async def run(self, run_id: str) -> Experiment | None:
        """The run of an id, its learner's or the keeper's own; None without.

        Raises:
            Unavailable: it cannot be asked.
        """
        ...
