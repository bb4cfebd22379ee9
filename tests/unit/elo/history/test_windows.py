import asyncio

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, ResourceExhausted
from services.elo.history import windows
from services.elo.history.windows import Window, Windows
from services.elo.models.bradley_terry import Fit, fit
from services.elo.models.fitting.posterior import Problem
from services.elo.standings.boards import Boards
from services.elo.wire.results.payloads import batch
from tests.unit.elo.memory_log import MemoryLog
from tests.unit.elo.played import TRUTH, folded, simulated

MATCHES = [
    one._replace(finish_nanoseconds=number)
    for number, one in enumerate(simulated(np.random.default_rng(6), TRUTH, 60), start=1)
]


async def world(count: int) -> tuple[MemoryLog, Boards]:
    log = MemoryLog()
    await log.append([batch(MATCHES[:count])])
    boards = Boards(log)
    await boards.catch_up()
    return log, boards


async def test_a_window_is_folded_once_and_goes_on() -> None:
    log, boards = await world(40)
    fits: list[int] = []

    def counted(problem: Problem) -> Fit:
        fits.append(len(problem.start))
        return fit(problem)

    many = Windows(log, boards, counted)
    window = Window("race", 11, 51)
    board = await many.board(window)
    assert board is not None
    assert board.ladder.matches == 30
    alone = folded(MATCHES[10:40])
    assert board.standings.ratings.tolist() == fit(alone.problem()).ratings.tolist()
    assert await many.board(window) is board
    assert len(fits) == 1
    await log.append([batch(MATCHES[40:])])
    await boards.catch_up()
    again = await many.board(window)
    assert again is board
    assert board.ladder.matches == 40  # the others ended after the window
    assert await many.board(Window("other", 0, 99)) is None
    assert await many.board(Window("race", 0, 1)) is None


async def test_the_oldest_window_makes_room() -> None:
    log, boards = await world(40)
    many = Windows(log, boards, fit)
    first = await many.board(Window("race", 0, 41))
    for end in range(10, 18):
        await many.board(Window("race", 0, end))
    assert await many.board(Window("race", 0, 41)) is not first


async def test_too_large_a_log_and_too_many_at_once_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, boards = await world(40)
    many = Windows(log, boards, fit)
    asked = [many.board(Window("race", 0, end)) for end in range(1, 41)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in found if isinstance(one, ResourceExhausted)]
    assert len(refused) == 8
    monkeypatch.setattr(windows, "MOST_MATCHES", 39)
    with pytest.raises(FailedPrecondition, match="the log has 40 matches"):
        await many.board(Window("race", 0, 41))
