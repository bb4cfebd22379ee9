"""From a line of a run's journal to progress."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from services.gateway.jobs.nouns.job import Progress

_COUNTERS: Final = frozenset(
    {"time", "agent_steps", "samples", "training_step", "version", "trials", "finished"}
)
_LOSS: Final = "_loss"
_MOST_FIGURES: Final = 128


def progress_of(line: Mapping[str, Any], episode: int, run_id: str = "") -> Progress:
    """How far a run is, or a search, by the newest line of its journal.

    Args:
        line: Of a learner (docs/architecture.md, metrics.jsonl), or of `mazemesh tune`, which
            tells how many trials have `finished`.
        episode: Episodes that the job's actors have ended.
        run_id: Of the run.

    Raises:
        ValueError, TypeError: it is no such line.
    """
    numbers = {
        name: float(value)
        for name, value in line.items()
        if isinstance(value, int | float) and isfinite(value)
    }
    if "time" not in numbers:
        raise ValueError("a line of a journal has its time")
    figures = {name: numbers[name] for name in numbers if name not in _COUNTERS}
    finished = numbers.get("finished")
    return Progress(
        time=numbers["time"],
        agent_steps=int(numbers.get("agent_steps", 0)),
        training_step=int(numbers.get("training_step", 0)),
        version=int(numbers.get("version", 0)),
        episode=episode,
        reward=figures.get("episode_reward"),
        success_rate=figures.get("episode_success"),
        losses={
            name.removesuffix(_LOSS): value
            for name, value in figures.items()
            if name == "loss" or name.endswith(_LOSS)
        },
        figures=dict(sorted(figures.items())[:_MOST_FIGURES]),
        trials=None if finished is None else int(finished),
        run_id=run_id,
    )
