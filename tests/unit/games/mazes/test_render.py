from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.render import draw_pixels, draw_text

# Two rows of three cells: a corridor along the top, down at both ends, then to the middle.
PASSAGES = np.array([[2 | 4, 2 | 8, 4 | 8], [1, 2, 1 | 8]], np.uint8)
VISITS = np.array([[2, 1, 0], [0, 0, 0]], np.uint8)


def test_text_shows_walls_players_trail_and_exit() -> None:
    picture = """\
┌───────────┐
│ ·   1     │
│   ┌───╴   │
│   │ ◆   2 │
└───┴───────┘"""
    assert draw_text(PASSAGES, (1, 1), [(0, 1), (1, 2)], VISITS) == picture


def test_pixels_show_walls_and_passages() -> None:
    image = draw_pixels(PASSAGES, (1, 1), [(0, 1)], VISITS)
    assert image.shape == (33, 49, 3)
    dark = image.sum(axis=2) < 200
    assert dark[0].all()
    assert dark[:, 48].all()
    assert dark[24, 16]  # wall between the two western cells of the lower row
    assert not dark[8, 16]  # passage above it
    assert len({tuple(image[8, 24]), tuple(image[24, 24]), tuple(image[8, 8])}) == 3
