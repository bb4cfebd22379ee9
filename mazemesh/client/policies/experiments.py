"""Experiments in plain words: `mesh.experiments`."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from google.protobuf.duration_pb2 import Duration

from mazemesh.client.aio.in_thread import in_thread
from mazemesh.client.model import ModelClient
from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.names import LATEST, parse_reference
from mazemesh.v1 import model_pb2 as pb

AB: Final = pb.EXPERIMENT_KIND_AB
CANARY: Final = pb.EXPERIMENT_KIND_CANARY
SHADOW: Final = pb.EXPERIMENT_KIND_SHADOW


def duration(seconds: float) -> Duration:
    """Seconds as a message."""
    whole = math.floor(seconds)
    return Duration(seconds=whole, nanos=round((seconds - whole) * 1e9))


class Experiments:
    """A/B tests, canaries and shadows over aliases; thread-safe.

    ```pycon
    >>> import numpy as np
    >>> _ = mesh.policies.promote("race:1", alias="served", reason="an example")
    >>> test = mesh.experiments.ab("race:served", ["race:latest"])
    >>> inputs = mesh.model.policy_signature("race:1").inputs.columns
    >>> asked = {one.name: one.shape for one in inputs}
    >>> seen = np.zeros((1, *asked["observation"]), np.uint8)
    >>> answer = mesh.model.infer("race:served", {"observation": seen}, session="game-17")
    >>> answer.experiment_id == test.experiment_id
    True
    >>> mesh.experiments.record(test.experiment_id, {"game-17": 1.0}, {"game-17": answer.version})
    1
    >>> mesh.experiments.stop(test.experiment_id, "an example").HasField("end_time")
    True

    ```
    """

    def __init__(self, model: ModelClient) -> None:
        self._model = model

    @property
    def aio(self) -> AsyncExperiments:
        """The same as coroutines."""
        return AsyncExperiments(self)

    def ab(
        self,
        policy: str,
        others: Mapping[str, float] | Sequence[str],
        *,
        weight: float = 1.0,
        experiment_id: str = "",
        rules: pb.ExperimentRules | None = None,
        reason: str = "",
        creator: str = "",
    ) -> pb.Experiment:
        """Shares the sessions of "name:alias" between its version and others.

        Args:
            policy: Whose calls: "race:champion".
            others: Versions by reference ("race:42"), with their weights, or all of weight 1.
            weight: Of the version that the alias stands for.
            experiment_id: Unique for ever; one is made up where it is empty.
            rules: When an arm is worse than the first; None takes the usual ones.
            reason: Why.
            creator: Who asks.

        Raises:
            InvalidArgument, NotFound, FailedPrecondition: as CreateExperiment in model.proto says.
        """
        weights = others if isinstance(others, Mapping) else dict.fromkeys(others, 1.0)
        arms = [(policy, weight), *weights.items()]
        return self._create(policy, AB, arms, None, experiment_id, rules, reason, creator)

    def canary(
        self,
        policy: str,
        candidate: str,
        *,
        steps: Sequence[float] = (),
        step_seconds: float = 60.0,
        step_answers: int = 0,
        step_outcomes: int = 0,
        promote: bool = False,
        experiment_id: str = "",
        rules: pb.ExperimentRules | None = None,
        reason: str = "",
        creator: str = "",
    ) -> pb.Experiment:
        """Gives a candidate a share of the sessions that rises by steps while no rule is broken.

        Args:
            policy: Whose calls: "race:champion".
            candidate: Its reference: "race:42", "race:candidate".
            steps: Shares; empty takes 1, 5, 25 and 50 %.
            step_seconds: How long each lasts at least.
            step_answers: Calls that the candidate has to answer in each.
            step_outcomes: Outcomes that it has to have in each.
            promote: Whether the alias moves to it after the last one.
            experiment_id: See `ab`, as are the others.
            rules: See `ab`.
            reason: See `ab`.
            creator: See `ab`.

        Raises:
            InvalidArgument, NotFound, FailedPrecondition: as CreateExperiment in model.proto says.
        """
        plan = pb.CanaryPlan(
            steps=steps,
            step_time=duration(step_seconds),
            step_answers=step_answers,
            step_outcomes=step_outcomes,
            promote=promote,
        )
        arms = [(policy, 0.0), (candidate, 0.0)]
        return self._create(policy, CANARY, arms, plan, experiment_id, rules, reason, creator)

    def shadow(
        self,
        policy: str,
        candidate: str,
        *,
        share: float = 1.0,
        experiment_id: str = "",
        rules: pb.ExperimentRules | None = None,
        reason: str = "",
        creator: str = "",
    ) -> pb.Experiment:
        """Has a candidate run a share of the calls, too, whose answers nobody is given.

        Raises:
            InvalidArgument, NotFound, FailedPrecondition: as CreateExperiment in model.proto says.
        """
        arms = [(policy, 1.0), (candidate, share)]
        return self._create(policy, SHADOW, arms, None, experiment_id, rules, reason, creator)

    def get(self, experiment_id: str) -> pb.Experiment:
        """An experiment with its report; see `ModelClient.experiment`."""
        return self._model.experiment(experiment_id)

    def list(self, name: str = "", *, running_only: bool = False) -> list[pb.Experiment]:
        """All of them; see `ModelClient.experiments`."""
        return list(self._model.experiments(name, running_only=running_only))

    def weights(self, experiment_id: str, weights: Sequence[float]) -> pb.Experiment:
        """Gives the arms other weights; see `ModelClient.set_weights`."""
        return self._model.set_weights(experiment_id, weights)

    def stop(self, experiment_id: str, reason: str = "") -> pb.Experiment:
        """Ends an experiment; see `ModelClient.stop_experiment`."""
        return self._model.stop_experiment(experiment_id, reason)

    def record(
        self, experiment_id: str, scores: Mapping[str, float], versions: Mapping[str, int] = {}
    ) -> int:
        """Tells how sessions ended; see `ModelClient.record_outcomes`."""
        return self._model.record_outcomes(experiment_id, scores, versions)

    def _create(
        self,
        policy: str,
        kind: pb.ExperimentKind,
        arms: Sequence[tuple[str, float]],
        plan: pb.CanaryPlan | None,
        experiment_id: str,
        rules: pb.ExperimentRules | None,
        reason: str,
        creator: str,
    ) -> pb.Experiment:
        reference = parse_reference(policy)
        if not reference.alias:
            raise InvalidArgument(
                f"policy = {policy!r} is a version; expected an alias, whose calls are shared: "
                f"'{reference.name}:champion'"
            )
        words = pb.ExperimentKind.Name(kind).removeprefix("EXPERIMENT_KIND_").lower()
        request = pb.CreateExperimentRequest(
            experiment_id=experiment_id or f"{reference.name[:40]}-{words}-{uuid.uuid4().hex[:8]}",
            kind=kind,
            name=reference.name,
            alias=reference.alias,
            arms=[
                pb.ExperimentArm(version=self._number(reference.name, arm), weight=weight)
                for arm, weight in arms
            ],
            rules=rules,
            plan=plan,
            reason=reason,
            creator=creator,
        )
        return self._model.create_experiment(request)

    def _number(self, name: str, text: str) -> int:
        reference = parse_reference(text)
        if reference.name != name:
            raise InvalidArgument(f"{text} is no version of {name}; arms are of one policy")
        if reference.number:
            return reference.number
        if reference.alias == LATEST:
            return self._model.describe(text).version
        alias = self._model.alias(name, reference.alias)
        if alias is None:
            raise NotFound(f"{text} does not exist; `mazemesh policies` lists what does")
        return alias.alias.version


class AsyncExperiments:
    """`Experiments` for asyncio: each call waits in a thread."""

    def __init__(self, experiments: Experiments) -> None:
        self.ab = in_thread(experiments.ab)
        self.canary = in_thread(experiments.canary)
        self.shadow = in_thread(experiments.shadow)
        self.get = in_thread(experiments.get)
        self.list = in_thread(experiments.list)
        self.weights = in_thread(experiments.weights)
        self.stop = in_thread(experiments.stop)
        self.record = in_thread(experiments.record)
