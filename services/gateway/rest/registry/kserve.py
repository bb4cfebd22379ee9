"""KServe v2 over HTTP (/v2): policies asked by whoever speaks Triton's protocol.

The same requests go to the same code in Model as by gRPC. Errors have the member `error` that
clients of this protocol read, beside those of problem+json.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from mazemesh.errors import NotFound
from mazemesh.kserve import inference_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.context import GatewayDep
from services.gateway.rest.asking import told
from services.gateway.rest.messages import model_of
from services.gateway.rest.registry.tensors import (
    HEADER_LENGTH,
    decompressed,
    read_request,
    write_answer,
)

router = APIRouter(prefix="/v2", tags=["kserve"])

_INFER_DEADLINE: Final = 60.0

ModelName = Annotated[str, Path(pattern=r"^[a-z0-9._-]{1,64}$", examples=["race"])]
Version = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$", examples=["1"])]


class InferInput(BaseModel):
    """A column of the batch."""

    name: str = Field(max_length=256)
    shape: list[int] = Field(max_length=32)
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class InferWanted(BaseModel):
    """An output that is asked for."""

    name: str = Field(max_length=256)
    parameters: dict[str, Any] = {}


class InferRequest(BaseModel):
    """A batch of observations; binary tensors may follow the JSON."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "inputs": [
                        {
                            "name": "observation",
                            "shape": [1, 4],
                            "datatype": "UINT8",
                            "data": [0, 1, 0, 1],
                        }
                    ]
                }
            ]
        }
    )

    id: str = Field(default="", max_length=128)
    inputs: list[InferInput]
    outputs: list[InferWanted] = []
    parameters: dict[str, Any] = {}


