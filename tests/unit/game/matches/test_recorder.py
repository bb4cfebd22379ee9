"""Who saves a board of finished matches, and when."""

import asyncio
from collections.abc import Sequence
from typing import Any

from mazemesh.games import GameSettings, Purpose, get_game, seeds
from services.game.matches.match import Board, Match
from services.game.matches.recorder import Recorder
from services.game.matches.setup import MatchSetup
from services.game.store import FinishedMatch


class SlowArchive:
    """Writes when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.written: list[str] = []

    async def write(self, matches: Sequence[Match]) -> dict[str, Any]:
        self.begun.set()
        await self.let.wait()
        self.written += [match.setup.match_id for match in matches]
        return {}

    async def trim(self, added: int) -> None:
        pass


class Store:
    def __init__(self) -> None:
        self.finished: list[str] = []

    async def finish(self, matches: Sequence[FinishedMatch]) -> set[str]:
        self.finished += [match.match_id for match in matches]
        return set()


class Outbox:
    def wake(self) -> None:
        pass


async def test_of_two_who_save_a_board_one_does() -> None:
    race = get_game("race")
    settings = race.resolve(GameSettings())
    seed = seeds.seed(Purpose.EVALUATION, 1)
    setup = MatchSetup("m", race, settings, seed, ("bot/random", "bot/random"), False, 0, 1)
    match = Match(setup, create_time=0.0, touched=0.0)
    match.finish_time = 1.0
    board: Any = Board([], None, 0.0)  # type: ignore[arg-type]
    board.unsaved.append(match)
    archive, store = SlowArchive(), Store()
    recorder = Recorder(store, archive, Outbox(), lambda match: b"")  # type: ignore[arg-type]
    saves = [asyncio.create_task(recorder.save(board)) for _ in range(2)]
    await archive.begun.wait()
    archive.let.set()
    await asyncio.gather(*saves)
    assert archive.written == ["m"]
    assert store.finished == ["m"]
    assert board.unsaved == []
