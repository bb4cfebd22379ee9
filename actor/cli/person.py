"""A person plays one game in the terminal; the opponent's network runs in this process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from uuid import uuid4

import numpy as np

from actor.cli.keys import next_move, single_keys
from mazemesh.client.game.game import GameClient
from mazemesh.client.game.seat_session import SeatSession
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.evaluation.seats import play_seat
from mazemesh.games import Purpose, get_game, is_bot, seeds
from mazemesh.games.mazes.overview import legend
from mazemesh.games.mazes.render import draw_text
from mazemesh.policy.cache import PolicyCache
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import (
    GameFinished,
    GameSettings,
    MatchSetup,
    Turn,
    WatchGameResponse,
)
from mazemesh.wire.specs import settings_from_proto

PERSON = "player/you"

_JOIN_SECONDS = 600.0  # after which a match that nobody begins is dropped
_TURN_SECONDS = 90.0


def play_in_terminal(
    mesh: Mesh, opponent: str, game: str, settings: GameSettings, number: int
) -> None:
    """Plays one unrated game from its start to its end, or until the person leaves.

    Args:
        mesh: Clients.
        opponent: "name:version" or a bot; it holds every other seat.
        game: What is played.
        settings: Its settings; shaping is left out.
        number: Of the maze.

    Raises:
        MazemeshError: the game cannot be created or was lost.
    """
    seats = get_game(game).spec(settings_from_proto(settings)).seats
    plain = GameSettings()
    plain.CopyFrom(settings)
    plain.shaping = 0.0
    setup = MatchSetup(
        match_id=f"person/{uuid4().hex}",
        game=game,
        settings=plain,
        seed=seeds.seed(Purpose.EVALUATION, number),
        participants=[PERSON, *[opponent] * (seats - 1)],
        rotations=1,
    )
    match = mesh.game.create([setup])[0]
    created, game_service = match.games[0], mesh.game.at(match.game_address)
    left = threading.Event()
    for token in created.seat_tokens[1:]:
        if token and not is_bot(opponent):
            policy = PolicyCache(mesh.model).get(opponent)
            arguments = (game_service, token, policy, left)
            threading.Thread(target=_let_play, args=arguments, daemon=True).start()
    try:
        take_seat(game_service, created.seat_tokens[0], created.game_id, game)
    finally:
        left.set()


def take_seat(game_service: GameClient, token: str, game_id: str, game: str) -> None:
    """Plays a seat of a maze game in the terminal, to the end or until the person leaves.

    Args:
        game_service: The instance that has the game.
        token: Of the seat.
        game_id: Of the game.
        game: What is played; one of mazemesh's own.

    Raises:
        MazemeshError: the game was lost.
    """
    with game_service.play(token) as seat, single_keys():
        _play(seat, _View(game_service, game_id, legend(get_game(game)), seat.joined.seat))


def _play(seat: SeatSession, view: _View) -> None:
    # Until all others are there nothing is told.
    waits = _JOIN_SECONDS
    while True:
        turn = seat.receive(timeout=waits)
        waits = _TURN_SECONDS
        if isinstance(turn, GameFinished):
            _say(_outcome(turn, seat.joined.seat))
            return
        view.show(turn)
        action = _legal_move(turn)
        if action is None:
            _say("left; your seat stays until the game is over")
            return
        seat.act(turn.step, action)


def _legal_move(turn: Turn) -> int | None:
    while True:
        action = next_move()
        if action is None or turn.action_mask[action]:
            return action
        _say("a wall is in the way")


def _let_play(game: GameClient, token: str, policy: OnnxPolicy, left: threading.Event) -> None:
    """Answers every turn of a seat by the policy's best action, until the person has left."""
    try:
        play_seat(game, token, policy, left)
    except MazemeshError as error:
        if not left.is_set():
            _say(f"the opponent is gone: {error}")


class _View:
    """The maze as a watcher sees it, drawn at each of the person's turns."""

    def __init__(self, game_service: GameClient, game_id: str, legend: str, seat: int) -> None:
        self._legend = f", {legend}" if legend else ""
        self._seat = seat
        self._frames: Iterator[WatchGameResponse] = game_service.watch(game_id)
        self._maze: WatchGameResponse | None = None

    def show(self, turn: Turn) -> None:
        """Waits for the frame of the turn's step and draws it."""
        for frame in self._frames:
            if frame.passages:
                self._maze = frame
            if frame.step >= turn.step:
                break
        else:
            return
        maze = self._maze
        if maze is None:
            return
        passages = np.frombuffer(maze.passages, np.uint8).reshape(maze.height, maze.width)
        players, goals, items = (
            [divmod(cell, maze.width) for cell in cells]
            for cells in (frame.positions, frame.goals, frame.items)
        )
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[2J\x1b[H")
        _say(draw_text(passages, goals, players, items=items))
        _say(f"step {turn.step}: you are {self._seat + 1}{self._legend}")


def _outcome(finished: GameFinished, seat: int) -> str:
    score, steps = finished.scores[seat], finished.steps
    if len(finished.scores) == 1:
        return f"solved in {steps} steps" if score else f"not solved in {steps} steps"
    verdict = "you win" if score > 0.5 else "you lose" if score < 0.5 else "a draw"
    return f"{verdict} after {steps} steps"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
