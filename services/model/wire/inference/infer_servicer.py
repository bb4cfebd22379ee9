"""Infer and what belongs to it, of model.proto."""

from __future__ import annotations

import asyncio

from mazemesh.names import POLICY
from mazemesh.v1 import model_pb2 as pb
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services.model.experiments.calls.serving import Serving
from services.model.inference.inference import Inference
from services.model.inference.pointers import name_in_use
from services.model.wire.experiments.experiment_messages import check_session
from services.model.wire.inference.drift_message import (
    NO_MEASURE,
    NOT_ASKED,
    drift_message,
    most_drifted,
)
from services.model.wire.inference.infer_messages import (
    infer_message,
    read_infer,
    signature_message,
)
from services.model.wire.registry.messages import read_variant


class InferMethods:
    """A part of the servicer of ModelService."""

    inference: Inference
    serving: Serving

    async def Infer(self, request: pb.InferRequest, context: Context) -> pb.InferResponse:
        """Answers of a version to a batch of observations."""
        asked = read_infer(request, caller().owner, deadline(context))
        session = check_session("session", request.session) if request.session else ""
        return infer_message(await self.serving.infer(asked, session))

    async def GetPolicySignature(
        self, request: pb.GetPolicySignatureRequest, context: Context
    ) -> pb.GetPolicySignatureResponse:
        """What a version takes and gives."""
        kind = read_variant(request.variant)
        version, model = await self.inference.ready(name_in_use(request.policy, kind))
        return signature_message(version, model)

    async def GetDrift(self, request: pb.GetDriftRequest, context: Context) -> pb.GetDriftResponse:
        """How what versions are asked differs from what they were validated on."""
        watching = self.inference.watching
        if not request.policy:
            found = sorted(watching.all(), key=lambda one: most_drifted(one[1]))
            return pb.GetDriftResponse(policies=[drift_message(*one) for one in found])
        version = await self.inference.pointers.find(name_in_use(request.policy, ""))
        measure, drift = await watching.drift_of(version)
        if drift is not None:
            return pb.GetDriftResponse(policies=[drift_message(measure, drift)])
        reason = NOT_ASKED if measure else NO_MEASURE
        told = pb.PolicyDrift(policy=measure or version.reference, reason=reason)
        return pb.GetDriftResponse(policies=[told])

    async def ResetSessions(
        self, request: pb.ResetSessionsRequest, context: Context
    ) -> pb.ResetSessionsResponse:
        """Forgets sessions."""
        name = POLICY.check("name", request.name)
        await self.inference.sessions.reset(caller().owner, name, request.session_ids)
        return pb.ResetSessionsResponse()


def deadline(context: Context) -> float:
    """When the caller stops waiting, by the clock of the event loop."""
    left: float | None = context.time_remaining()
    if left is None:
        return float("inf")
    return asyncio.get_running_loop().time() + left
