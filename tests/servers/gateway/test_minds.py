"""What a policy sees and thinks in a game that runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect

from tests.servers.gateway.world import SECONDS, SMALL, Services


@pytest.fixture
def training(world: Services) -> Iterator[str]:
    """A training session that goes on until the test is over; its id."""
    over = threading.Event()
    session = world.mesh.game.open_session("race", SMALL, 2, 7, session_id="minds")

    def play() -> None:
        moves = np.full((2, 2), 2, np.int8)
        while not over.is_set():
            session.send(moves)
            session.receive()
            over.wait(0.01)
        session.close()

    thread = threading.Thread(target=play)
    thread.start()
    yield "minds"
    over.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def follow(url: str, game: str, query: str) -> Iterator[dict[str, Any]]:
    with connect(f"ws{url.removeprefix('http')}/ws/minds/{game}?{query}") as socket:
        while True:
            yield json.loads(socket.recv(SECONDS))


def test_thoughts_of_a_training_game_go_on_from_episode_to_episode(url: str, training: str) -> None:
    told = follow(url, f"{training}/1", "seat=1&policy=race:2")
    assert next(told) == {"type": "opened", "policy": "race:2", "seat": 1}
    episodes = 0
    for news in told:
        if news["type"] == "episode":
            assert (news["width"], news["height"]) == (3, 3)
            episodes += 1
        else:
            assert news["type"] == "thought"
            assert abs(sum(news["probabilities"]) - 1) < 0.01
            assert news["observation"]
        if episodes == 2 and news["type"] == "thought":
            break
    told.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("game", "query", "words"),
    [
        ("minds/0", "seat=0", "name a version"),
        ("minds/0", "seat=9&policy=race:1", "outside 0..1"),
        ("minds/0", "policy=race:99", "race:99"),
        ("nobody", "policy=race:1", "not running"),
    ],
)
def test_what_cannot_be_asked_is_explained(
    url: str, training: str, game: str, query: str, words: str
) -> None:
    assert training
    news = next(follow(url, game, query))
    assert news["type"] == "problem"
    assert words in news["detail"]
