"""Messages of game.proto <-> the objects of this service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import FailedPrecondition, InvalidArgument, within
from mazemesh.games import Catalogue, Game, GameSettings, GameSpec, bot_policy
from mazemesh.games.spaces.arrays import action_dtype
from mazemesh.v1 import elo_pb2
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.actions import decode_actions
from mazemesh.wire.specs import settings_from_proto, spec_to_proto
from mazemesh.wire.tensors import from_bytes, to_bytes
from services.game.listing import Entry, Watched
from services.game.matches.match import Match, MatchGame
from services.game.matches.results import results
from services.game.matches.seating import SeatTurn
from services.game.matches.setup import MAX_PARTICIPANTS, MatchSetup
from services.game.play.batch import Actions, Batch, Int8Array
from services.game.play.outcome import Outcome
from services.game.play.watching import Frame
from services.game.sessions.session import Reseat
from services.game.sessions.training import TrainingSetup

MAX_MATCHES = 1024


def game_spec(request: pb.GetGameSpecRequest, games: Catalogue) -> pb.GetGameSpecResponse:
    """A game under settings; takes about a second when a foreign one is first asked for.

    Raises:
        InvalidArgument: the game is not among `games`, or the settings do not fit it.
    """
    game = games.get(request.game)
    with within("settings"):
        spec = spec_to_proto(game, settings_from_proto(request.settings))
    return pb.GetGameSpecResponse(
        spec=spec,
        min_seats=game.min_seats,
        max_seats=game.max_seats,
        bots=[bot_policy(name) for name in game.bots],
    )


def training_setup(message: pb.OpenSession, games: Catalogue) -> TrainingSetup:
    """What an `open` asks for, of one of `games`.

    Raises:
        InvalidArgument: a field is wrong, named.
    """
    game = games.get(message.game)
    settings = _settings(message.settings, game)
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
        with_state=message.with_state,
    )


def actions(message: pb.StepGames, batch: Batch) -> Actions:
    """The actions [games, seats] of a step.

    Raises:
        InvalidArgument: too many or too few bytes.
    """
    engine = batch.engine
    return decode_actions(engine.spec.action_space, message.actions, engine.taken.shape)


def reseat(message: pb.StepGames, batch: Batch) -> Reseat | None:
    """The change of controllers in a step, if any.

    Raises:
        InvalidArgument: bytes that do not fit.
    """
    if not message.reseat_games and not message.reseat_controllers:
        return None
    games = from_bytes(message.reseat_games, np.int32, (-1,), "reseat_games").astype(np.int32)
    shape = (len(games), batch.engine.spec.seats)
    return Reseat(games, _int8("reseat_controllers", message.reseat_controllers, shape))


def opened(
    batch: Batch,
    step: pb.GamesStep,
    game_ids: list[str],
    resume_token: str,
    local_address: str = "",
    game_address: str = "",
    *,
    packing: int = 0,
) -> bytes:
    """The first answer of a stream, encoded; `game_ids` of games that were joined, if any."""
    engine = batch.engine
    message = pb.SessionOpened(
        spec=spec_to_proto(engine.game, engine.settings),
        num_games=engine.num_games,
        step=step,
        game_ids=game_ids,
        local_address=local_address,
        resume_token=resume_token,
        game_address=game_address,
        packing=packing,
    )
    if game_ids:
        message.controllers = to_bytes(engine.controller, "int8")
    return pb.RunGamesResponse(opened=message).SerializeToString()


def finished(outcome: Outcome) -> pb.GameFinished:
    """How a game ended."""
    return pb.GameFinished(
        scores=outcome.scores,
        steps=outcome.steps,
        truncated=outcome.truncated,
        successes=outcome.successes,
    )


def match_setups(request: pb.CreateGamesRequest, games: Catalogue) -> list[MatchSetup]:
    """The matches that are asked for, of `games`.

    Raises:
        InvalidArgument: a field is wrong, named with the index of the match.
    """
    if not 1 <= len(request.matches) <= MAX_MATCHES:
        raise InvalidArgument(f"matches: {len(request.matches)} is outside 1..{MAX_MATCHES}")
    setups = []
    for index, message in enumerate(request.matches):
        with within(f"matches[{index}]"):
            setups.append(_match_setup(message, games))
    return setups


def _match_setup(message: pb.MatchSetup, games: Catalogue) -> MatchSetup:
    if len(message.participants) > MAX_PARTICIPANTS:
        raise InvalidArgument(
            f"participants: {len(message.participants)} take part; at most {MAX_PARTICIPANTS} can"
        )
    game = games.get(message.game)
    return MatchSetup(
        match_id=message.match_id,
        game=game,
        settings=_settings(message.settings, game),
        seed=message.seed,
        participants=tuple(message.participants),
        rated=message.rated,
        rotations=message.rotations,
        fence=message.fence,
        exhibition=message.exhibition,
        backfill=message.backfill,
    )


def _settings(message: pb.GameSettings, game: Game) -> GameSettings:
    with within("settings"):
        return game.resolve(settings_from_proto(message))


def created(matches: Sequence[Match], game_address: str = "") -> pb.CreateGamesResponse:
    """The answer of CreateGames, by the instance at an address."""
    return pb.CreateGamesResponse(matches=[created_match(one, game_address) for one in matches])


def created_match(match: Match, game_address: str) -> pb.CreatedMatch:
    """A match with its games and their tokens."""
    return pb.CreatedMatch(
        match_id=match.setup.match_id,
        game_address=game_address,
        games=[
            pb.CreatedGame(
                game_id=game.game_id,
                rotation=game.rotation,
                seat_tokens=game.tokens,
                seat_participants=game.participants,
            )
            for game in match.games
        ],
    )


def match_result(match: Match) -> bytes:
    """What Elo is told of a finished match, an elo.proto MatchResult."""
    setup = match.setup
    message = elo_pb2.MatchResult(
        match_id=setup.match_id,
        ladder=setup.ladder,
        seed=setup.seed,
        rules_hash=setup.game.spec(setup.settings).rules_hash,
        participants=setup.participants,
        games=[
            elo_pb2.GameOutcome(
                game_id=game.game_id,
                rotation=game.rotation,
                scores=game.scores,
                steps=game.steps,
                termination=(
                    elo_pb2.TERMINATION_STEP_LIMIT
                    if game.truncated
                    else elo_pb2.TERMINATION_FINISHED
                ),
                teams=game.teams,
            )
            for game in results(match)
        ],
        finish_time=timestamp(match.finish_time or 0.0),
    )
    return message.SerializeToString(deterministic=True)


def seat_joined(game: MatchGame, seat: int) -> pb.PlayGameResponse:
    """The first answer to the player of a seat."""
    setup = game.match.setup
    return pb.PlayGameResponse(
        joined=pb.SeatJoined(
            game_id=game.game_id,
            seat=seat,
            spec=spec_to_proto(setup.game, setup.settings),
            participants=game.names,
        )
    )


def turn(seat_turn: SeatTurn) -> pb.Turn:
    """A turn on the wire."""
    return pb.Turn(
        step=seat_turn.step,
        observation=_row(seat_turn.observation),
        action_mask=_row(seat_turn.action_mask),
        reward=seat_turn.reward,
        deadline_time=timestamp(seat_turn.deadline),
    )


def _row(columns: Sequence[npt.NDArray[Any]]) -> bytes:
    """One row of each column, one after the other."""
    return b"".join(to_bytes(column, column.dtype) for column in columns)


def action(message: pb.Act, spec: GameSpec) -> Actions:
    """The action of a seat, [1, 1].

    Raises:
        InvalidArgument: it is out of range, or has too many or too few bytes.
    """
    if not spec.has_numbered_actions:
        return decode_actions(spec.action_space, message.actions, (1, 1), "act.actions")
    if not 0 <= message.action < spec.num_actions:
        raise InvalidArgument(f"act.action: {message.action} is outside 0..{spec.num_actions - 1}")
    return np.full((1, 1), message.action, action_dtype(spec.action_space))


def first_frame(game_id: str, watched: Watched, *, observed: bool = False) -> pb.WatchGameResponse:
    """The present picture of a game, with its maze.

    Raises:
        FailedPrecondition: `observed` is wished of a game of which several columns are seen.
    """
    engine, index = watched.batch.engine, watched.index
    if observed and not engine.spec.observation_size:
        raise FailedPrecondition(
            f"with_observations: what seats of {engine.spec.name} see is several columns; only one "
            "column can be shown"
        )
    message = frame(game_id, watched.batch.frame(index, observed=observed), observed=observed)
    add_maze(message, engine.passages[index], engine.exit[index].tolist())
    message.participants.extend(watched.participants)
    return message


def add_maze(
    message: pb.WatchGameResponse, passages: npt.NDArray[np.uint8], exit_at: Sequence[int]
) -> None:
    """Tells the maze, uint8 [height, width], and row and column of its exit."""
    message.passages = passages.tobytes()
    message.height, message.width = passages.shape
    message.exit_cell = exit_at[0] * message.width + exit_at[1]


def frame(game_id: str, picture: Frame, *, observed: bool = False) -> pb.WatchGameResponse:
    """A later picture; `observed`: with what each seat sees, where it has that."""
    return pb.WatchGameResponse(
        observations=picture.observations if observed else b"",
        action_masks=picture.action_masks if observed else b"",
        game_id=game_id,
        step=picture.step,
        positions=picture.positions,
        goals=picture.goals,
        items=picture.items,
        finished=None if picture.outcome is None else finished(picture.outcome),
    )


def active_game(entry: Entry, game_address: str = "") -> pb.ActiveGame:
    """A row of the list of running games, of the instance at an address."""
    return pb.ActiveGame(
        game_address=game_address,
        game_id=entry.game_id,
        kind=pb.ACTIVE_GAME_KIND_MATCH if entry.match_id else pb.ACTIVE_GAME_KIND_TRAINING,
        game=entry.game,
        participants=entry.participants,
        step=entry.step,
        num_games=entry.num_games,
        create_time=timestamp(entry.create_time),
        match_id=entry.match_id,
        open_seats=entry.open_seats,
    )


def timestamp(time: float) -> Timestamp:
    """Seconds since the epoch on the wire."""
    message = Timestamp()
    message.FromNanoseconds(int(time * 1e9))
    return message


def _int8(field: str, data: bytes, shape: tuple[int, ...]) -> Int8Array:
    return from_bytes(data, np.int8, shape, field)