class InferOutput(BaseModel):
    """A column of the answer."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class InferAnswer(BaseModel):
    """What a policy says."""

    model_name: str
    model_version: str
    outputs: list[InferOutput]
    id: str = ""


@router.get("", summary="The server", response_model=model_of(pb.ServerMetadataResponse))
async def server(calls: CallsDep) -> Any:
    """Name, version and extensions."""
    answer = await calls.ask(calls.rpcs.kserve.ServerMetadata, pb.ServerMetadataRequest())
    answer.extensions.append("binary_tensor_data")
    return told(answer)


@router.get("/health/live", summary="Whether Model runs", response_class=Response)
async def live(calls: CallsDep) -> Response:
    """200 or an error."""
    answer = await calls.ask(calls.rpcs.kserve.ServerLive, pb.ServerLiveRequest())
    return Response(status_code=200 if answer.live else 503)


@router.get("/health/ready", summary="Whether Model takes requests", response_class=Response)
async def ready(calls: CallsDep) -> Response:
    """200 or an error."""
    answer = await calls.ask(calls.rpcs.kserve.ServerReady, pb.ServerReadyRequest())
    return Response(status_code=200 if answer.ready else 503)


async def _metadata(calls: CallsDep, model: str, version: str = "") -> Any:
    request = pb.ModelMetadataRequest(name=model, version=version)
    return told(await calls.ask(calls.rpcs.kserve.ModelMetadata, request, _INFER_DEADLINE))


async def _ready(calls: CallsDep, model: str, version: str = "") -> Response:
    request = pb.ModelReadyRequest(name=model, version=version)
    answer = await calls.ask(calls.rpcs.kserve.ModelReady, request)
    if not answer.ready:
        raise NotFound(f"model {model!r}{f' version {version!r}' * bool(version)} is not ready")
    return Response(status_code=200)


async def _config(calls: CallsDep, model: str, version: str = "") -> Any:
    request = pb.ModelConfigRequest(name=model, version=version)
    found = await calls.ask(calls.rpcs.kserve.ModelConfig, request, _INFER_DEADLINE)
    return told(found.config)


async def _statistics(calls: CallsDep, model: str = "", version: str = "") -> Any:
    request = pb.ModelStatisticsRequest(name=model, version=version)
    return told(await calls.ask(calls.rpcs.kserve.ModelStatistics, request))


async def _infer(
    calls: CallsDep, gateway: GatewayDep, http: Request, model: str, version: str = ""
) -> Response:
    most = gateway.settings.max_request_bytes
    body = decompressed(await http.body(), http.headers.get("content-encoding", ""), most)
    length = http.headers.get(HEADER_LENGTH, "")
    request, binary = read_request(body, length, model, version)
    answer = await calls.ask(calls.rpcs.kserve.ModelInfer, request, _INFER_DEADLINE)
    content, head = write_answer(answer, binary)
    if head is None:
        return Response(content, media_type="application/json")
    return Response(
        content,
        headers={"Inference-Header-Content-Length": str(head)},
        media_type="application/octet-stream",
    )


_STATISTICS = model_of(pb.ModelStatisticsResponse)


@router.get("/models/stats", summary="Figures of all", response_model=_STATISTICS)
async def statistics(calls: CallsDep) -> Any:
    """Rows, batches and times of all versions that were asked."""
    return await _statistics(calls)


@router.get(
    "/models/{model}", summary="A policy", response_model=model_of(pb.ModelMetadataResponse)
)
async def metadata(calls: CallsDep, model: ModelName) -> Any:
    """Inputs and outputs of the newest version."""
    return await _metadata(calls, model)


@router.get(
    "/models/{model}/versions/{version}",
    summary="A version",
    response_model=model_of(pb.ModelMetadataResponse),
)
async def version_metadata(calls: CallsDep, model: ModelName, version: Version) -> Any:
    """Inputs and outputs of a version, or of what an alias stands for."""
    return await _metadata(calls, model, version)


@router.get("/models/{model}/ready", summary="Whether a policy is ready", response_class=Response)
async def model_ready(calls: CallsDep, model: ModelName) -> Response:
    """200 or an error."""
    return await _ready(calls, model)


@router.get(
    "/models/{model}/versions/{version}/ready",
    summary="Whether a version is ready",
    response_class=Response,
)
async def version_ready(calls: CallsDep, model: ModelName, version: Version) -> Response:
    """200 or an error."""
    return await _ready(calls, model, version)


@router.get(
    "/models/{model}/config",
    summary="A policy's configuration",
    response_model=model_of(pb.ModelConfig),
)
async def config(calls: CallsDep, model: ModelName) -> Any:
    """As Triton tells it."""
    return await _config(calls, model)


@router.get(
    "/models/{model}/versions/{version}/config",
    summary="A version's configuration",
    response_model=model_of(pb.ModelConfig),
)
async def version_config(calls: CallsDep, model: ModelName, version: Version) -> Any:
    """As Triton tells it."""
    return await _config(calls, model, version)


@router.get("/models/{model}/stats", summary="Figures of a policy", response_model=_STATISTICS)
async def model_statistics(calls: CallsDep, model: ModelName) -> Any:
    """Rows, batches and times."""
    return await _statistics(calls, model)


@router.get(
    "/models/{model}/versions/{version}/stats",
    summary="Figures of a version",
    response_model=_STATISTICS,
)
async def version_statistics(calls: CallsDep, model: ModelName, version: Version) -> Any:
    """Rows, batches and times."""
    return await _statistics(calls, model, version)


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": InferRequest.model_json_schema(
                    ref_template="#/components/schemas/{model}"
                )
            }
        },
    }
}
_BODY["requestBody"]["content"]["application/json"]["schema"].pop("$defs", None)
HeaderLength = Annotated[
    str,
    Header(
        alias="Inference-Header-Content-Length",
        max_length=10,
        pattern=r"^[0-9]*$",
        description="Bytes of JSON, where binary tensors follow it.",
    ),
]


@router.post(
    "/models/{model}/infer", summary="Ask a policy", response_model=InferAnswer, openapi_extra=_BODY
)
async def infer(
    calls: CallsDep, gateway: GatewayDep, http: Request, model: ModelName, length: HeaderLength = ""
) -> Response:
    """Answers a batch by the newest version."""
    return await _infer(calls, gateway, http, model)


@router.post(
    "/models/{model}/versions/{version}/infer",
    summary="Ask a version",
    response_model=InferAnswer,
    openapi_extra=_BODY,
)
async def version_infer(
    calls: CallsDep,
    gateway: GatewayDep,
    http: Request,
    model: ModelName,
    version: Version,
    length: HeaderLength = "",
) -> Response:
    """Answers a batch by a version, or by what an alias stands for."""
    return await _infer(calls, gateway, http, model, version)
