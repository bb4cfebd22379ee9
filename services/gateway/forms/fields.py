"""The fields of a run's form, from whoever knows a learner's settings.

The gateway knows no learner: what is installed says it by the entry-point group
`mazemesh.training_form`, a function from game and algorithm to plain values.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, Final

from mazemesh.errors import FailedPrecondition

GROUP: Final = "mazemesh.training_form"


@lru_cache(256)
def fields_of(game: str, algorithm: str) -> dict[str, Any]:
    """The form for training a game by an algorithm.

    Raises:
        InvalidArgument: no such algorithm.
        FailedPrecondition: no learner is installed where the gateway runs.
    """
    point = next(iter(entry_points(group=GROUP)), None)
    if point is None:
        raise FailedPrecondition(
            "no learner is installed where the gateway runs; pip install 'mazemesh[learner]'"
        )
    described: dict[str, Any] = point.load()(game, algorithm)
    return described
