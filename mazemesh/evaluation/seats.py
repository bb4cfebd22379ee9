"""Policies at single seats of games that people sit at, too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np

from mazemesh.client.game.seat_session import SeatSession
from mazemesh.errors import DeadlineExceeded, Unavailable
from mazemesh.games import is_bot
from mazemesh.policy.deciding import first_row
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import CreatedMatch, MatchSetup, Turn

_PERSON = "player/"
_LOOK_SECONDS = 1.0


class SeatPeer(Protocol):
    """What is needed of the Game service (`mazemesh.client.game.game.GameClient`)."""

    def play(self, seat_token: str) -> AbstractContextManager[SeatSession]:
        """Takes a seat."""
        ...


def has_people(setup: MatchSetup) -> bool:
    """Whether people take part in a match."""
    return any(one.startswith(_PERSON) for one in setup.participants)


def play_seats(
    game: SeatPeer,
    load: Callable[[str], OnnxPolicy],
    setup: MatchSetup,
    created: CreatedMatch,
    stop: threading.Event,
    *,
    temperature: float,
    rng: np.random.Generator,
) -> None:
    """Holds all seats of policies in a match until its games are over.

    Args:
        game: The instance of the Game service that has the match.
        load: A policy by exact version.
        setup: The match.
        created: Its games; seats without a token are played by others.
        stop: Ends it.
        temperature: Of the draws; 0 is greedy.
        rng: Source of the draws.

    Raises:
        Unavailable: it was stopped, or a stream broke.
        MazemeshError: a policy does not load, or the match was replaced.
    """
    seats = [
        (token, load(name))
        for one in created.games
        for token, index in zip(one.seat_tokens, one.seat_participants, strict=True)
        if token and not is_bot(name := setup.participants[index])
    ]
    with ThreadPoolExecutor(max(1, len(seats)), "seat") as pool:
        generators = rng.spawn(len(seats))
        playing = [
            pool.submit(play_seat, game, token, policy, stop, temperature=temperature, rng=own)
            for (token, policy), own in zip(seats, generators, strict=True)
        ]
        for one in playing:
            one.result()


def play_seat(
    game: SeatPeer,
    token: str,
    policy: OnnxPolicy,
    stop: threading.Event,
    *,
    temperature: float = 0.0,
    rng: np.random.Generator | None = None,
) -> None:
    """Answers every turn of a seat until its game is over.

    Raises:
        Unavailable: it was stopped, or the stream broke.
        MazemeshError: the game is gone.
    """
    state = np.zeros((1, policy.state_size), np.float32)
    with game.play(token) as seat:
        while True:
            if stop.is_set():
                raise Unavailable("who plays this seat stops")
            try:
                turn = seat.receive(timeout=_LOOK_SECONDS)
            except DeadlineExceeded:
                continue  # people think
            if not isinstance(turn, Turn):
                return
            columns = {name: row[None] for name, row in seat.seen(turn).items()}
            seen = policy.seen(columns)
            action, state = policy.act(*seen, state, rng=rng, temperature=temperature)
            seat.act(turn.step, first_row(action))
