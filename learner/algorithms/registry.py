"""The algorithms there are: a folder each in here, and those of other packages.

A package of the user's own adds one by the entry-point group `mazemesh.algorithms`, whose names are
those of the algorithms and whose values are `Algorithm`s:

```toml
[project.entry-points."mazemesh.algorithms"]
reinforce = "my_package.reinforce:ALGORITHM"
```

Such a package is installed by the operator; a name never installs or imports anything else.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mazemesh.errors import InvalidArgument

if TYPE_CHECKING:
    from learner.algorithms.algorithm import Algorithm

GROUP = "mazemesh.algorithms"


def names() -> list[str]:
    """What `--algorithm` takes: ours, then others'."""
    ours = _ours()
    return [*ours, *sorted(name for name in _others() if name not in ours)]


@cache
def find(name: str) -> Algorithm[Any]:
    """The algorithm of a name.

    Raises:
        InvalidArgument: there is none, or a package's cannot be loaded; tells which there are.
    """
    ours = _ours()
    if name in ours:
        return _record(importlib.import_module(ours[name]).ALGORITHM, name)
    point = _others().get(name)
    if point is None:
        there = ", ".join(names())
        raise InvalidArgument(f"algorithm: {name!r} is unknown; it should be one of {there}")
    try:
        found = point.load()
    except Exception as error:
        raise InvalidArgument(
            f"algorithm: {name} ({point.value}) cannot be loaded: {error!r}"
        ) from error
    return _record(found, name)


def _record(found: Any, name: str) -> Algorithm[Any]:
    """Raises InvalidArgument: what was found is no record of this name."""
    from learner.algorithms.algorithm import Algorithm

    if not isinstance(found, Algorithm) or found.name != name:
        raise InvalidArgument(
            f"algorithm: {name} should be a learner.algorithms.algorithm.Algorithm of that name, "
            f"and is {found!r:.200}"
        )
    return found


@cache
def _ours() -> dict[str, str]:
    """Names of the folders beside this file, with the modules that hold their records."""
    here = pkgutil.iter_modules([str(Path(__file__).parent)])
    package = __name__.rpartition(".")[0]
    return {one.name.replace("_", "-"): f"{package}.{one.name}" for one in here if one.ispkg}


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
