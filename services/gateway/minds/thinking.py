"""What a policy thinks of what a seat sees: asked at Model, as probabilities and a value."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument, within
from mazemesh.games import is_bot
from mazemesh.v1 import model_pb2 as model
from mazemesh.wire.named_columns import arrays_of, named_columns
from services.gateway.rpcs import Rpcs

_CALL_BYTES: Final = 512 * 1024
_MOST_ROWS: Final = 1024
_FORBIDDEN: Final = -1e8
"""Logits of illegal actions are that and less."""

Rows = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Thought:
    """What a policy thinks in one step.

    Attributes:
        probabilities: Of each action.
        value: What it expects to earn from here on.
    """

    probabilities: list[float]
    value: float


class Mind:
    """One policy in one seat of one game; a recurrent one remembers from call to call.

    Args:
        rpcs: The services.
        key: Of who wants to know.
        policy: "name:version" or "name:alias".
    """

    def __init__(self, rpcs: Rpcs, key: str, policy: str) -> None:
        self._rpcs, self._key, self.policy = rpcs, key, policy
        self.reference = policy
        self._session: list[str] = []
        self._begin: list[int] = []
        self._q_values = False

    async def open(self) -> None:
        """Looks who it is.

        Raises:
            InvalidArgument: it is a bot, which plays by a rule.
            NotFound: there is no such policy.
        """
        if is_bot(self.policy) or self.policy.startswith(("player/", "bot/")) or not self.policy:
            raise InvalidArgument(
                f"policy: {self.policy or 'nobody'!r} has no probabilities that could be asked; "
                "name a version, as race:12"
            )
        request = model.GetPolicySignatureRequest(policy=self.policy)
        with within("policy"):
            told = await self._rpcs.ask(self._rpcs.model.GetPolicySignature, request, self._key)
        self.reference = f"{told.name}:{told.version}"
        if told.state_size:
            self._session, self._begin = [uuid.uuid4().hex], [0]
        described = model.GetPolicyRequest(policy=self.reference, metadata_only=True)
        news: Any = self._rpcs.follow(self._rpcs.model.GetPolicy, described, self._key)
        async with aclosing(news) as messages:
            self._q_values = _of_q((await anext(messages)).policy)

    async def think(self, observations: Rows, masks: Rows) -> list[Thought]:
        """One thought for each row, [n, observation_size] and [n, num_actions], in order."""
        most = max(1, min(_MOST_ROWS, _CALL_BYTES // max(1, observations.shape[1])))
        if self._session:
            most = 1
        found: list[Thought] = []
        for first in range(0, len(observations), most):
            rows = slice(first, first + most)
            found += await self._ask(observations[rows], masks[rows])
        return found

    async def _ask(self, observations: Rows, masks: Rows) -> list[Thought]:
        request = model.InferRequest(
            policy=self.reference,
            rows=len(observations),
            columns=named_columns({"observation": observations, "action_mask": masks}),
            outputs=["logits", "value"],
            session_ids=self._session,
            begin_rows=self._begin,
        )
        told = await self._rpcs.ask(self._rpcs.model.Infer, request, self._key)
        self._begin = []
        columns = arrays_of(told.columns, told.rows)
        odds = probabilities(columns["logits"], masks)
        if self._q_values:
            odds = np.eye(odds.shape[1])[odds.argmax(axis=1)]
        values = np.reshape(columns["value"], (len(odds), -1))[:, 0]
        return [
            Thought(row.round(4).tolist(), round(float(value), 4))
            for row, value in zip(odds, values, strict=True)
        ]


def _of_q(version: model.PolicyVersion) -> bool:
    """Whether a version's logits are Q-values, of which it takes the best."""
    collection = version.collection
    drawn = collection.transition.choosing in (model.CHOOSING_DRAWN, model.CHOOSING_NOISY)
    return (
        version.q_values
        or collection.HasField("sequence")
        or (collection.HasField("transition") and not drawn)
    )


def probabilities(logits: npt.ArrayLike, masks: Rows) -> npt.NDArray[np.float64]:
    """Softmax of logits [n, A] over what the masks [n, A] allow; rows sum to 1."""
    scores = np.asarray(logits, np.float64)
    scores = np.where((masks > 0) & (scores > _FORBIDDEN), scores, -np.inf)
    scores = np.where(np.isneginf(scores).all(axis=1, keepdims=True), 0.0, scores)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def as_data(thoughts: Sequence[Thought]) -> dict[str, Any]:
    """Thoughts as columns."""
    return {
        "probabilities": [one.probabilities for one in thoughts],
        "values": [one.value for one in thoughts],
    }
