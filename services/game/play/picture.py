"""What of an engine's game is shown to those who look on."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from mazemesh.games import Engine
from services.game.play.outcome import Outcome
from services.game.play.watching import Frame


def picture(
    engine: Engine, index: int, step: int, outcome: Outcome | None = None, *, observed: bool = False
) -> Frame:
    """The present picture of game `index`.

    Args:
        engine: What plays it.
        index: Its number.
        step: Steps that were played.
        outcome: How it ended; None while it goes on.
        observed: Whether what each seat sees is part of it; of an engine whose observation is one
            column.
    """
    goals, items = engine.landmarks(index)
    width = engine.settings.width
    seen = masks = b""
    if observed and outcome is None:
        seen, masks = _bytes(engine.observation[index]), _bytes(engine.action_mask[index])
    return Frame(
        step,
        _cells(engine.position[index].tolist(), width),
        _cells(goals, width),
        _cells(items, width),
        outcome,
        seen,
        masks,
    )


def _cells(places: list[list[int]], width: int) -> tuple[int, ...]:
    return tuple(y * width + x for y, x in places)


def _bytes(array: npt.NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
