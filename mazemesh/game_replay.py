"""Replays of games: what was played, to be looked at and to be verified against the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games import Catalogue, Game, GameSettings
from mazemesh.games.spaces import Discrete, Space
from mazemesh.games.spaces.arrays import action_dtype
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.actions import decode_actions
from mazemesh.wire.spaces import space_from_proto
from mazemesh.wire.specs import settings_from_proto
from mazemesh.wire.tensors import from_bytes

if TYPE_CHECKING:
    from mazemesh.games.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class GameReplay:
    """One game that was played.

    Attributes:
        game_id, match_id: what it was called.
        participants: by seat.
        game, settings, rules_hash: what was played.
        seed, rotation: on what; the engine's game id and episode were 0.
        actions: [steps, seats] of the game's `columns.action_dtype` (int8 in mazes), what each seat
            really did.
        hash_interval: steps between two hashes.
        hashes: uint64 [n], after every so many steps and after the last one, see `chain`.
        scores: by seat.
        truncated: the step limit ended it.
    """

    game_id: str
    match_id: str
    participants: tuple[str, ...]
    game: str
    settings: GameSettings
    rules_hash: str
    seed: int
    rotation: int
    actions: npt.NDArray[Any]
    hash_interval: int
    hashes: npt.NDArray[np.uint64]
    scores: tuple[float, ...]
    truncated: bool

    @property
    def steps(self) -> int:
        """Its length."""
        return len(self.actions)

    @classmethod
    def from_proto(cls, message: pb.GameReplay) -> GameReplay:
        """A replay as GetReplay gives it.

        Raises:
            InvalidArgument: what it says of itself does not fit together.
        """
        info = message.info
        seats = len(info.participants)
        if not seats or message.hash_interval < 1:
            raise InvalidArgument(
                f"replay: {seats} participants and hash_interval {message.hash_interval}; both "
                "should be 1 or more"
            )
        space: Space = Discrete(1)
        if message.HasField("action_space"):
            space = space_from_proto(message.action_space, "action_space")
        actions = decode_actions(space, message.actions, (info.outcome.steps, seats))
        count = -(-info.outcome.steps // message.hash_interval)
        hashes = from_bytes(message.hashes, "uint64", (count,), "hashes")
        return cls(
            game_id=info.game_id,
            match_id=info.match_id,
            participants=tuple(info.participants),
            game=info.game,
            settings=settings_from_proto(message.settings),
            rules_hash=info.rules_hash,
            seed=message.seed,
            rotation=message.rotation,
            actions=actions.astype(action_dtype(space)),
            hash_interval=message.hash_interval,
            hashes=hashes.astype(np.uint64),
            scores=tuple(info.outcome.scores),
            truncated=info.outcome.truncated,
        )


def chain(before: int, actions: npt.NDArray[Any], state_hash: int) -> int:
    """A hash of a replay: of the one before (0 at first), the actions [k, seats] since, the state.

    An action that had no effect, as a move that lost a conflict, is no part of the state.
    """
    digest = hashlib.blake2b(before.to_bytes(8, "little"), digest_size=8)
    digest.update(actions.tobytes())
    digest.update(state_hash.to_bytes(8, "little"))
    return int.from_bytes(digest.digest(), "little")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay is not what the engine plays: at the latest in `step`, from 1; 0: before."""

    step: int
    reason: str


def verify(replay: GameReplay, games: Catalogue | None = None) -> Difference | None:
    """Plays a replay once more; the first difference, None if there is none.

    Of foreign games only those of `games` are played, for a replay's name may come from anybody.
    """
    game = _same_rules(replay, games)
    if isinstance(game, Difference):
        return game
    try:
        engine = _begin(replay, game)
    except InvalidArgument as error:
        return Difference(0, str(error))
    hashes, found = iter(replay.hashes.tolist()), 0
    for step, actions in enumerate(replay.actions, start=1):
        if not engine.active[0]:
            return Difference(step, f"the game was over after step {step - 1}")
        engine.step(actions[None])
        if not np.array_equal(engine.taken[0], actions):
            return Difference(
                step, f"actions {actions.tolist()} are played as {engine.taken[0].tolist()}"
            )
        if step % replay.hash_interval == 0 or step == replay.steps:
            first = (step - 1) // replay.hash_interval * replay.hash_interval
            found = chain(found, replay.actions[first:step], engine.state_hash(0))
            expected = next(hashes)
            if found != expected:
                return Difference(
                    step,
                    f"the hash over steps {first + 1} to {step} is {found:#018x}, recorded is "
                    f"{expected:#018x}",
                )
    return _check_outcome(replay, engine)


def play(replay: GameReplay, games: Catalogue | None = None) -> Iterator[Engine]:
    """The engine with the replay's game: before the first step, then after each one.

    Raises:
        InvalidArgument: the replay's game or rules are not those of this version, or it is a
            foreign game that is not among `games`.
    """
    game = _same_rules(replay, games)
    if isinstance(game, Difference):
        raise InvalidArgument(f"replay of game {replay.game_id!r}: {game.reason}")
    engine = _begin(replay, game)
    yield engine
    for actions in replay.actions:
        engine.step(actions[None])
        yield engine


def _same_rules(replay: GameReplay, games: Catalogue | None) -> Game | Difference:
    try:
        game = (games or Catalogue()).get(replay.game)
        rules = game.spec(replay.settings).rules_hash
    except InvalidArgument as error:
        return Difference(0, str(error))
    if rules != replay.rules_hash:
        return Difference(
            0,
            f"its rules hash is {replay.rules_hash}; {replay.game} under its settings has {rules} "
            "in this version",
        )
    return game


def _begin(replay: GameReplay, game: Game) -> Engine:
    from mazemesh.games.engines import new_engine

    engine = new_engine(game, replay.settings, 1, autoreset=False)
    if engine.spec.seats != replay.actions.shape[1]:
        raise InvalidArgument(
            f"replay: {replay.actions.shape[1]} participants, but {engine.spec.seats} seats"
        )
    if engine.taken.dtype != replay.actions.dtype:
        raise InvalidArgument(
            f"replay: actions of {replay.actions.dtype}; those of the game are {engine.taken.dtype}"
        )
    engine.reset(seed=replay.seed, rotation=replay.rotation)
    return engine


def _check_outcome(replay: GameReplay, engine: Engine) -> Difference | None:
    if engine.active[0]:
        return Difference(replay.steps, "the game is not over after its last step")
    outcome = tuple(engine.score[0].tolist()), bool(engine.truncated[0])
    if outcome != (replay.scores, replay.truncated):
        return Difference(
            replay.steps,
            f"scores and truncated are {outcome}; recorded is {(replay.scores, replay.truncated)}",
        )
    return None
