"""Calls whose rows are of several arms: taken apart, and put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from services.model.inference.calls import NO_SESSIONS, Answer, Asked, Part
from services.model.inference.layout import Given

Rows = npt.NDArray[np.intp]


def by_arm(arms: Sequence[int]) -> dict[int, Rows]:
    """The rows of each arm, ascending."""
    places = np.asarray(arms)
    return {int(arm): np.flatnonzero(places == arm) for arm in np.unique(places)}


def can_split(asked: Asked) -> bool:
    """Whether all columns have the rows that the call says; otherwise it is refused as a whole."""
    return len(asked.sessions.ids) == asked.rows and all(
        len(one.data) % asked.rows == 0 for one in asked.given
    )


def part_of(asked: Asked, rows: Rows, policy: str) -> Asked:
    """The call with these rows alone, of another policy."""
    sessions = asked.sessions
    if sessions is not NO_SESSIONS:
        places = {int(row): place for place, row in enumerate(rows)}
        sessions = sessions._replace(
            ids=tuple(sessions.ids[row] for row in places),
            begin=tuple(places[row] for row in sessions.begin if row in places),
        )
    given = [
        Given(one.name, one.dtype, _rows(one.data, asked.rows)[rows].tobytes())
        for one in asked.given
    ]
    return replace(
        asked,
        policy=policy,
        rows=len(rows),
        given=given,
        sessions=sessions,
        size_bytes=sum(len(one.data) for one in given),
    )


def joined(answers: Mapping[int, Answer], rows: Mapping[int, Rows], count: int) -> Answer:
    """One answer of all arms; their layouts are the same."""
    arms = list(answers)
    first = answers[min(arms, key=lambda arm: rows[arm][0])]
    data = bytearray()
    for index, column in enumerate(first.layout.outputs):
        merged = np.empty((count, column.row_bytes), np.uint8)
        for arm in arms:
            merged[rows[arm]] = _rows(answers[arm].column(index), len(rows[arm]))
        data += merged.tobytes()
    versions = np.empty(count, np.int64)
    for arm in arms:
        versions[rows[arm]] = answers[arm].version.number
    begun = sorted(int(rows[arm][row]) for arm in arms for row in answers[arm].begun)
    part = Part(
        memoryview(data),
        count,
        0,
        count,
        max(answers[arm].part.waited for arm in arms),
        max(answers[arm].part.ran for arm in arms),
    )
    return Answer(
        first.version,
        first.layout,
        first.wanted,
        part,
        begun,
        first.experiment_id,
        tuple(versions.tolist()),
    )


def _rows(data: bytes, rows: int) -> npt.NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).reshape(rows, -1)
