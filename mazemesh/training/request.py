"""What is asked of whoever starts a training run, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mazemesh.client.addresses import Addresses

STARTERS = "mazemesh.training"
"""Entry-point group of what starts runs: a function from `TrainingRequest` to `StartedRun`."""


@dataclass(frozen=True)
class TrainingRequest:
    """A run, as `mazemesh.train` was asked for it.

    Attributes:
        data_dir: Folder of the mesh; one that runs there is used.
        game: To learn.
        algorithm: By which.
        policy: Name to publish under; "": the game's.
        policies: Of a run of several, names by role; empty: one policy for all seats.
        seed: None is a fresh one.
        actors: Actor processes.
        evaluators: Evaluator processes, in a mesh that is started.
        games: That each actor plays at once; None: as many as it does by itself.
        port_base: Of a mesh that is started; None: some that are free.
        learner: Flags of every learner.
    """

    data_dir: Path
    game: str
    algorithm: str
    policy: str = ""
    policies: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    actors: int = 1
    evaluators: int = 1
    games: int | None = None
    port_base: int | None = None
    learner: tuple[str, ...] = ()


class StartedRun(Protocol):
    """A run that somebody has started."""

    @property
    def policies(self) -> tuple[str, ...]:
        """Names that are trained, the first one's progress being the run's."""
        ...

    @property
    def addresses(self) -> Addresses | None:
        """Where the mesh's services are; None until that is known, and when it has ended."""
        ...

    def ended(self, seconds: float) -> bool:
        """Whether it has ended by itself, at most `seconds` later."""
        ...

    def problem(self) -> str:
        """Why it ended; "" where it came to its end in order, or has not ended."""
        ...

    def stop(self) -> None:
        """Ends it in order, if it was started here: experience and weights are kept."""
        ...
