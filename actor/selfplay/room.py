"""How many games go into a session, and how many rows into a write: counted in bytes, at the start.

Presets and flags count games and rows. Of mazes these are small; a picture of 210 x 160 x 3 is
100 kB, and an unroll of such 3 MB.
"""

from __future__ import annotations

from itertools import pairwise

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSpec

STEP_BYTES = 32 * 1024 * 1024
"""Of the answer to a step of RunGames at most; the server's own limit is about twice that."""

WRITE_BYTES = 16 * 1024 * 1024
"""Of the rows that are written to Replay at once at most, but for a row that alone is more."""

COLLECTED_BYTES = 1024 * 1024 * 1024
"""Of the rows that an actor puts together at most."""

WORTH_A_SESSION = 64
"""Games from which on a session of their own pays."""


def shares(games: int, spec: GameSpec) -> list[int]:
    """How many games each session has.

    A step costs a session about as much as 64 games do. With fewer, a second session would add more
    of that than is gained by playing one while the other is inferred. And no session has more games
    than a message has room for.

    Raises:
        InvalidArgument: One game alone is too large for a message.
    """
    most = min(games, STEP_BYTES // spec.step_bytes)
    if not most:
        raise InvalidArgument(
            f"game {spec.name}: a step of one game takes {spec.step_bytes} bytes; a session takes "
            f"{STEP_BYTES}. A wrapper of the environment should make its observations smaller"
        )
    sessions = max(-(-games // most), 1 if games < 2 * WORTH_A_SESSION else 2)
    # The later ones have the larger shares, as halves of an odd number always had.
    bounds = [games * index // sessions for index in range(sessions + 1)]
    return [end - begin for begin, end in pairwise(bounds)]


def affordable_games(games: int, row_bytes: int) -> int:
    """As many of `games` as can be collected from at once, where each fills a row; at least 2."""
    # What is put together is there twice for a moment: as steps, and as rows.
    return max(2, min(games, COLLECTED_BYTES // (2 * row_bytes)))


def write_rows(most: int, row_bytes: int) -> int:
    """Rows of a write: at most `most` (0: any number), and no more than `WRITE_BYTES`, if not one.

    Args:
        most: What the run's table takes (`mazemesh.experience.most_write_rows`).
        row_bytes: Of one row.
    """
    fit = max(1, WRITE_BYTES // row_bytes)
    return min(most, fit) if most else fit
