"""Calls about experiments over aliases, and about how sessions ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mazemesh.client.policies.inferring import InferringClient
from mazemesh.v1 import model_pb2 as pb

_OUTCOMES_AT_ONCE: Final = 1000
_CREATE_SECONDS: Final = 60.0
"""All arms are loaded first."""

RETRIED: Final = (
    "CreateExperiment",
    "GetExperiment",
    "ListExperiments",
    "StopExperiment",
    "RecordOutcomes",
    "AssignSession",
)
"""That may be made again; new weights may not, as others may have set them meanwhile."""


class ExperimentingClient(InferringClient):
    """Starts, follows and ends experiments."""

    def create_experiment(self, request: pb.CreateExperimentRequest) -> pb.Experiment:
        """Starts an experiment; the same request again is answered with it as it is.

        Raises:
            InvalidArgument, NotFound, FailedPrecondition, AlreadyExists, ResourceExhausted: as
                model.proto says.
        """
        return self._call(self._stub.CreateExperiment, request, _CREATE_SECONDS).experiment

    def experiment(self, experiment_id: str) -> pb.Experiment:
        """An experiment, what its arms did and how they compare.

        Raises:
            NotFound: there is none; the message tells which run.
        """
        request = pb.GetExperimentRequest(experiment_id=experiment_id)
        return self._call(self._stub.GetExperiment, request).experiment

    def experiments(self, name: str = "", *, running_only: bool = False) -> Iterator[pb.Experiment]:
        """Experiments over aliases of a policy, or of all, the last started first."""
        request = pb.ListExperimentsRequest(name=name, running_only=running_only)
        while True:
            page = self._call(self._stub.ListExperiments, request)
            yield from page.experiments
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def set_weights(
        self, experiment_id: str, weights: Sequence[float], expected_revision: int = 0
    ) -> pb.Experiment:
        """Gives the arms, in their order, other weights; calls follow at once.

        Raises:
            NotFound, FailedPrecondition: there is none, or it has ended.
            Conflict: it is at another revision than is expected (0: any).
        """
        request = pb.UpdateExperimentRequest(
            experiment_id=experiment_id, weights=weights, expected_revision=expected_revision
        )
        return self._call(self._stub.UpdateExperiment, request).experiment

    def stop_experiment(self, experiment_id: str, reason: str = "") -> pb.Experiment:
        """Ends an experiment; one that has ended stays as it is."""
        request = pb.StopExperimentRequest(experiment_id=experiment_id, reason=reason)
        return self._call(self._stub.StopExperiment, request).experiment

    def record_outcomes(
        self, experiment_id: str, scores: Mapping[str, float], versions: Mapping[str, int] = {}
    ) -> int:
        """Tells how sessions ended; how many of them had no outcome before.

        Args:
            experiment_id: Whose sessions.
            scores: By session: 1 is won, 0.5 level, 0 lost.
            versions: That served them, where that is known: answers of `infer` tell it.

        Raises:
            NotFound, InvalidArgument, FailedPrecondition: as model.proto says.
        """
        recorded = 0
        told = [
            pb.SessionOutcome(session=session, score=score, version=versions.get(session, 0))
            for session, score in scores.items()
        ]
        for first in range(0, len(told), _OUTCOMES_AT_ONCE):
            request = pb.RecordOutcomesRequest(
                experiment_id=experiment_id, outcomes=told[first : first + _OUTCOMES_AT_ONCE]
            )
            recorded += self._call(self._stub.RecordOutcomes, request).recorded
        return recorded

    def assign(self, policy: str, session: str) -> pb.AssignSessionResponse:
        """Which version serves a session of "name:alias" that is played elsewhere.

        Raises:
            NotFound: there is no such version; the message tells what exists.
        """
        request = pb.AssignSessionRequest(policy=policy, session=session)
        return self._call(self._stub.AssignSession, request)
