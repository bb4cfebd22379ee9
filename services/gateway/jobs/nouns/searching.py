"""Whether a search is one that `mazemesh tune` takes."""

from __future__ import annotations

from collections.abc import Collection

from mazemesh.errors import InvalidArgument
from mazemesh.training.sections import SETTINGS
from mazemesh.tuning.objectives import parse_objectives, parse_target
from mazemesh.tuning.space import parse_assignments
from services.gateway.jobs.nouns.work import Tuning

_MESH = ("games", "actors")
"""Dimensions that are no settings of the learner."""


def check_search(work: Tuning, hyperparameters: Collection[str]) -> None:
    """Whether a search is one that a job may make: not every setting is a caller's to choose.

    Args:
        work: The search.
        hyperparameters: Names of its algorithm's.

    Raises:
        InvalidArgument: the space, the objectives or the target are wrong.
    """
    if not work.space:
        raise InvalidArgument("space: it is empty; name what to search, as epochs: 1..4")
    allowed = {*hyperparameters, *SETTINGS, *_MESH}
    for name in work.space:
        if name not in allowed:
            raise InvalidArgument(
                f"space: {name[:40]!r} is not among what a job may search: "
                f"{', '.join(sorted(allowed))}"
            )
    try:
        parse_assignments([f"{name}={text}" for name, text in work.space.items()])
    except InvalidArgument as error:
        raise error.within("space") from error
    objectives = parse_objectives(work.objectives)
    if work.target:
        parse_target(work.target)
        if not any(one.to_target for one in objectives):
            raise InvalidArgument(
                f"target: {work.target} has no use without the objective seconds or steps"
            )
