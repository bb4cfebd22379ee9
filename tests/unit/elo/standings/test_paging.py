import base64

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument, NotFound
from services.elo.log.match import LoggedMatch
from services.elo.standings.board import Board
from services.elo.standings.filters import Filter
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.paging import Page, first_page, page_after, page_around
from services.elo.standings.standings import Standings
from tests.unit.elo.played import match


def board_of(ratings: dict[str, float]) -> Board:
    board = Board(Ladder("race"))
    names = list(ratings)
    for sequence, name in enumerate(names[1:], start=1):
        board.ladder.fold(LoggedMatch(sequence, match(f"m{sequence}", (names[0], name), 0.5)))
    publish(board, ratings, high_water=len(names) - 1)
    return board


def publish(board: Board, ratings: dict[str, float], high_water: int) -> None:
    names, values = tuple(ratings), np.array(list(ratings.values()))
    order = sorted(range(len(names)), key=lambda player: (-values[player], names[player]))
    ranks = np.ones(len(names), dtype=np.intp)
    board.publish(
        Standings(high_water, high_water, names, values, values, values, ranks, 0.0, tuple(order))
    )


def listed(page: Page) -> list[str]:
    return [page.standings.names[player] for player in page.players]


def walk(board: Board, size: int, prefix: str = "") -> list[list[str]]:
    chosen = Filter(prefix)
    page = first_page(board, size, chosen)
    pages = [listed(page)]
    while page.next_token:
        page = page_after(board, size, page.next_token, chosen)
        pages.append(listed(page))
    return pages


PLAYERS = {f"race:{number}": 1000.0 + 10 * (number // 2) for number in range(1, 8)}
BEST_FIRST = ["race:6", "race:7", "race:4", "race:5", "race:2", "race:3", "race:1"]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pages_list_everybody_once_ties_included(size: int) -> None:
    pages = walk(board_of(PLAYERS), size)
    assert [name for page in pages for name in page] == BEST_FIRST
    assert all(len(page) == size for page in pages[:-1])


def test_a_prefix_narrows_the_list() -> None:
    board = board_of({**PLAYERS, "solo:1": 5000.0})
    assert walk(board, 3, "race:")[0] == BEST_FIRST[:3]
    assert first_page(board, 3, Filter("race:")).total == 7
    assert first_page(board, 3, Filter("none")).players == ()


def test_a_refit_between_pages_neither_repeats_nor_leaves_out() -> None:
    board = board_of(PLAYERS)
    first = first_page(board, 3)
    publish(board, {name: -rating for name, rating in PLAYERS.items()}, high_water=90)
    rest = page_after(board, 9, first.next_token)
    assert listed(first) + listed(rest) == BEST_FIRST


def test_long_afterwards_a_page_goes_on_by_rating() -> None:
    board = board_of(PLAYERS)
    token = first_page(board, 3).next_token  # behind race:4 at 1020
    newer = {"race:1": 1050.0, "race:2": 1020.5, "race:3": 1019.5, "race:4": 900.0}
    for high_water in range(90, 100):
        publish(board, newer, high_water)
    # They were refitted ten times, and still what was begun goes on as it began.
    assert listed(page_after(board, 9, token)) == BEST_FIRST[3:]
    for high_water in range(100, 400):  # as many others begin to turn pages
        publish(board, newer, high_water)
        assert first_page(board, 1).next_token
    assert listed(page_after(board, 9, token)) == ["race:3", "race:4"]


@pytest.mark.parametrize(
    ("player", "size", "expected"),
    [
        ("race:5", 3, ["race:4", "race:5", "race:2"]),
        ("race:6", 3, ["race:6", "race:7", "race:4"]),
        ("race:1", 3, ["race:2", "race:3", "race:1"]),
        ("race:5", 50, BEST_FIRST),
    ],
)
def test_a_page_around_a_player(player: str, size: int, expected: list[str]) -> None:
    page = page_around(board_of(PLAYERS), size, player)
    assert listed(page) == expected
    assert bool(page.next_token) == (expected[-1] != "race:1")


def test_around_a_stranger_is_not_found() -> None:
    with pytest.raises(NotFound, match="'race:77' has no result on ladder 'race'"):
        page_around(board_of(PLAYERS), 3, "race:77")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "€",
        "bnVsbA==",
        base64.b64encode(b"[1]").decode(),
        base64.b64encode(b'["a",1,2]').decode(),
    ],
)
def test_a_token_that_was_never_given_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument, match="page_token"):
        page_after(board_of(PLAYERS), 3, token)
