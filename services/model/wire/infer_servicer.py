"""Infer and what belongs to it, of model.proto."""

from __future__ import annotations

import asyncio

from mazemesh.names import POLICY
from mazemesh.v1 import model_pb2 as pb
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services.model.experiments.serving import Serving
from services.model.inference.inference import Inference
from services.model.wire.experiment_messages import check_session
from services.model.wire.infer_messages import infer_message, read_infer, signature_message


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
        version, model = await self.inference.ready(request.policy)
        return signature_message(version, model.layout)

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
