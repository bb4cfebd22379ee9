"""Messages of ExternalEpisodes <-> the nouns of external episodes."""

from __future__ import annotations

from typing import Final

import numpy as np

from mazemesh.errors import InvalidArgument, MazemeshError, status_of, within
from mazemesh.names import shown
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.external_spaces import external_from_proto
from mazemesh.wire.tensors import dtype_to_wire
from services._harness.calls.status_message import status_message
from services.model.external.kinds import Kind
from services.model.external.turns import (
    MOST_COLUMNS,
    MOST_EPISODES,
    MOST_KINDS,
    MOST_LAG,
    MOST_LATE,
    MOST_ROWS,
    TRUNCATED,
    Acted,
    Answered,
    Failed,
    Late,
    Opened,
    Rows,
    Told,
    Turn,
    Waits,
)
from services.model.inference.layout import Given

_MOST_TEXT: Final = 128
_MOST_NAME: Final = 64

_NAMES: Final[dict[int, str]] = {
    number: name.removeprefix("DATA_TYPE_").lower()
    for name, number in tensor_pb2.DataType.items()
    if number
}


def read_simulator(message: pb.ExternalEpisodesRequest) -> tuple[str, list[Kind], int]:
    """Name, kinds and lag of rewards of a stream's first message.

    Raises:
        InvalidArgument: it is none, or a field is wrong.
    """
    if not message.HasField("simulator"):
        raise InvalidArgument(
            f"the first message is {message.WhichOneof('message')}; it should be simulator"
        )
    told = message.simulator
    with within("simulator"):
        if len(told.name) > _MOST_TEXT:
            raise InvalidArgument(f"name has {len(told.name)} characters; at most {_MOST_TEXT}")
        if not 1 <= len(told.kinds) <= MOST_KINDS:
            raise InvalidArgument(f"kinds has {len(told.kinds)}; expected 1..{MOST_KINDS}")
        if not 0 <= told.reward_lag <= MOST_LAG:
            raise InvalidArgument(f"reward_lag is {told.reward_lag}; expected 0..{MOST_LAG}")
        kinds = [_kind(kind, f"kinds[{index}]") for index, kind in enumerate(told.kinds)]
        if len({kind.name for kind in kinds}) < len(kinds):
            raise InvalidArgument("kinds has a name twice; expected each once")
    return told.name, kinds, told.reward_lag


def _kind(message: pb.AgentKind, field: str) -> Kind:
    if not 1 <= len(message.name) <= _MOST_NAME or not message.name.isprintable():
        raise InvalidArgument(
            f"{field}.name is {shown(message.name)}; expected 1..{_MOST_NAME} printable characters"
        )
    spaces = external_from_proto(message, field)
    return Kind(message.name, *spaces, message.policy)


def read_turn(message: pb.ExternalEpisodesRequest) -> Turn:
    """A further message.

    Raises:
        InvalidArgument: it is none, or lists in it do not go together.
    """
    if not message.HasField("turn"):
        raise InvalidArgument(
            f"a message after the first is {message.WhichOneof('message')}; it should be turn"
        )
    turn = message.turn
    with within("turn"):
        rows = sum(len(one.episodes) for one in turn.agents)
        if rows > MOST_ROWS or len(turn.agents) > MOST_ROWS:
            raise InvalidArgument(f"agents has {rows} rows; at most {MOST_ROWS} in a turn")
        if len(turn.rewards) > MOST_LATE:
            raise InvalidArgument(f"rewards has {len(turn.rewards)}; at most {MOST_LATE}")
        if len(turn.ended_episodes) > MOST_EPISODES:
            raise InvalidArgument(
                f"ended_episodes has {len(turn.ended_episodes)}; at most {MOST_EPISODES}"
            )
        if (columns := sum(len(one.columns) for one in turn.agents)) > MOST_COLUMNS:
            raise InvalidArgument(f"agents has {columns} columns; at most {MOST_COLUMNS}")
        return Turn(
            turn.sequence,
            [_rows(one, f"agents[{index}]") for index, one in enumerate(turn.agents)],
            [Late(one.episode, one.kind, one.agent, one.step, one.reward) for one in turn.rewards],
            list(turn.ended_episodes),
        )


def _rows(message: pb.AgentRows, field: str) -> Rows:
    count = len(message.episodes)
    for name in ("agents", "rewards", "status", "policies", "successes"):
        there = len(getattr(message, name))
        if there not in (0, count):
            raise InvalidArgument(
                f"{field}.{name} has {there}; expected one for each of {count} episodes, or none"
            )
    status = message.status or bytes(count)
    if count and max(status) > TRUNCATED:
        raise InvalidArgument(f"{field}.status has {max(status)}; expected 0, 1 or 2")
    return Rows(
        message.kind,
        list(message.episodes),
        list(message.agents) or [0] * count,
        list(message.rewards) or [0.0] * count,
        status,
        [
            Given(one.name, _NAMES.get(one.dtype, "unspecified"), one.data)
            for one in message.columns
        ],
        list(message.policies) or [""] * count,
        message.successes or bytes(count),
    )


def told_message(told: Told) -> pb.ExternalEpisodesResponse:
    """What a simulator is told."""
    match told:
        case Opened():
            kinds = [
                pb.KindPlayed(kind=kind, policy=policy, learns=learns)
                for kind, policy, learns in told.kinds
            ]
            return pb.ExternalEpisodesResponse(opened=pb.SimulatorOpened(kinds=kinds))
        case Answered():
            answer = pb.TurnAnswer(
                sequence=told.sequence,
                agents=map(_actions, told.acted),
                left_out_rows=told.left_out,
            )
            return pb.ExternalEpisodesResponse(answer=answer)
        case Waits():
            waiting = pb.SimulatorWaiting(policy=told.policy, reason=told.reason)
            return pb.ExternalEpisodesResponse(waiting=waiting)
        case Failed():
            return pb.ExternalEpisodesResponse(failed=_failed(told))


def _actions(acted: Acted) -> pb.AgentActions:
    return pb.AgentActions(
        kind=acted.kind,
        episodes=acted.episodes,
        agents=acted.agents,
        columns=[
            tensor_pb2.NamedColumn(
                name=name, dtype=dtype_to_wire(np.dtype(dtype)), data=data, shape=shape
            )
            for name, dtype, shape, data in acted.columns
        ],
        versions=acted.versions,
    )


def _failed(told: Failed) -> pb.EpisodeFailed:
    error = told.error
    code = status_of(error) if isinstance(error, MazemeshError) else None
    number: int = code.value[0] if code is not None else 13
    return pb.EpisodeFailed(episode=told.episode, code=number, message=status_message(str(error)))
