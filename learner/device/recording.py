"""Work of a GPU, recorded once and then repeated by one call.

Gradient steps of small networks are some fifty kernels of a few microseconds each, which Python
starts more slowly than the GPU ends them. So an update runs a few times as it is written, is
recorded as a CUDA graph, and is repeated from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from torch import Tensor

log = structlog.get_logger("learner.device.recording")

REHEARSALS = 2
"""Times that work of a shape is done as written: libraries choose kernels and take memory then."""

MOST = 4
"""Shapes that are recorded; each keeps its intermediate results' memory."""

Tensors = tuple[Tensor, ...]
Work = Callable[..., Tensors]
"""From columns by name, and further tensors, to tensors.

It must do the same for the same shapes: nothing may depend on numbers that Python reads back, and
what it keeps from call to call must stay where it is.
"""


class Recorder(Protocol):
    """What can record (`learner.device.gpu.Gpu`)."""

    def rehearse(self, work: Callable[[], Tensors]) -> Tensors:
        """Does the work."""
        ...

    def record(self, work: Callable[[], Tensors]) -> tuple[Callable[[], None], Tensors]:
        """Notes what the work would do, and does not do it.

        Returns:
            What does it, and where the results are then.
        """
        ...


@dataclass(frozen=True)
class Recording:
    """Work of one shape; `more` and `results` are where it reads and writes."""

    repeat: Callable[[], None]
    more: Tensors
    results: Tensors


class Recorded:
    """Does what `work` does. Results are valid until the next call."""

    def __init__(self, work: Work, recorder: Recorder) -> None:
        self._work, self._recorder = work, recorder
        self._rehearsals: dict[Any, int] = {}
        self._recordings: dict[Any, Recording] = {}
        self._able = True

    def __call__(self, columns: Mapping[str, Tensor], *more: Tensor) -> Tensors:
        """The work on these columns, which are read where they lie, and these further tensors."""
        places = tuple((name, column.data_ptr()) for name, column in columns.items())
        key = places, tuple(tensor.shape for tensor in (*columns.values(), *more))
        recording = self._recordings.get(key)
        if recording is None:
            rehearsed = self._rehearsals.get(key, 0)
            room = len(self._recordings) < MOST
            if self._able and room and rehearsed >= REHEARSALS:
                recording = self._record(key, columns, more)
            if recording is None:
                self._rehearsals[key] = rehearsed + 1
                return self._recorder.rehearse(lambda: self._work(columns, *more))
        for place, tensor in zip(recording.more, more, strict=True):
            place.copy_(tensor)
        recording.repeat()
        return recording.results

    def _record(self, key: Any, columns: Mapping[str, Tensor], more: Tensors) -> Recording | None:
        """None when it cannot be recorded; then it is not tried again."""
        own = tuple(tensor.clone() for tensor in more)
        try:
            repeat, results = self._recorder.record(lambda: self._work(columns, *own))
        except RuntimeError as error:
            log.warning("updates are not recorded, and slower", reason=str(error))
            self._able = False
            return None
        self._recordings[key] = Recording(repeat, own, results)
        return self._recordings[key]
