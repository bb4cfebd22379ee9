"""Matches of a Game service, played to the end."""

from collections.abc import Sequence

import numpy as np

from mazemesh.client.game.game import GameClient, GamesSession
from mazemesh.v1 import game_pb2 as pb

BOT = "bot/shortest-path"


def tokens_of(matches: Sequence[pb.CreatedMatch]) -> list[str]:
    return [
        token for match in matches for game in match.games for token in game.seat_tokens if token
    ]


def play_out(session: GamesSession, seed: int = 0) -> dict[str, tuple[list[float], int]]:
    """Plays at random to the end; scores and steps by game id."""
    rng = np.random.default_rng(seed)
    outcomes = {}
    while not session.over:
        session.send(rng.integers(0, 5, session.controllers.shape, dtype=np.int8))
        step = session.receive()
        for index, scores, steps in zip(
            step.ended_games.tolist(), step.ended_scores.tolist(), step.ended_steps, strict=True
        ):
            outcomes[session.game_ids[index]] = (scores, int(steps))
    return outcomes


def play_match(client: GameClient, setup: pb.MatchSetup) -> dict[str, tuple[list[float], int]]:
    with client.join_session(tokens_of(client.create([setup]))) as session:
        return play_out(session)
