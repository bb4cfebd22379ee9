"""Kinds of agents, what happened to some of them, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument, MazemeshError
from mazemesh.games.spaces import Space
from mazemesh.games.spaces.arrays import Column, action_columns, mask_columns, observation_columns
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.spaces import space_to_proto
from mazemesh.wire.tensors import dtype_to_wire, from_bytes, to_bytes

ACTS, TERMINATED, TRUNCATED = 0, 1, 2
"""Values of `Rows.status`."""

Seen = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""Of one column an array; of several by name, with or without "observation." before it."""


Late = tuple[int, str, int, int, float]
"""A reward for a step that is over: episode, kind, agent, step, reward."""


@dataclass(frozen=True)
class AgentKind:
    """What agents of a kind see and do.

    Attributes:
        observation: Space of what each sees (`mazemesh.games.spaces`).
        action: Space of what each does.
        policy: Who plays them unless an agent's first row says so: "name" (the newest version,
            which learns from them), "name:12", "name:champion".
    """

    observation: Space
    action: Space
    policy: str = ""

    @cached_property
    def seen(self) -> tuple[Column, ...]:
        """Columns of observations."""
        return observation_columns(self.observation)

    @cached_property
    def masks(self) -> tuple[Column, ...]:
        """Columns of masks."""
        return mask_columns(self.action)

    @cached_property
    def done(self) -> tuple[Column, ...]:
        """Columns of actions."""
        return action_columns(self.action)

    def message(self, name: str) -> pb.AgentKind:
        """Under a name."""
        return pb.AgentKind(
            name=name,
            observation_space=space_to_proto(self.observation),
            action_space=space_to_proto(self.action),
            policy=self.policy,
        )

    def actions(self, message: pb.AgentActions) -> Any:
        """Actions [n, ...], of several columns by name."""
        rows = len(message.episodes)
        found = {
            one.name: from_bytes(one.data, column.dtype.name, (rows, *column.shape), one.name)
            for one, column in zip(message.columns, self.done, strict=True)
        }
        return found if len(found) > 1 else next(iter(found.values()))


@dataclass(frozen=True)
class Rows:
    """What happened to n agents of a kind, each in an episode of its own unless `agents` says so.

    Attributes:
        episodes: [n], numbers of the simulator's own choice.
        observation: [n, ...], what each sees; by column where there are several.
        rewards: [n], earned since each one's last action; None: nothing.
        status: uint8 [n], `ACTS`, `TERMINATED` or `TRUNCATED`; None: all act.
        agents: [n], numbers within the episodes; None: all 0.
        masks: uint8 [n, ...], 1 = legal; None: everything is.
        policies: [n], who plays those that are new; "" the kind's policy.
        successes: [n], of those that end: they did what the game is about.
    """

    episodes: Sequence[int] | npt.NDArray[Any]
    observation: Seen
    rewards: npt.ArrayLike | None = None
    status: npt.ArrayLike | None = None
    agents: Sequence[int] | npt.NDArray[Any] | None = None
    masks: Seen | None = None
    policies: Sequence[str] | None = None
    successes: npt.ArrayLike | None = None

    def message(self, name: str, kind: AgentKind) -> pb.AgentRows:
        """The rows of a kind.

        Raises:
            InvalidArgument: a column is missing, or of another shape.
        """
        count = len(self.episodes)
        columns = list(_columns(kind.seen, self.observation, count, "observation"))
        if self.masks is not None:
            columns += _columns(kind.masks, self.masks, count, "action_mask")
        message = pb.AgentRows(
            kind=name,
            episodes=np.asarray(self.episodes, np.uint32).tolist(),
            columns=columns,
            policies=self.policies,
        )
        if self.agents is not None:
            message.agents.extend(np.asarray(self.agents, np.uint32).tolist())
        if self.rewards is not None:
            message.rewards.extend(np.asarray(self.rewards, np.float32).tolist())
        if self.status is not None:
            message.status = np.asarray(self.status, np.uint8).tobytes()
        if self.successes is not None:
            message.successes = np.asarray(self.successes, np.uint8).tobytes()
        return message


@dataclass(frozen=True)
class Turned:
    """What came of a turn.

    Attributes:
        actions: By kind, [n, ...] in the order of the rows that act, whose episodes have not
            failed; of several columns by name. Numbers of choices count from 0.
        episodes, agents: By kind, [n], whose they are.
        versions: By kind, [n], of the policy that acted.
        failed: Errors by episode; those are over.
        left_out: Rows of experience that were dropped so far, as no learner took them.
    """

    actions: Mapping[str, Any]
    episodes: Mapping[str, Sequence[int]]
    agents: Mapping[str, Sequence[int]]
    versions: Mapping[str, Sequence[int]]
    failed: Mapping[int, MazemeshError] = field(default_factory=dict)
    left_out: int = 0


def _columns(
    wanted: Sequence[Column], given: Seen, rows: int, what: str
) -> list[tensor_pb2.NamedColumn]:
    if not isinstance(given, Mapping):
        if len(wanted) != 1:
            raise InvalidArgument(
                f"{what}: one array; expected one for each of {[one.name for one in wanted]}"
            )
        given = {wanted[0].name: given}
    named = {name.removeprefix(f"{what}."): value for name, value in given.items()}
    found = []
    for column in wanted:
        own = column.name.removeprefix(f"{what}.")
        if own not in named:
            raise InvalidArgument(f"{what}: there is no {own!r} among {sorted(named)[:20]}")
        array = np.asarray(named[own], column.dtype)
        if array.shape != (rows, *column.shape):
            raise InvalidArgument(
                f"{column.name} has shape {list(array.shape)}; expected {[rows, *column.shape]}"
            )
        found.append(
            tensor_pb2.NamedColumn(
                name=column.name,
                dtype=dtype_to_wire(column.dtype),
                data=to_bytes(array, column.dtype),
            )
        )
    return found
