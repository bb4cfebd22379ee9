"""Searches and their Pareto fronts, as the gateway has them: `mesh.studies`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from mazemesh.client.aio.in_thread import in_thread
from mazemesh.client.gateway.web import Query, Web

Kind = Literal["tune", "optimize"]


@dataclass(frozen=True, slots=True)
class StudyName:
    """A study there is.

    Attributes:
        kind: "tune" or "optimize", the command that searches.
        name: Of the study.
        changed: When it did last.
    """

    kind: Kind
    name: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class Point:
    """Something that was tried.

    Attributes:
        label: Number of the trial, or name of the point.
        state: complete, pruned or failed.
        variables: What was tried.
        values: By objective; None where the target was not reached.
        front: Whether none other is better in one objective and not worse in all.
        closeness: To the ideal by the weights, 0..1; None of what is not on the front.
        error: Why it failed.
        run: Id of the run whose curves it left.
    """

    label: str
    state: str
    variables: Mapping[str, float | str]
    values: Mapping[str, float | None]
    front: bool
    closeness: float | None
    error: str
    run: str


@dataclass(frozen=True, slots=True)
class Study:
    """A study with all that it found so far.

    Attributes:
        kind: "tune" or "optimize".
        name: Of the study.
        about: What is searched.
        objectives: Each with `name`, `maximise`, `unit` and `meaning`.
        variables: Names.
        points: All that was tried.
        chosen: Label of the front's point that is closest to the ideal; "": there is none.
        modes: Named weights.
    """

    kind: Kind
    name: str
    about: Mapping[str, Any] = field(repr=False)
    objectives: tuple[Mapping[str, Any], ...]
    variables: tuple[str, ...]
    points: tuple[Point, ...] = field(repr=False)
    chosen: str
    modes: Mapping[str, Mapping[str, float]] = field(repr=False)

    @property
    def front(self) -> tuple[Point, ...]:
        """The points that none dominates."""
        return tuple(point for point in self.points if point.front)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Study:
        """From the gateway's answer; what a newer one tells beyond that is left out."""
        return cls(
            kind=told["kind"],
            name=told["name"],
            about=told["about"],
            objectives=tuple(told["objectives"]),
            variables=tuple(told["variables"]),
            points=tuple(
                Point(**{name: one[name] for name in Point.__slots__}) for one in told["points"]
            ),
            chosen=told["chosen"],
            modes=told["modes"],
        )


class Studies:
    """Studies in the mesh's data folder: of `mazemesh tune`, of `optimize`, and of jobs.

    Thread-safe; `aio` has the same for asyncio.

    ```pycon
    >>> for study in mesh.studies.list():
    ...     found = mesh.studies.get(study.kind, study.name)
    ...     print(found.chosen, [point.values for point in found.front])

    ```
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def aio(self) -> AsyncStudies:
        """The same as coroutines."""
        return AsyncStudies(self)

    def list(self) -> list[StudyName]:
        """All of them, the one that changed last first."""
        return [
            StudyName(one["kind"], one["name"], datetime.fromisoformat(one["changed"]))
            for one in self._web.get("/studies")
        ]

    def get(self, kind: Kind, name: str, weights: Mapping[str, float] | None = None) -> Study:
        """A study's points and its front, held against the ideal by weights.

        Args:
            kind: "tune" or "optimize".
            name: Of the study.
            weights: What counts how much, by objective; None: all the same.

        Raises:
            NotFound: there is none.
            InvalidArgument: a weight of no objective.
        """
        text = ",".join(f"{objective}={weight:g}" for objective, weight in (weights or {}).items())
        query: Query = {"weights": text}
        return Study.of(self._web.get(f"/studies/{quote(kind)}/{quote(name, safe='')}", query))


class AsyncStudies:
    """`Studies` for asyncio: each call waits in a thread."""

    def __init__(self, studies: Studies) -> None:
        self.list = in_thread(studies.list)
        self.get = in_thread(studies.get)
