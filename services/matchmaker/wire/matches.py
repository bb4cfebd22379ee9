"""Matches that Game creates: the core's nouns and the messages."""

from __future__ import annotations

from mazemesh.v1 import elo_pb2
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.specs import settings_to_proto
from services.matchmaker.setup import CreatedGame, CreatedMatch, MatchSetup, Vacancy


def setup_message(setup: MatchSetup) -> pb.MatchSetup:
    """A match as CreateGames takes it."""
    return pb.MatchSetup(
        match_id=setup.match_id,
        game=setup.game,
        settings=settings_to_proto(setup.settings),
        seed=setup.seed,
        participants=setup.participants,
        rated=setup.rated,
        fence=setup.fence,
        rotations=setup.rotations,
        exhibition=setup.exhibition,
        backfill=setup.backfill,
    )


def created_match(message: pb.CreatedMatch) -> CreatedMatch:
    """From the answer of CreateGames."""
    return CreatedMatch(
        message.match_id,
        [
            CreatedGame(
                game.game_id, game.rotation, tuple(game.seat_tokens), tuple(game.seat_participants)
            )
            for game in message.games
        ],
        message.game_address,
    )


def vacancy(message: pb.VacantSeat, game_address: str, instance: str) -> Vacancy:
    """From the answer of ListVacantSeats; where the instance is reached by players, and here."""
    return Vacancy(
        message.match_id,
        message.game_id,
        message.seat,
        message.ladder,
        tuple(message.participants),
        game_address,
        instance,
    )


def created_message(created: CreatedMatch) -> pb.CreatedMatch:
    """To evaluators, who join the games."""
    return pb.CreatedMatch(
        match_id=created.match_id,
        game_address=created.game_address,
        games=[
            pb.CreatedGame(
                game_id=game.game_id,
                rotation=game.rotation,
                seat_tokens=game.seat_tokens,
                seat_participants=game.seat_participants,
            )
            for game in created.games
        ],
    )


def mean_scores(result: elo_pb2.MatchResult) -> dict[str, float]:
    """By participant, its mean score over the games of a match; those of two sides add up to 1."""
    games = result.games
    return {
        player: sum(game.scores[place] for game in games) / len(games)
        for place, player in enumerate(result.participants)
    }
