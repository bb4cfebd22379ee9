"""A mesh in a notebook: live boards, curves and leaderboards in the output of a cell.

What is shown are plain SVG pictures, which Jupyter, VS Code and nbconvert show without an
extension, and which stay in the notebook as they were last. They follow the services directly;
no page of the console has to be open.

`watch` shows a training job as it learns, `watch_run` a run of `mazemesh.train`, `watch_board` a
game, `watch_recording` a finished one, `watch_leaderboard` a ladder, and `leaderboard` how it
stands. Interrupting the cell ends the watching, and nothing else.
"""

from mazemesh.notebook.board import Board
from mazemesh.notebook.curve import Curve
from mazemesh.notebook.picture import Picture
from mazemesh.notebook.standings import Standing, Standings
from mazemesh.notebook.watching import (
    leaderboard,
    watch,
    watch_board,
    watch_leaderboard,
    watch_recording,
    watch_run,
)

__all__ = [
    "Board",
    "Curve",
    "Picture",
    "Standing",
    "Standings",
    "leaderboard",
    "watch",
    "watch_board",
    "watch_leaderboard",
    "watch_recording",
    "watch_run",
]
