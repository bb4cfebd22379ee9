"""What notebooks watch, as real services tell it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mazemesh import notebook
from mazemesh.client.mesh import Mesh
from mazemesh.errors import FailedPrecondition, NotFound
from mazemesh.games import GameSettings
from mazemesh.notebook import feeds
from tests.servers.gateway.world import publish, rate, services


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    folder: Path = tmp_path_factory.mktemp("mesh")
    with services(folder) as running:
        publish(running.mesh)
        rate(running.mesh)
        running.mesh.wait(60, gateway=False)
        yield running.mesh


def test_a_duel_leaves_recordings_that_are_shown_to_their_ends(mesh: Mesh) -> None:
    tally = mesh.policies.duel("race:1", "bot/random", games=4)
    assert tally.games == 4
    [newest, *_] = mesh.game.list_replays()
    last = notebook.watch_recording(mesh, moves_a_second=1_000)
    assert last.step == newest.outcome.steps
    assert last.note.startswith(f"over after {newest.outcome.steps} steps")
    assert sorted(last.names) == ["bot/random", "race:1"]
    assert (last.width, last.height, last.game) == (3, 3, "race")
    assert 0.0 <= mesh.policies.success_rate("race:1", 4) <= 1.0


def test_a_game_of_training_is_shown_from_episode_to_episode(mesh: Mesh) -> None:
    settings = GameSettings(width=3, height=3, step_limit=6)
    enough = threading.Event()
    with mesh.game.open_session("solo", settings, 2, seed=1) as session, mesh.again() as own:
        [active] = [one for one in mesh.game.list_active() if one.game == "solo"]

        def play() -> None:
            while not enough.wait(0.005):  # a watcher who is late misses steps
                session.send(np.zeros((2, 1), np.int8))
                session.receive()

        player = threading.Thread(target=play)
        player.start()
        steps = []
        for board in feeds.boards(own, active.game_id, endless=True):
            steps.append(board.step)
            if len(steps) > 1 and board.step < steps[-2]:  # the next episode
                break
        enough.set()
        player.join()
    assert (board.game, board.names) == ("solo", ("",))
    assert max(steps) <= 6


def test_who_waits_for_a_game_that_never_comes_leaves_nothing_behind(mesh: Mesh) -> None:
    assert notebook.watch_board(mesh, "no-such-player", seconds=0.3) is None
    assert [one for one in threading.enumerate() if one.name == "notebook"] == []


def test_a_game_that_does_not_run_is_none(mesh: Mesh) -> None:
    with pytest.raises(NotFound):
        notebook.watch_board(mesh, "no/such-game", seconds=10)
    with pytest.raises(NotFound):
        notebook.watch_recording(mesh, "no-such-game")


def test_a_leaderboard_now_and_as_it_changes(mesh: Mesh) -> None:
    board = notebook.leaderboard(mesh, "race", top=2)
    assert len(board.rows) == 2
    assert board.players >= 3
    watched = notebook.watch_leaderboard(mesh, "race", top=2, seconds=1.0)
    assert watched is None or watched.rows == board.rows


def test_a_frame_without_a_maze_is_refused(mesh: Mesh) -> None:
    from mazemesh.v1.game_pb2 import WatchGameResponse

    with pytest.raises(FailedPrecondition, match="chess has no maze"):
        next(feeds._episode(iter([WatchGameResponse(step=1)]), "chess"))
