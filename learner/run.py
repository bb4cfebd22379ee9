"""A run: what is trained, on what, and what actors must know of it. Without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from learner.algorithms.algorithm import Algorithm, no_memory
from learner.algorithms.presets import override
from learner.algorithms.registry import find, names
from learner.algorithms.sizes import fitted
from learner.network.architecture import Architecture, OwnModule, Spaces
from learner.network.parts.encoding import Encoding
from learner.network.source import Source, source_of
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument, Reason
from mazemesh.game_names import EXTERNAL, is_external
from mazemesh.games import Game, GameSettings, GameSpec, open_game
from mazemesh.games.external import ExternalGame
from mazemesh.games.ladder import sides
from mazemesh.games.registry import is_own
from mazemesh.games.roles import cast
from mazemesh.games.spaces import Box, Leaf, content, leaves
from mazemesh.games.spaces.packings import packings
from mazemesh.games.spaces.space_files import read_spaces
from mazemesh.names import POLICY
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
        _check_network(settings, method)
        _check_opponents(settings, spec.seats, sides(spec.seats, spec.teams))
        run = cls(
            policy=settings.policy_name,
            game=settings.game,
            game_settings=game_settings,
            algorithm=settings.algorithm,
            config=config,
            architecture=_architecture(settings, method, config, start.hidden, spec),
            seed=settings.seed,
            lockstep=settings.lockstep,
            pool=tuple(settings.pool),
            exploits=settings.exploits,
            exploits_pool=settings.exploits_pool,
            packed=settings.packed and external is None,
            roles=_roles(settings, spec),
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
        return {**described, "architecture": _described(self.architecture)}

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree with to be resumed; everything else may be changed."""
        architecture = _described(self.architecture)
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


def _architecture(
    settings: LearnerSettings,
    method: Algorithm[Any],
    config: Any,
    hidden: tuple[int, ...],
    spec: GameSpec,
) -> Architecture:
    """The network of a run.

    Raises:
        InvalidArgument: actions that the algorithm does not learn, or settings that do not go
            together.
    """
    method.accepts(spec.action_space)
    heads(spec.action_space)
    if settings.hidden is not None:
        hidden = tuple(settings.hidden)
    elif settings.image != "flat" and all(map(_is_image, leaves(spec.observation_space))):
        hidden = ()  # an image's layers end in units enough
    encoding = settings.encoding
    if encoding.value == "auto" and Spaces.of(spec) is not None:
        encoding = dataclasses.replace(encoding, value=method.value)
    if encoding.value == "auto" and _parts_value(settings, method, spec):
        encoding = dataclasses.replace(encoding, value="own")
    elif encoding.value == "shared" and Spaces.of(spec) is None:
        encoding = dataclasses.replace(encoding, value="auto")  # which is the same there
    shape = Architecture(
        method.head,
        spec.observation_size,
        spec.num_actions,
        hidden,
        activation=settings.activation,
        observation_dtype=spec.observation_dtype,
        memory=method.memory(config),
        own=OwnModule(settings.network, spec) if settings.network else None,
        spaces=Spaces.of(spec),
        encoding=encoding,
        cell=settings.memory_cell,
        actions=method.actions,
        state_std=method.state_std,
        state_space=spec.state_space if method.central else None,
    )
    if settings.frames > 1 and not method.frames:
        able = ", ".join(name for name in names() if find(name).frames)
        raise InvalidArgument(
            f"frames = {settings.frames}: {method.name} learns policies that see one; several are "
            f"for {able}"
        )
    if shape.own is not None and (shape.encoding != Encoding() or shape.cell != "gru"):
        raise InvalidArgument(
            f"network = {settings.network}: a module of your own does by itself what image, "
            "frames, normalize_observations, normalize_rewards, value_layers and memory_cell ask "
            "for; leave them as they are"
        )
    return shape


