"""Boards as pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mazemesh.notebook import ink
from mazemesh.notebook.board import Board

# Two cells beside each other over two, open to each other all around.
PASSAGES = (2 + 4, 8 + 4, 2 + 1, 8 + 1)


def board(**given: object) -> Board:
    values: dict[str, object] = {
        "positions": (0, 3),
        "goals": (1, 1),
        "names": ("race:7", "bot/<b>"),
        "game": "race",
        **given,
    }
    return Board(2, 2, PASSAGES, **values)  # type: ignore[arg-type]


def drawn(of: Board, tag: str) -> list[ET.Element]:
    return ET.fromstring(of.svg()).findall(f".//{{http://www.w3.org/2000/svg}}{tag}")


def test_seats_have_a_shape_besides_their_colour() -> None:
    seats = tuple(range(8))
    many = Board(8, 1, (15,) * 8, seats)
    signs = [ink.sign(seat, 0, 0, 5) for seat in seats]
    assert len({ink.shape(seat) for seat in seats}) == 8
    assert len({sign.replace(ink.colour(seat), "") for seat, sign in enumerate(signs)}) == 8
    for sign in range(8):
        assert f'fill="{ink.colour(sign)}"' in many.svg()


def test_it_says_in_words_what_it_shows() -> None:
    words = board(step=3, note="over after 3 steps: 1, 0").words()
    assert words == (
        "race of 2 x 2 cells, step 3. race:7 (circle) at row 1, column 1. "
        "bot/<b> (square) at row 2, column 2. exit at row 1, column 2. exit at row 1, column 2. "
        "over after 3 steps: 1, 0."
    )
    assert board()._repr_mimebundle_()["text/plain"] == str(board())


def test_names_of_others_are_text_and_no_markup() -> None:
    assert any(one.text == "bot/<b>" for one in drawn(board(), "text"))


def test_outer_walls_stand_and_passages_are_open() -> None:
    [walls] = drawn(board(), "path")
    assert walls.get("d", "").count("M") == 8
    closed = Board(2, 2, (0, 0, 0, 0), ())
    assert drawn(closed, "path")[0].get("d", "").count("M") == 12


def test_a_trail_is_where_a_seat_was_last() -> None:
    later = board().moved((1, 3), step=1).moved((1, 3), step=2).moved((3, 2), step=3)
    assert later.trails == ((0, 1, 3), (3, 2))
    assert (later.step, later.names, later.passages) == (3, board().names, PASSAGES)
    assert len(drawn(later, "polyline")) == 2


def test_a_trail_has_an_end() -> None:
    moving = Board(2, 1, (2, 8), (0,))
    for step in range(1, 40):
        moving = moving.moved((step % 2,), step=step)
    assert len(moving.trails[0]) == 12


@pytest.mark.parametrize(
    ("game", "thing", "goal"),
    [("collect", "gem", "exit"), ("coop-keys", "key", "exit"), ("ctf", "flag", "base")],
)
def test_games_have_things_of_their_own(game: str, thing: str, goal: str) -> None:
    words = board(game=game, items=(2, -1)).words()
    assert f"{thing}s at row 2, column 1" in words
    assert f"{goal} at" in words
    ET.fromstring(board(game=game, items=(2, 3)).svg())


def test_who_is_nowhere_is_not_drawn() -> None:
    assert "bot" not in board(positions=(0, -1)).words()


def test_it_is_kept_as_a_file(tmp_path: object) -> None:
    path = board().save(f"{tmp_path}/board.svg")
    assert ET.fromstring(path.read_text()).get("role") == "img"
