"""Messages of game.proto <-> the objects of this service."""

from __future__ import annotations

import numpy as np

from mazemesh.games import get_game
from mazemesh.tensors import from_bytes, to_bytes
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire import settings_from_proto, spec_to_proto
from services.game.batch import Batch, Int8Array, Report
from services.game.session import Reseat
from services.game.training import TrainingSetup
from services.game.watching import Outcome


def training_setup(message: pb.OpenSession) -> TrainingSetup:
    """What an `open` asks for.

    Raises:
        InvalidArgument: a field is wrong, named.
    """
    game = get_game(message.game)
    settings = game.resolve(settings_from_proto(message.settings))
    controllers = None
    if message.controllers:
        shape = (message.num_games, settings.seats)
        controllers = _int8("controllers", message.controllers, shape)
    return TrainingSetup(
        game=game,
        settings=settings,
        num_games=message.num_games,
        seed=message.seed,
        first_game_id=message.first_game_id,
        controllers=controllers,
    )


def actions(message: pb.StepGames, batch: Batch) -> Int8Array:
    """The actions [games, seats] of a step.

    Raises:
        InvalidArgument: too many or too few bytes.
    """
    return _int8("actions", message.actions, batch.engine.taken.shape)


def reseat(message: pb.StepGames, batch: Batch) -> Reseat | None:
    """The change of controllers in a step, if any.

    Raises:
        InvalidArgument: bytes that do not fit.
    """
    if not message.reseat_games and not message.reseat_controllers:
        return None
    games = from_bytes(message.reseat_games, "int32", (-1,), "reseat_games").astype(np.int32)
    shape = (len(games), batch.engine.spec.seats)
    return Reseat(games, _int8("reseat_controllers", message.reseat_controllers, shape))


def opened(
    batch: Batch, step: pb.GamesStep, game_ids: list[str] | None = None
) -> pb.RunGamesResponse:
    """The first answer of a stream; `game_ids` of games that were joined."""
    engine = batch.engine
    message = pb.SessionOpened(
        spec=spec_to_proto(engine.game, engine.settings), num_games=engine.num_games, step=step
    )
    if game_ids is not None:
        message.game_ids.extend(game_ids)
        message.controllers = to_bytes(engine.controller, "int8")
    return pb.RunGamesResponse(opened=message)


def games_step(sequence: int, report: Report) -> pb.GamesStep:
    """One step on the wire."""
    return pb.GamesStep(
        sequence=sequence,
        observation=report.observation.tobytes(),
        action_mask=report.action_mask.tobytes(),
        reward=to_bytes(report.reward, "float32"),
        status=report.status.tobytes(),
        ended_games=to_bytes(report.ended_games, "int32"),
        ended_scores=to_bytes(report.ended_scores, "float32"),
        ended_steps=to_bytes(report.ended_steps, "int32"),
        final_observation=report.final_observation.tobytes(),
    )


def finished(outcome: Outcome) -> pb.GameFinished:
    """How a game ended."""
    return pb.GameFinished(scores=outcome.scores, steps=outcome.steps, truncated=outcome.truncated)


def _int8(field: str, data: bytes, shape: tuple[int, ...]) -> Int8Array:
    return from_bytes(data, "int8", shape, field).view(np.int8)
