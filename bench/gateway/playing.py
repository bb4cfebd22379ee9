"""A game in which somebody moves ten times a second, and when they did."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.games import GameSettings
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.specs import settings_to_proto

PACE = 0.1


class Played:
    """Steps by when they were asked for, in Unix seconds."""

    def __init__(self, game_id: str) -> None:
        self.game_id = game_id
        self.moved: dict[int, float] = {}
        self.stop = threading.Event()

    def first_step(self, after: float) -> int:
        """The first step that was asked for after a time in Unix seconds; waits for it."""
        while not (later := [step for step, when in list(self.moved.items()) if when > after]):
            if self.stop.wait(PACE / 10):
                raise RuntimeError("the game is over")
        return min(later)


@contextmanager
def playing(mesh: Mesh) -> Iterator[Played]:
    """A race of two people who stay where they are, one of them ten times a second."""
    settings = GameSettings(width=24, height=24, step_limit=65_000)
    setup = pb.MatchSetup(
        match_id=f"bench-{uuid.uuid4().hex}",
        game="race",
        settings=settings_to_proto(settings),
        participants=["player/bench", "player/still"],
        rotations=1,
    )
    (match,) = mesh.game.create([setup])
    game = match.games[0]
    tokens = list(game.seat_tokens)
    played = Played(game.game_id)
    threads = [
        threading.Thread(target=_walk, args=(mesh, tokens[0], played, True)),
        threading.Thread(target=_walk, args=(mesh, tokens[1], played, False)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield played
    finally:
        played.stop.set()
        for thread in threads:
            thread.join(30)


def _walk(mesh: Mesh, token: str, played: Played, leads: bool) -> None:
    with mesh.game.play(token) as seat:
        due = time.time()
        while not played.stop.is_set():
            try:
                turn = seat.receive()
            except MazemeshError:
                if played.stop.is_set():  # the other one has left already, and the mesh goes
                    return
                raise
            if not isinstance(turn, pb.Turn):
                return
            if leads:
                due = max(due + PACE, time.time() - PACE)
                played.stop.wait(max(0.0, due - time.time()))
                played.moved[turn.step + 1] = time.time()
            seat.act(turn.step, 0)  # to stay is a move, and never ends the race
