"""What the environments' `render` shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.overview import landmarks
from mazemesh.games.mazes.render import draw_pixels, draw_text

RENDER_MODES = ["ansi", "rgb_array"]


def check_render_mode(render_mode: str | None) -> str | None:
    """Return the mode.

    Raises:
        InvalidArgument: It is neither None nor one of `RENDER_MODES`.
    """
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise InvalidArgument(
            f"render_mode: {render_mode!r} is unknown; choose one of {', '.join(RENDER_MODES)}"
        )
    return render_mode


def draw(
    engine: BatchEngine, game: int, render_mode: str | None
) -> str | npt.NDArray[np.uint8] | None:
    """Draw a game of an engine, with the first seat's trail; None where no mode was chosen."""
    if render_mode is None:
        return None
    goals, items = landmarks(engine, game)
    players, visits = list(engine.position[game]), engine.visits(game, 0)
    drawn = draw_text if render_mode == "ansi" else draw_pixels
    return drawn(engine.passages[game], goals, players, visits, items)
