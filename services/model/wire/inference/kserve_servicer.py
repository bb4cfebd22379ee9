"""The RPCs of mazemesh/kserve/inference.proto, for public clients as tritonclient."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from importlib.metadata import version as installed
from typing import Any, Final, NoReturn

import grpc

from mazemesh.errors import MazemeshError, NotFound, status_of
from mazemesh.kserve import inference_pb2 as pb
from mazemesh.kserve.inference_pb2_grpc import GRPCInferenceServiceServicer
from mazemesh.names import POLICY, parse_reference
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services._harness.calls.refusals import refusal
from services.model.experiments.calls.serving import Serving
from services.model.inference.inference import Inference
from services.model.wire.inference import kserve_messages as messages
from services.model.wire.inference.infer_servicer import deadline

SERVICE: Final = "inference.GRPCInferenceService"
EXTENSIONS: Final = ("model_configuration", "statistics", "sequence")


class KserveServicer(GRPCInferenceServiceServicer):
    """Serves the KServe v2 protocol.

    Args:
        inference: What is loaded.
        serving: Answers.
        wait_seconds: How long rows wait for others, for those who ask.
    """

    def __init__(self, inference: Inference, serving: Serving, wait_seconds: float) -> None:
        self._inference, self._serving = inference, serving
        self._wait_seconds = wait_seconds
        self._stopping = False

    async def drain(self) -> None:
        """From now on it is not ready."""
        self._stopping = True

    async def ServerLive(
        self, request: pb.ServerLiveRequest, context: Context
    ) -> pb.ServerLiveResponse:
        """It answers, so it lives."""
        return pb.ServerLiveResponse(live=True)

    async def ServerReady(
        self, request: pb.ServerReadyRequest, context: Context
    ) -> pb.ServerReadyResponse:
        """Whether it takes calls."""
        return pb.ServerReadyResponse(ready=not self._stopping)

    async def ModelReady(
        self, request: pb.ModelReadyRequest, context: Context
    ) -> pb.ModelReadyResponse:
        """Whether a version could be asked."""
        policy = messages.policy_of(request.name, request.version)
        try:
            await self._inference.pointers.find(policy)
        except NotFound:
            return pb.ModelReadyResponse(ready=False)
        return pb.ModelReadyResponse(ready=not self._stopping)

    async def ServerMetadata(
        self, request: pb.ServerMetadataRequest, context: Context
    ) -> pb.ServerMetadataResponse:
        """Who serves."""
        return pb.ServerMetadataResponse(
            name="mazemesh", version=installed("mazemesh"), extensions=EXTENSIONS
        )

    async def ModelMetadata(
        self, request: pb.ModelMetadataRequest, context: Context
    ) -> pb.ModelMetadataResponse:
        """What a version takes and gives."""
        policy = messages.policy_of(request.name, request.version)
        version, model = await self._inference.ready(policy)
        return messages.metadata_message(version, model)

    async def ModelConfig(
        self, request: pb.ModelConfigRequest, context: Context
    ) -> pb.ModelConfigResponse:
        """A version as Triton would tell its configuration."""
        policy = messages.policy_of(request.name, request.version)
        version, model = await self._inference.ready(policy)
        return messages.config_message(version, model, self._wait_seconds)

    async def ModelInfer(
        self, request: pb.ModelInferRequest, context: Context
    ) -> pb.ModelInferResponse:
        """Answers of a version to a batch of observations."""
        now = asyncio.get_running_loop().time()
        asked, sequence = messages.read_infer(request, caller().owner, now, deadline(context))
        answer = await self._serving.infer(asked, sequence.session)
        if sequence.ids and sequence.ends:
            sessions = self._inference.sessions
            await sessions.reset(caller().owner, answer.version.name, sequence.ids)
        return messages.infer_message(answer, request.id)

    async def ModelStreamInfer(
        self, request_iterator: AsyncIterator[pb.ModelInferRequest], context: Context
    ) -> AsyncGenerator[pb.ModelStreamInferResponse]:
        """The same for one request after the other; an error is an answer."""
        async for request in request_iterator:
            try:
                answered = await self.ModelInfer(request, context)
            except MazemeshError as error:
                told = f"[{status_of(error).name}] {refusal(error).message}"
                failed = pb.ModelInferResponse(id=request.id[:128])
                yield pb.ModelStreamInferResponse(error_message=told, infer_response=failed)
            else:
                yield pb.ModelStreamInferResponse(infer_response=answered)

    async def ModelStatistics(
        self, request: pb.ModelStatisticsRequest, context: Context
    ) -> pb.ModelStatisticsResponse:
        """What versions served."""
        number = 0
        name = POLICY.check("name", request.name) if request.name else ""
        if request.version:
            policy = messages.policy_of(request.name, request.version)
            number = parse_reference(policy).number
            if not number:
                number = (await self._inference.pointers.find(policy)).number
        now = asyncio.get_running_loop().time()
        served = self._inference.figures.all(name, number)
        return messages.statistics_message(served, now, time.time())

    async def RepositoryIndex(self, request: Any, context: Context) -> NoReturn:
        """Not served."""
        await _unimplemented(context, "ModelService.ListPolicies lists what there is")

    async def RepositoryModelLoad(self, request: Any, context: Context) -> NoReturn:
        """Not served."""
        await _unimplemented(context, "a version is loaded when it is asked for")

    async def RepositoryModelUnload(self, request: Any, context: Context) -> NoReturn:
        """Not served."""
        await _unimplemented(context, "versions that are not asked for are unloaded by themselves")


async def _unimplemented(context: Context, instead: str) -> NoReturn:
    await context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        f"mazemesh has a registry of its own in place of a v2 repository: {instead}",
    )
    raise AssertionError("abort raises")