def _parts_value(settings: LearnerSettings, method: Algorithm[Any], spec: GameSpec) -> bool:
    """Whether the value has layers of its own, where nothing else is said.

    Mazes were measured with shared ones. Of other games nobody knows how large returns are, and in
    shared layers the errors of large values drown the policy's gradient: CartPole-v1 took PPO five
    times as many steps (docs/performance.md). An image's layers cost too much to have them twice.
    """
    if settings.network or is_own(settings.game) or method.preset(settings.game).shares:
        return False
    if method.head != "actor-critic" or method.value != "auto" or method.memory is not no_memory:
        return False
    return settings.image == "flat" or not any(map(_is_image, leaves(spec.observation_space)))


def _is_image(leaf: Leaf) -> bool:
    return isinstance(leaf.space, Box) and leaf.space.is_image


def _described(architecture: Architecture) -> dict[str, Any]:
    """As plain values; of a module of the user's own its name, of spaces their content."""
    bare = dataclasses.replace(architecture, own=None, spaces=None, state_space=None)
    values: dict[str, Any] = dataclasses.asdict(bare)
    del values["own"]
    if architecture.spaces is not None:
        told = architecture.spaces
        values["spaces"] = [content(told.observation), content(told.action)]
    if architecture.state_space is not None:
        values["state_space"] = content(architecture.state_space)
    return values if architecture.own is None else {**values, "own": architecture.own.factory}


def _ordered(game: str) -> list[str]:
    """Algorithms that lockstep repeats."""
    every = ((name, find(name)) for name in names())
    return [name for name, one in every if one.experience.turns(one.preset(game).config)]


def _check_network(settings: LearnerSettings, method: Algorithm[Any]) -> None:
    """Raises InvalidArgument: the algorithm does not train modules of the user's own."""
    if settings.network and not method.own_networks:
        able = ", ".join(name for name in names() if find(name).own_networks)
        raise InvalidArgument(
            f"network = {settings.network}: {method.name} trains networks of its own making (with "
            f"memory, if it is ours); a module of yours is trained by {able}"
        )


def _roles(
    settings: LearnerSettings, spec: GameSpec
) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Of a run of several policies, as they are set.

    Raises:
        InvalidArgument: they do not fit the game, this one is not among them, or they cannot be
            together with what else is set.
    """
    if not settings.policies:
        return ()
    given = ",".join(f"{role}={name}" for role, name in settings.policies.items())
    found = cast(spec, settings.policies)
    for name in settings.policies.values():
        POLICY.check("policies", name)
    if settings.policy_name not in settings.policies.values():
        raise InvalidArgument(
            f"policies: {given}: this learner's policy is {settings.policy_name!r}, and should be "
            "one of them (--policy)"
        )
    if settings.exploits or settings.exploits_pool or settings.lockstep:
        raise InvalidArgument(
            f"policies: {given}: an exploiter, and a learner in lockstep, has one policy; leave "
            "--exploits, --exploits-pool and --lockstep out"
        )
    return tuple(found)


def _check_opponents(settings: LearnerSettings, seats: int, num_sides: int) -> None:
    """Raises InvalidArgument: `pool` or `exploits` cannot be as they are set."""
    own, pool, exploited = settings.policy_name, settings.pool, settings.exploits
    if settings.exploits_pool and (exploited or not pool):
        raise InvalidArgument(
            f"exploits_pool: pool is {','.join(pool) or 'empty'} and exploits "
            f"{exploited or 'empty'}; it wants names in pool, and exploits empty"
        )
    if not (pool or exploited):
        return
    given = f"pool = {','.join(pool) or 'none'}, exploits = {exploited or 'none'}"
    if seats == 1:
        raise InvalidArgument(f"{given}: {settings.game} has one seat, and so no opponents")
    if num_sides == 1:
        raise InvalidArgument(
            f"{given}: all players of {settings.game} win and lose together, so there is no "
            "adversary; leave both empty",
            reason=Reason.NO_ADVERSARY,
        )
    if settings.lockstep:
        raise InvalidArgument(f"{given}: in lockstep a run has no opponents but its own versions")
    if pool and exploited:
        raise InvalidArgument(f"{given}: who exploits a policy meets that one alone; set one")
    if own in (exploited, *pool) or len(set(pool)) < len(pool):
        raise InvalidArgument(f"{given}: should name other policies than {own!r}, each once")
