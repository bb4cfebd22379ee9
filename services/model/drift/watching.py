"""Takes samples of calls, and counts them for the versions that they were answered by.

A call costs a comparison of two numbers; some hundred rows a second are copied, and counted
together when there are enough of them. Windows are kept for the versions that were asked last.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import structlog

from mazemesh.errors import MazemeshError
from services._harness.shielded import Shielded
from services.model.drift.features import answered_columns
from services.model.drift.reference import Reference
from services.model.drift.window import Drift, Window
from services.model.inference.calls import Part
from services.model.inference.layout import STATE, Layout
from services.model.registry.policy import Version

Array = npt.NDArray[Any]

ROWS_PER_SECOND: Final = 400.0
ROWS_OF_A_CALL: Final = 8
TOGETHER_ROWS: Final = 256
TOGETHER_BYTES: Final = 4 * 1024 * 1024
MOST_WINDOWS: Final = 64
_MOST_KNOWN: Final = 1024

_log = structlog.get_logger(__name__)


class Measure(NamedTuple):
    """A reference, and the version whose validation it is."""

    policy: str
    reference: Reference


@dataclass(slots=True)
class _Taken:
    """Rows of one version that are not counted yet."""

    layout: Layout
    greedy: bool
    parts: list[list[bytes]] = field(default_factory=list)
    rows: int = 0
    size_bytes: int = 0


class Watching:
    """Looks at calls. Belongs to one event loop.

    Args:
        find: The measure of a version: its own, or that of the snapshot before it; None: none.
        seconds: Of a window; 0 looks at nothing.
        clock: Seconds, rising.

    Attributes:
        due: From when on a call is taken a sample of, by the clock.
    """

    def __init__(
        self,
        find: Callable[[Version], Awaitable[Measure | None]],
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._find, self._seconds, self._clock = find, seconds, clock
        self._measures: OrderedDict[tuple[str, int], Measure | None] = OrderedDict()
        self._finding: set[tuple[str, int]] = set()
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._taken: dict[str, _Taken] = {}
        self._work = Shielded()
        self.due = float("inf") if seconds <= 0 else float("-inf")

    def take(self, version: Version, layout: Layout, columns: Sequence[bytes], part: Part) -> None:
        """Copies some rows of a call: its inputs in the layout's order, and its answer."""
        rows = min(part.rows, ROWS_OF_A_CALL)
        self.due = self._clock() + rows / ROWS_PER_SECOND
        key = version.name, version.number
        if key not in self._measures:
            self._look_up(key, version)
            return
        measure = self._measures[key]
        if measure is None:
            return
        self._measures.move_to_end(key)
        first = random.randrange(part.rows - rows + 1) if part.rows > rows else 0  # noqa: S311
        cut = [
            data[first * column.row_bytes : (first + rows) * column.row_bytes]
            for column, data in zip(layout.inputs, columns, strict=True)
        ]
        before = 0
        for index, column in enumerate(layout.outputs):
            width = column.row_bytes
            if index >= layout.actions:
                begin = before * part.batch_rows + width * (part.first + first)
                cut.append(bytes(part.data[begin : begin + width * rows]))
            before += width
        taken = self._taken.get(measure.policy)
        if taken is None or taken.layout is not layout:
            if taken is not None:
                self._count(measure, taken)
            taken = self._taken[measure.policy] = _Taken(layout, version.q_values)
        taken.parts.append(cut)
        taken.rows += rows
        taken.size_bytes += sum(map(len, cut))
        if taken.rows >= TOGETHER_ROWS or taken.size_bytes >= TOGETHER_BYTES:
            del self._taken[measure.policy]
            self._count(measure, taken)

    async def drift_of(self, version: Version) -> tuple[str, Drift | None]:
        """The policy whose validation is the measure (empty: there is none), and its drift.

        None of a version that was not asked of late.
        """
        measure = await self._find(version)
        if measure is None:
            return "", None
        self._count_all()
        window = self._windows.get(measure.policy)
        return measure.policy, None if window is None else window.drift(self._clock())

    def all(self) -> Iterator[tuple[str, Drift]]:
        """Every version with a window that has rows, the one that was asked last first."""
        self._count_all()
        now = self._clock()
        for policy, window in reversed(list(self._windows.items())):
            drift = window.drift(now)
            if drift.rows:
                yield policy, drift

    async def close(self) -> None:
        """Ends what is looked up."""
        await self._work.cancel()

    def _look_up(self, key: tuple[str, int], version: Version) -> None:
        if key in self._finding:
            return

        async def find() -> None:
            try:
                self._measures[key] = await self._find(version)
                if len(self._measures) > _MOST_KNOWN:
                    self._measures.popitem(last=False)
            except (MazemeshError, ValueError, KeyError) as error:  # or a damaged reference
                _log.warning("drift is not measured", policy=version.reference, reason=str(error))
                self._measures[key] = None
            finally:
                self._finding.discard(key)

        self._finding.add(key)
        self._work.begin(find())

    def _count_all(self) -> None:
        measures = {one.policy: one for one in self._measures.values() if one is not None}
        for policy in list(self._taken):
            taken = self._taken.pop(policy)
            if policy in measures:
                self._count(measures[policy], taken)

    def _count(self, measure: Measure, taken: _Taken) -> None:
        window = self._windows.get(measure.policy)
        if window is None:
            window = Window(measure.reference, self._seconds, self._clock())
            self._windows[measure.policy] = window
            if len(self._windows) > MOST_WINDOWS:
                gone, _ = self._windows.popitem(last=False)
                self._taken.pop(gone, None)
        self._windows.move_to_end(measure.policy)
        window.add(_columns(taken), self._clock())


def _columns(taken: _Taken) -> dict[str, Array]:
    """Rows by column: inputs but for the state, and what the answers say."""
    layout = taken.layout
    told = [*layout.inputs, *layout.outputs[layout.actions :]]
    arrays = {}
    for index, column in enumerate(told):
        data = b"".join(part[index] for part in taken.parts)
        rows = len(data) // column.row_bytes if column.row_bytes else 0
        arrays[column.name] = np.frombuffer(data, column.dtype).reshape(rows, *column.shape)
    outputs = {one.name: arrays[one.name] for one in layout.outputs[layout.actions :]}
    answered = answered_columns(outputs, dict(layout.choices), greedy=taken.greedy)
    seen = {one.name: arrays[one.name] for one in layout.inputs if one.name != STATE}
    return {**seen, **dict(answered)}
