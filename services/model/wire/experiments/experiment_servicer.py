"""The RPCs of experiments, of model.proto."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from mazemesh.errors import FailedPrecondition, NotFound
from mazemesh.names import POLICY, parse_reference
from mazemesh.v1 import model_pb2 as pb
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services._harness.pages.paging import page_size, page_token, read_token
from services.model.experiments import changes
from services.model.experiments.calls.serving import Serving
from services.model.experiments.experiment import Definition, Experiment
from services.model.experiments.judging.comparing import compare
from services.model.experiments.judging.figures import Figures
from services.model.experiments.steward import Steward
from services.model.inference.inference import Inference
from services.model.registry import registry
from services.model.store import RegistryStore, Transaction
from services.model.wire.experiments import experiment_messages as messages


class ExperimentMethods:
    """A part of the servicer of ModelService."""

    inference: Inference
    serving: Serving
    steward: Steward
    _store: RegistryStore
    _now: Callable[[], datetime]

    async def CreateExperiment(
        self, request: pb.CreateExperimentRequest, context: Context
    ) -> pb.CreateExperimentResponse:
        """Starts an experiment, once all arms are loaded."""
        definition = messages.read_definition(request)
        key_id = caller().owner
        known = await self._store.transact(lambda tx: tx.experiments.get(definition.experiment_id))
        if known is None:
            await self._check_columns(definition)
        experiment = await self._store.transact(
            lambda tx: changes.create(tx, definition, key_id, self._now())
        )
        self.steward.took(experiment)
        return pb.CreateExperimentResponse(experiment=await self._whole(experiment.experiment_id))

    async def GetExperiment(
        self, request: pb.GetExperimentRequest, context: Context
    ) -> pb.GetExperimentResponse:
        """An experiment, what its arms did and how they compare."""
        experiment_id = messages.check_id(request.experiment_id)
        return pb.GetExperimentResponse(experiment=await self._whole(experiment_id))

    async def ListExperiments(
        self, request: pb.ListExperimentsRequest, context: Context
    ) -> pb.ListExperimentsResponse:
        """A page of experiments, with what their arms did."""
        name = POLICY.check("name", request.name) if request.name else ""
        limit = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (0,)
        await self.steward.flush()

        def read(tx: Transaction) -> list[tuple[int, Experiment, list[Figures]]]:
            found = tx.experiments.page(name, before, limit + 1, running_only=request.running_only)
            return [
                (position, one, tx.experiments.figures(one.experiment_id))
                for position, one in found
            ]

        rows = await self._store.transact(read)
        page = rows[:limit]
        return pb.ListExperimentsResponse(
            experiments=[messages.experiment_message(one, counted) for _, one, counted in page],
            next_page_token=page_token(page[-1][0]) if len(rows) > limit else "",
        )

    async def UpdateExperiment(
        self, request: pb.UpdateExperimentRequest, context: Context
    ) -> pb.UpdateExperimentResponse:
        """Gives the arms other weights."""
        experiment_id = messages.check_id(request.experiment_id)
        weights = messages.read_weights(request.weights)
        await self._check_own(experiment_id)
        await self.steward.flush()
        experiment = await self._store.transact(
            lambda tx: changes.update(
                tx, experiment_id, weights, request.expected_revision, self._now()
            )
        )
        self.steward.took(experiment)
        return pb.UpdateExperimentResponse(experiment=messages.experiment_message(experiment))

    async def StopExperiment(
        self, request: pb.StopExperimentRequest, context: Context
    ) -> pb.StopExperimentResponse:
        """Ends an experiment."""
        experiment_id = messages.check_id(request.experiment_id)
        reason = messages.check_text("reason", request.reason)
        await self._check_own(experiment_id)
        await self.steward.flush()
        experiment = await self._store.transact(
            lambda tx: changes.stop(tx, experiment_id, reason, self._now())
        )
        self.steward.took(experiment)
        return pb.StopExperimentResponse(experiment=await self._whole(experiment_id))

    async def RecordOutcomes(
        self, request: pb.RecordOutcomesRequest, context: Context
    ) -> pb.RecordOutcomesResponse:
        """How sessions ended."""
        experiment_id = messages.check_id(request.experiment_id)
        outcomes = messages.read_outcomes(request)
        await self._check_own(experiment_id)
        recorded = await self._store.transact(
            lambda tx: changes.record(tx, experiment_id, outcomes, self._now())
        )
        self.steward.wake()
        return pb.RecordOutcomesResponse(recorded=recorded, known=len(outcomes) - recorded)

    async def AssignSession(
        self, request: pb.AssignSessionRequest, context: Context
    ) -> pb.AssignSessionResponse:
        """Which version serves a session that is played elsewhere."""
        reference = parse_reference(request.policy)
        session = messages.check_session("session", request.session)
        policy = f"{reference.name}:{reference.alias or reference.number}"
        route = self.serving.routes.get(policy)
        if route is not None:
            experiment_id, versions = route.experiment_id, route.experiment.definition.versions
            arm = await self._store.transact(lambda tx: changes.assign(tx, experiment_id, session))
            if arm is not None:
                return pb.AssignSessionResponse(
                    name=reference.name, version=versions[arm], experiment_id=experiment_id
                )
        version = await self._store.transact(lambda tx: registry.resolve_file(tx, reference))
        return pb.AssignSessionResponse(name=version.name, version=version.number)

    async def _check_own(self, experiment_id: str) -> None:
        """Raises PermissionDenied: the key is bound to other policies; NotFound: there is none."""
        if caller().restricted:
            found = await self._store.transact(lambda tx: changes.find(tx, experiment_id))
            caller().check_policy(found.definition.name, f"experiment_id {experiment_id}: policy")

    async def _whole(self, experiment_id: str) -> pb.Experiment:
        await self.steward.flush()

        def read(tx: Transaction) -> tuple[Experiment, list[Figures]]:
            return changes.find(tx, experiment_id), tx.experiments.figures(experiment_id)

        experiment, figures = await self._store.transact(read)
        comparisons = await asyncio.to_thread(compare, experiment, figures)
        return messages.experiment_message(experiment, figures, comparisons)

    async def _check_columns(self, definition: Definition) -> None:
        """Loads all arms, which have to take and give the same.

        Raises:
            FailedPrecondition: they do not.
            NotFound: one does not exist, or has no file.
        """
        first = f"{definition.name}:{definition.versions[0]}"
        _, model = await self.inference.ready(first)
        for number in definition.versions[1:]:
            try:
                version, other = await self.inference.ready(f"{definition.name}:{number}")
            except NotFound as error:
                raise NotFound(f"arms: {error}") from error
            if other.layout != model.layout:
                raise FailedPrecondition(
                    f"arms: {version.reference} takes or gives other columns than {first}, so "
                    "callers could not be served by both"
                )
