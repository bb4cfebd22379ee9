"""Games on the wire: settings and specs between mazemesh.games and the messages of game.proto."""

from __future__ import annotations

from dataclasses import fields

from mazemesh.games import Field, Game, GameSettings, GameSpec
from mazemesh.games.ladder import ladder
from mazemesh.games.spaces import Space
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.spaces import space_from_proto, space_to_proto

_SETTINGS = tuple(field.name for field in fields(GameSettings))


def settings_from_proto(message: pb.GameSettings) -> GameSettings:
    """Settings with the defaults of `GameSettings` where the message says nothing.

    Raises:
        InvalidArgument: a value is out of range; names field, value and range.
    """
    return GameSettings(
        **{name: getattr(message, name) for name in _SETTINGS if message.HasField(name)}
    )


def settings_to_proto(settings: GameSettings) -> pb.GameSettings:
    """All settings, written out."""
    return pb.GameSettings(**{name: getattr(settings, name) for name in _SETTINGS})


def spec_to_proto(game: Game, settings: GameSettings | None = None) -> pb.GameSpec:
    """The spec of a game under the settings, with its ladder.

    Raises:
        InvalidArgument: the settings do not fit the game.
    """
    spec = game.spec(settings)
    return pb.GameSpec(
        name=spec.name,
        version=spec.version,
        settings=settings_to_proto(game.resolve(settings or GameSettings())),
        seats=spec.seats,
        num_actions=spec.num_actions,
        observation_size=spec.observation_size,
        layout=[
            pb.ObservationField(name=f.name, offset=f.offset, shape=f.shape, bits=f.bits)
            for f in spec.layout
        ],
        step_limit=spec.step_limit,
        rules_hash=spec.rules_hash,
        spec_hash=spec.spec_hash,
        observation_dtype=spec.observation_dtype,
        ladder=ladder(game, settings),
        teams=spec.teams,
        may_leave=spec.may_leave,
        observation_space=space_to_proto(spec.observation_space),
        action_space=space_to_proto(spec.action_space),
        may_wait=spec.may_wait,
        state_space=None if spec.state_space is None else space_to_proto(spec.state_space),
        agents=spec.agents,
    )


def spec_from_proto(message: pb.GameSpec) -> GameSpec:
    """The spec that a service sent; its settings travel in `message.settings`.

    Raises:
        InvalidArgument: a space is none.
    """
    told: dict[str, Space] = {
        name: space_from_proto(getattr(message, name), name)
        for name in ("observation_space", "action_space", "state_space")
        if message.HasField(name)
    }
    layout = tuple(Field(f.name, f.offset, tuple(f.shape), tuple(f.bits)) for f in message.layout)
    planes = [field for field in layout if len(field.shape) == 2]
    return GameSpec(
        name=message.name,
        version=message.version,
        seats=message.seats,
        num_actions=message.num_actions,
        observation_size=message.observation_size,
        layout=layout,
        view=planes[0].shape[0] if planes else 0,
        planes=len(planes),
        step_limit=message.step_limit,
        rules_hash=message.rules_hash,
        spec_hash=message.spec_hash,
        observation_dtype=message.observation_dtype or "uint8",
        teams=tuple(message.teams),
        may_leave=message.may_leave,
        may_wait=message.may_wait,
        agents=tuple(message.agents),
        **told,
    )
