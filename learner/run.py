"""A run: what is trained, on what, and what actors must know of it. Without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from learner.algorithms.algorithm import Algorithm
from learner.algorithms.presets import override
from learner.algorithms.registry import find, names
from learner.algorithms.sizes import fitted
from learner.network.architecture import Architecture
from learner.network.parts.encoding import Encoding
from learner.network.source import Source, source_of
from learner.run_network import architecture_of, check_network, plain_values
from learner.run_players import check_opponents, roles_of
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.game_names import EXTERNAL, is_external
from mazemesh.games import Game, GameSettings, open_game
from mazemesh.games.external import ExternalGame
from mazemesh.games.ladder import sides
from mazemesh.games.spaces import content
from mazemesh.games.spaces.packings import packings
from mazemesh.games.spaces.space_files import read_spaces
from mazemesh.policy.heads import heads
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.external_spaces import external_to_proto
from mazemesh.wire.packed_signatures import packed_signature
from mazemesh.wire.specs import settings_to_proto
from mazemesh.wire.tensors import Signature

_MAZE_FIELDS = tuple(field.name for field in dataclasses.fields(GameSettings))


@dataclass(frozen=True)
class Run:
    """A training job. Its versions share the policy's name; `config` is its algorithm's.

    Of several policies that learn in the same games, each is a run; `roles` then has the role, the
    name and the seats of each, this one among them. `external` is the game where a simulator plays
    it.
    """

    policy: str
    game: str
    game_settings: GameSettings
    algorithm: str
    config: Any
    architecture: Architecture
    seed: int
    lockstep: bool = False
    pool: tuple[str, ...] = ()
    exploits: str = ""
    exploits_pool: bool = False
    packed: bool = True
    roles: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    games: int = 0
    batches_ahead: int = 0
    external: ExternalGame | None = None

    @classmethod
    def of(cls, settings: LearnerSettings) -> Run:
        """The preset of game and algorithm with the settings laid over it.

        Where observations are large, what the user has not set of the rows of a batch and a table
        is cut down to what fits (`learner.algorithms.sizes`).

        Raises:
            NotFound: no such game; names those there are.
            InvalidArgument: a game setting or hyperparameter that is out of range, or a row of
                experience that is larger than a message.
        """
        method = find(settings.algorithm)
        start = method.preset(settings.game)
        external = _external(settings)
        game = external or open_game(settings.game)
        given = {name: getattr(settings, name, None) for name in _MAZE_FIELDS}
        config = override(start.config, settings.hyperparameters)
        if settings.lockstep and method.experience.turns(config) is None:
            raise InvalidArgument(
                f"lockstep: {settings.algorithm} draws by priorities that follow the order of "
                f"arrival; it should be one of {', '.join(_ordered(settings.game))}"
            )
        game_settings = dataclasses.replace(
            start.game_settings,
            **{name: value for name, value in given.items() if value is not None},
        )
        spec = game.spec(game_settings)
        check_network(settings, method)
        check_opponents(settings, spec.seats, sides(spec.seats, spec.teams))
        run = cls(
            policy=settings.policy_name,
            game=settings.game,
            game_settings=game_settings,
            algorithm=settings.algorithm,
            config=config,
            architecture=architecture_of(settings, method, config, start.hidden, spec),
            seed=settings.seed,
            lockstep=settings.lockstep,
            pool=tuple(settings.pool),
            exploits=settings.exploits,
            exploits_pool=settings.exploits_pool,
            packed=settings.packed and external is None,
            roles=roles_of(settings, spec),
            games=start.games,
            batches_ahead=0 if settings.lockstep else settings.batches_ahead,
            external=external,
        )
        if run.batches_ahead and run.table.max_times_sampled != 1:
            raise InvalidArgument(
                f"batches_ahead = {run.batches_ahead}: {method.name} draws what is in its table "
                "again and again, by samples_per_insert; it should be 0"
            )
        row_bytes = run.signature.row_bytes
        fits = fitted(method.experience, config, row_bytes, settings.hyperparameters)
        if start.ends and settings.steps and "anneal_updates" not in settings.hyperparameters:
            fits = dataclasses.replace(fits, anneal_updates=fits.updates_of(settings.steps))
        return run if fits == config else dataclasses.replace(run, config=fits)

    @property
    def method(self) -> Algorithm[Any]:
        """The algorithm's record."""
        return find(self.algorithm)

    @property
    def rules(self) -> Game:
        """The game."""
        return self.external or open_game(self.game)

    @cached_property
    def source(self) -> Source:
        """Where its network comes from."""
        return source_of(self.architecture)

    @cached_property
    def signature(self) -> Signature:
        """Of the experience."""
        spec = self.rules.spec(self.game_settings)
        several = spec.seats > 1
        plain = self.method.experience.signature(self.config, self.architecture, opponents=several)
        return packed_signature(plain, packings(spec)) if self.packed else plain

    @cached_property
    def table(self) -> replay_pb2.Table:
        """The Replay table."""
        return self.method.experience.table(self.config, self.policy, self.signature)

    @property
    def batch_rows(self) -> int:
        """Rows of one request to Replay."""
        return self.method.experience.batch_rows(self.config)

    @property
    def steps_per_row(self) -> float:
        """Agent steps that a sampled row stands for: DQN draws each step several times."""
        return self.method.experience.steps_per_row(self.config)

    @cached_property
    def collection(self) -> model_pb2.Collection:
        """What actors must know."""
        collection = model_pb2.Collection(
            game=self.game, settings=settings_to_proto(self.game_settings), table=self.table.name
        )
        collection.batch_rows, collection.lockstep = self.batch_rows, self.lockstep
        if self.lockstep:
            turns = self.method.experience.turns(self.config)
            assert turns is not None  # or the run would have been refused
            collection.first_rows, collection.batch_rows = turns
        collection.pool.extend(self.pool)
        collection.exploits, collection.games = self.exploits, self.games
        collection.exploits_pool = self.exploits_pool
        collection.packed, collection.batches_ahead = self.packed, self.batches_ahead
        if any(head.continuous for head in heads(self.architecture.action_space)):
            collection.action_distribution = self.architecture.actions
        if self.external is not None:
            told = external_to_proto(self.external.observation, self.external.action)
            collection.external.CopyFrom(told)
        for role, policy, seats in self.roles:
            collection.roles.add(role=role, policy=policy, seats=seats)
        self.method.experience.tell(self.config, collection)
        return collection

    @property
    def description(self) -> dict[str, Any]:
        """All of it as plain values, for tracking and for the record beside the checkpoint."""
        bare = dataclasses.replace(self, architecture=_NOTHING, external=None)
        described = dataclasses.asdict(bare)
        if self.external is None:
            del described["external"]
        else:
            spaces = self.external.observation, self.external.action
            described["external"] = list(map(content, spaces))
        return {**described, "architecture": plain_values(self.architecture)}

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree with to be resumed; everything else may be changed."""
        architecture = plain_values(self.architecture)
        # Older checkpoints do not name these.
        for name, usual in _NOT_NAMED.items():
            if architecture[name] == usual:
                del architecture[name]
        return {"game": self.game, "algorithm": self.algorithm, "architecture": architecture}


_NOTHING = Architecture("actor-critic", 0, 0)

_NOT_NAMED: dict[str, Any] = {
    "observation_dtype": "uint8",
    "memory": 0,
    "spaces": None,
    "encoding": dataclasses.asdict(Encoding()),
    "cell": "gru",
    "actions": "clipped",
    "state_std": False,
    "state_space": None,
}
"""Of an architecture, what identities leave out where it is as usual."""


def _external(settings: LearnerSettings) -> ExternalGame | None:
    """The game that a simulator plays, if it is one.

    Raises:
        InvalidArgument: its spaces are not told, or those of another game are.
    """
    if not is_external(settings.game):
        if settings.spaces is not None:
            raise InvalidArgument(
                f"spaces = {settings.spaces}: they are told of games that a simulator plays, "
                f"{EXTERNAL}NAME, and game is {settings.game}"
            )
        return None
    if settings.spaces is None:
        raise InvalidArgument(
            f"spaces: what agents of {settings.game} see and do is to be told by --spaces FILE "
            "(docs/external.md)"
        )
    if settings.lockstep:
        raise InvalidArgument("lockstep: it takes turns with an actor, and a simulator is none")
    return ExternalGame(settings.game, *read_spaces(settings.spaces.expanduser()))


def _ordered(game: str) -> list[str]:
    """Algorithms that lockstep repeats."""
    every = ((name, find(name)) for name in names())
    return [name for name, one in every if one.experience.turns(one.preset(game).config)]
