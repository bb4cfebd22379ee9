"""Policies in plain words: `mesh.policies`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from mazemesh.client.aio.in_thread import in_thread
from mazemesh.client.game.game import GameClient
from mazemesh.client.model import ModelClient
from mazemesh.client.policies.promotion import promote, roll_back
from mazemesh.errors import InvalidArgument
from mazemesh.games import is_bot
from mazemesh.names import CHAMPION
from mazemesh.v1 import game_pb2, registry_pb2
from mazemesh.v1 import model_pb2 as pb

if TYPE_CHECKING:
    from mazemesh.analysis.tally import Tally
    from mazemesh.policy.onnx_policy import OnnxPolicy


class Policies:
    """Versions of a mesh: looked at, loaded, compared, promoted. Thread-safe.

    A version is meant by "race:12", "race:champion", or "race", which is its latest.

    ```pycon
    >>> newest = mesh.policies.get("race")
    >>> newest.name, newest.version > 0
    ('race', True)
    >>> move = mesh.policies.promote("race:1", reason="an example")
    >>> mesh.policies.get("race:champion").version
    1
    >>> policy = mesh.policies.load("race:champion")
    >>> policy.reference, policy.inputs[0][0]
    ('race:1', 'observation')

    ```
    """

    def __init__(self, model: ModelClient, game: GameClient) -> None:
        self._model, self._game = model, game

    @property
    def aio(self) -> AsyncPolicies:
        """The same as coroutines."""
        return AsyncPolicies(self)

    def list(
        self, name: str = "", *, snapshots: bool = False, limit: int = 100
    ) -> list[pb.PolicyVersion]:
        """Versions that are ready, newest first; see `ModelClient.list` for all it looks for by.

        Args:
            name: Of the policy; "": of all.
            snapshots: Only those that are kept for rating.
            limit: So many at most.
        """
        return [*islice(self._model.list(name, snapshots_only=snapshots), limit)]

    def get(self, policy: str) -> pb.PolicyVersion:
        """What a version is, in any state.

        Raises:
            NotFound: no such policy; the message tells what exists.
        """
        return self._model.describe(policy)

    def load(self, policy: str, *, variant: str = "") -> OnnxPolicy:
        """A version, ready to act in this process.

        Args:
            policy: Which.
            variant: Form of its file ("fp16", "bf16", "int8"); "": as it was published.

        Raises:
            NotFound: no such version or variant, or its file is not kept.
        """
        from mazemesh.policy.cache import fetch_policy

        return fetch_policy(self._model, policy, variant=variant)

    def details(self, policy: str) -> registry_pb2.GetPolicyDetailsResponse:
        """Checks with their figures, what its run was started with, and who holds a version.

        Raises:
            NotFound: no such policy; the message tells what exists.
        """
        return self._model.details(policy)

    def duel(
        self,
        one: str,
        other: str,
        games: int = 200,
        *,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> Tally:
        """What `mazemesh evaluate` tells: unrated games on held-out mazes, places swapped.

        They are played by this process at the mesh's Game service.

        Args:
            one: A version.
            other: Another of the same game, or "bot/...".
            games: How many, or a few more.
            temperature: Of the draws; 0 takes the best action.
            seed: Of the draws.

        Returns:
            Wins, draws and losses of `one`, with `score` and its 95 % `interval()`.

        Raises:
            InvalidArgument: both are bots.
            NotFound: no such version.
        """
        from mazemesh.evaluation.duel import duel
        from mazemesh.policy.cache import PolicyCache

        known = [self._model.describe(name) for name in (one, other) if not is_bot(name)]
        if not known:
            raise InvalidArgument(f"one: {one} and {other} are both bots; one should be a policy")
        exact = [f"{version.name}:{version.version}" for version in known]
        pair = [name if is_bot(name) else exact.pop(0) for name in (one, other)]
        return duel(
            self._game,
            PolicyCache(self._model).get,
            self._spec(known[0]),
            (pair[0], pair[1]),
            games,
            temperature=temperature,
            rng=np.random.default_rng(seed),
        )

    def success_rate(self, policy: str, games: int = 100) -> float:
        """Greedy success on held-out mazes, 0..1: solved alone, else won against bot/random.

        Raises:
            NotFound: no such version.
        """
        from mazemesh.evaluation.duel import success_rate
        from mazemesh.policy.cache import PolicyCache

        version = self._model.describe(policy)
        load, spec = PolicyCache(self._model).get, self._spec(version)
        exact = f"{version.name}:{version.version}"
        return success_rate(self._game, load, spec, exact, games, np.random.default_rng(0))

    def promote(
        self, policy: str, *, alias: str = CHAMPION, reason: str = "", gate_id: str = ""
    ) -> pb.AliasMove:
        """Moves an alias to a version; see `mazemesh.client.policies.promotion.promote`.

        Raises:
            NotFound: there is no such version.
            FailedPrecondition: it is not ready, or does not meet the rules; names what is missing.
            Conflict: others moved it again and again.
        """
        version = self._model.describe(policy)
        return promote(
            self._model, version.name, version.version, alias=alias, reason=reason, gate_id=gate_id
        )

    def roll_back(self, name: str, *, alias: str = CHAMPION, reason: str = "") -> pb.AliasMove:
        """Moves an alias back to where it stood before.

        Raises:
            FailedPrecondition: it was not moved yet, or that version is not ready.
            Conflict: somebody moved it meanwhile.
        """
        return roll_back(self._model, name, alias=alias, reason=reason)

    def history(self, name: str, alias: str = "", limit: int = 100) -> Sequence[pb.AliasMove]:
        """How aliases moved, the last first."""
        return [*islice(self._model.alias_history(name, alias), limit)]

    def _spec(self, version: pb.PolicyVersion) -> game_pb2.GameSpec:
        trained = version.collection
        return self._game.spec(trained.game, trained.settings).spec


class AsyncPolicies:
    """`Policies` for asyncio: each call waits in a thread."""

    def __init__(self, policies: Policies) -> None:
        self.list = in_thread(policies.list)
        self.get = in_thread(policies.get)
        self.load = in_thread(policies.load)
        self.details = in_thread(policies.details)
        self.duel = in_thread(policies.duel)
        self.success_rate = in_thread(policies.success_rate)
        self.promote = in_thread(policies.promote)
        self.roll_back = in_thread(policies.roll_back)
        self.history = in_thread(policies.history)
