"""Recordings on the wire and in files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from google.protobuf.message import DecodeError

from mazemesh.errors import FailedPrecondition
from mazemesh.game_replay import GameReplay
from mazemesh.games import Catalogue
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.actions import encode_actions
from mazemesh.wire.spaces import space_to_proto
from mazemesh.wire.specs import settings_to_proto, spec_to_proto
from mazemesh.wire.tensors import to_bytes
from services.game.matches.match import MatchGame
from services.game.play.outcome import Outcome
from services.game.play.tape import HASH_INTERVAL
from services.game.recordings.frames import frames
from services.game.store import RecordingEntry
from services.game.wire.convert import add_maze, finished, frame, timestamp


def encode_file(games: Sequence[MatchGame]) -> bytes:
    """The content of a recording file: a compressed game.proto ReplayFile."""
    message = pb.ReplayFile(games=[_recorded(game) for game in games])
    return zlib.compress(message.SerializeToString(deterministic=True), level=9)


def recording(entry: RecordingEntry, content: bytes) -> pb.GameReplay:
    """The recording of an entry, from the content of its file.

    Raises:
        FailedPrecondition: the file does not hold it.
    """
    try:
        return pb.ReplayFile.FromString(zlib.decompress(content)).games[entry.index]
    except (zlib.error, DecodeError, IndexError) as error:
        raise FailedPrecondition(f"recording file {entry.file} cannot be read: {error}") from error


def shown(
    message: pb.GameReplay, games: Catalogue, *, observed: bool
) -> Iterator[pb.WatchReplayResponse]:
    """A recording as it is watched; see `services.game.recordings.frames`.

    Raises:
        FailedPrecondition: it cannot be shown, and why.
    """
    replay, told = GameReplay.from_proto(message), message.info.outcome
    outcome = Outcome(
        scores=tuple(told.scores),
        steps=told.steps,
        truncated=told.truncated,
        returns=(),
        successes=tuple(told.successes),
    )
    for moment in frames(replay, games, outcome, observed=observed):
        is_first = moment.frame.step == 0
        picture = frame(replay.game_id, moment.frame, observed=observed)
        answer = pb.WatchReplayResponse(frame=picture, actions=moment.actions)
        if is_first:
            add_maze(answer.frame, moment.passages, moment.exit)
            answer.frame.participants.extend(replay.participants)
            answer.game = replay.game
            answer.spec.CopyFrom(spec_to_proto(games.get(replay.game), replay.settings))
        yield answer


def recording_info(entry: RecordingEntry) -> pb.ReplayInfo:
    """A row of the list of recordings."""
    return pb.ReplayInfo(
        game_id=entry.game_id,
        match_id=entry.match_id,
        game=entry.game,
        rules_hash=entry.rules_hash,
        participants=entry.participants,
        outcome=finished(entry.outcome),
        rated=entry.rated,
        finish_time=timestamp(entry.finish_time),
    )


def _recorded(game: MatchGame) -> pb.GameReplay:
    assert game.board is not None
    assert game.board.batch.tape is not None
    assert game.outcome is not None
    setup = game.match.setup
    recording = game.board.batch.tape.recording(game.index, game.outcome.steps)
    spec = setup.game.spec(setup.settings)
    space = spec.action_space
    # One byte an action needs no space to be read.
    plain = spec.has_numbered_actions and spec.action_bytes == 1
    return pb.GameReplay(
        info=pb.ReplayInfo(
            game_id=game.game_id,
            match_id=setup.match_id,
            game=setup.game.name,
            rules_hash=spec.rules_hash,
            participants=game.names,
            outcome=finished(game.outcome),
            rated=setup.rated,
            finish_time=timestamp(game.match.finish_time or 0.0),
        ),
        settings=settings_to_proto(setup.settings),
        seed=setup.seed,
        rotation=game.rotation,
        actions=encode_actions(space, recording.actions, recording.actions.shape),
        hash_interval=HASH_INTERVAL,
        hashes=to_bytes(np.array(recording.hashes, np.uint64), "uint64"),
        action_space=None if plain else space_to_proto(space),
    )
