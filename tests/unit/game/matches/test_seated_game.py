"""A game played seat by seat while its steps are made in threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition
from mazemesh.games import GameSettings, Purpose, seeds
from mazemesh.games.engines import new_engine
from mazemesh.games.registry import get_game
from services.game.matches.match import Board, Match, lay_out, make_batch
from services.game.matches.seating import SeatedGame, SeatTurn
from services.game.matches.setup import MatchSetup
from services.game.play.stepping import Stepping

PATIENCE = 60.0


class HeldThreads(Executor):
    """Makes each step at once, and tells of it when `release` is called."""

    def __init__(self) -> None:
        self.made = asyncio.Event()
        self._told: list[tuple[Future[Any], Any]] = []

    def submit(self, call: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._told.append((future, call(*arguments, **named)))
        self.made.set()
        return future

    def release(self) -> None:
        self.made.clear()
        for future, result in self._told:
            future.set_result(result)
        self._told.clear()


def seated(threads: HeldThreads, move_timeout: float) -> SeatedGame:
    """A race of two people."""
    game = get_game("race")
    setup = MatchSetup(
        "m",
        game,
        game.resolve(GameSettings()),
        seeds.seed(Purpose.TRAINING, 1),
        ("player/ann", "player/bob"),
        rated=False,
        rotations=1,
        fence=0,
    )
    match = Match(setup, 0.0, 0.0)
    lay_out(match)
    board = Board(match.games, make_batch(match.games, new_engine), 0.0)
    board.take_places()
    stepping = Stepping(lambda *_: None, lambda: 0.0, lambda: 0.0, 0, threads)
    recorder: Any = None  # nothing ends here
    return SeatedGame(board, stepping, recorder, move_timeout)


async def test_nobody_is_told_of_a_turn_while_it_is_stepped() -> None:
    threads = HeldThreads()
    played = seated(threads, move_timeout=0.01)
    for seat in (0, 1):
        played.join(seat)
    async with asyncio.timeout(PATIENCE):
        await threads.made.wait()  # both were too slow, and the engine is a step ahead already
        late = asyncio.create_task(played.news(0, -1))
        with pytest.raises(FailedPrecondition, match=r"the current turn is 0, which is over"):
            played.act(0, 0, np.zeros((1, 1), np.int8))
        assert not late.done()
        threads.release()
        news = await late
        assert isinstance(news, SeatTurn)
        assert news.step == 1
        await threads.made.wait()
    played.game.match.alive = False
    threads.release()
    assert played._play is not None
    played._play.cancel()
