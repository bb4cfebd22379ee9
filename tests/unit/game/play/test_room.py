"""What games may take of a server: memory and places, known and reserved before they are taken."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted, Unavailable
from mazemesh.games import GameSettings, get_game
from mazemesh.games.engines import new_engine
from mazemesh.games.mazes.engine import BatchEngine
from services.game.dm_env.worlds import Worlds, WorldSetup
from services.game.play.batch import Batch
from services.game.play.room import Footprint, Room, Rooms, footprint
from services.game.play.stepping import Stepping
from services.game.sessions.session import Session
from services.game.sessions.sessions import Sessions

RACE = get_game("race")
SMALL = RACE.resolve(GameSettings(width=4, height=4, view=3))


def stepping(threads: ThreadPoolExecutor) -> Stepping:
    return Stepping(lambda *step: None, lambda: 0.0, lambda: 0.0, 4096, threads)


def test_memory_is_reserved_before_it_is_taken_and_given_back() -> None:
    room, need = Room(1000, 600), Footprint(fixed=100, each=50)
    first = room.take(need, 10)
    with pytest.raises(ResourceExhausted, match=r"num_games: 11 games.*one session, so that 10"):
        room.take(need, 11)
    with pytest.raises(ResourceExhausted, match=r"what is left, so that 6 games"):
        room.take(need, 7)
    second = room.take(need, 6)
    assert room.used == 1000
    del first
    assert room.used == 400
    del second
    assert room.used == 0


@pytest.mark.parametrize("game", ["solo", "race", "collect", "pursuit", "ctf"])
@pytest.mark.parametrize("draw_ahead", [False, True])
def test_what_an_engine_takes_is_known_before(game: str, draw_ahead: bool) -> None:
    rules = get_game(game)
    settings = rules.resolve(GameSettings(width=9, height=7, view=9))
    need = footprint(rules, settings, autoreset=True, draw_ahead=draw_ahead)
    arrays = need.of(64) - 64 * (2 * rules.spec(settings).step_bytes + settings.seats)
    engine = BatchEngine(rules, settings, 64, draw_ahead=draw_ahead)
    held = sum(array.nbytes for array in engine._state)  # most of what it holds
    assert held <= arrays < 2 * held
    engine.close()


def test_a_place_is_held_while_a_session_is_made() -> None:
    sessions: Sessions[int] = Sessions(30.0, 1, lambda: 0.0)
    with sessions.reserve("a", ""):
        with pytest.raises(ResourceExhausted, match="limit"), sessions.reserve("b", ""):
            pass
        with pytest.raises(AlreadyExists), sessions.reserve("a", ""):
            pass
    with sessions.reserve("b", ""):
        pass


async def test_who_comes_to_a_stopping_server_is_told_so() -> None:
    sessions: Sessions[int] = Sessions(30.0, 9, lambda: 0.0)
    sessions.end_streams(Unavailable("stopping"))
    with pytest.raises(Unavailable), sessions.reserve("a", ""):
        pass
    with pytest.raises(Unavailable):
        sessions.resume("a", "")


async def test_worlds_that_are_being_made_count() -> None:
    going = threading.Event()

    def read() -> WorldSetup:
        going.wait(20)
        return WorldSetup(RACE, SMALL, 0, "bot/random")

    with ThreadPoolExecutor(4) as threads:
        steps = stepping(threads)
        worlds = Worlds(
            steps, new_engine, Rooms(Room(1 << 30, 1 << 30), steps), 2, iter("ab").__next__
        )
        made = [asyncio.create_task(worlds.create(read)) for _ in range(3)]
        with pytest.raises(ResourceExhausted, match="2 worlds"):
            await asyncio.wait_for(asyncio.shield(made[2]), 20)
        going.set()
        await asyncio.gather(*made[:2])
        assert len(worlds) == 2


async def test_nobody_looks_at_games_in_the_middle_of_a_step() -> None:
    """A session's steps are played in another thread, and there is a watcher to come."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(BatchEngine):
        def step(self, actions: object, on_end: object = None) -> None:
            before = self.position.copy()
            self.position[...] = -1
            begun.set()
            go_on.wait(20)
            self.position[...] = before
            super().step(np.zeros_like(self.taken))

    engine = Slow(RACE, SMALL, 2)
    engine.reset(seed=1)
    batch = Batch(engine)
    with ThreadPoolExecutor(1) as threads:
        session: Session[int] = Session("a", 1, batch, stepping(threads), lambda number, _: number)
        step = asyncio.get_running_loop().run_in_executor(
            threads, session.play_now, 1, np.zeros_like(engine.taken)
        )
        await asyncio.to_thread(begun.wait, 20)

        async def look() -> tuple[int, ...]:
            async with batch.at_rest():
                return batch.frame(0).positions

        looking = asyncio.create_task(look())
        await asyncio.sleep(0)
        assert not looking.done()
        go_on.set()
        assert min(await looking) >= 0
        await step


async def test_the_token_is_all_that_resumes() -> None:
    sessions: Sessions[int] = Sessions(30.0, 9, lambda: 0.0)
    engine = BatchEngine(RACE, SMALL, 1)
    engine.reset(seed=1)
    with ThreadPoolExecutor(1) as threads:
        session: Session[int] = Session("a", 1, Batch(engine), stepping(threads), lambda n, _: n)
        with sessions.reserve("a", ""):
            sessions.add(session)
        assert sessions.resume("a", session.resume_token) is session
        for wrong in ("", session.resume_token[:-1], session.resume_token + "x"):
            with pytest.raises(NotFound):
                sessions.resume("a", wrong)
        assert sessions.find("a") is session
