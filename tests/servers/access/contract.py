"""Everything that is served, by descriptors, and how each method is called once."""

from dataclasses import dataclass
from typing import Any

import grpc
from dm_env_rpc.v1 import dm_env_rpc_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from mazemesh.kserve import inference_pb2
from mazemesh.v1 import elo_pb2, game_pb2, matchmaker_pb2, model_pb2, replay_pb2

FILES: Any = (game_pb2, matchmaker_pb2, model_pb2, elo_pb2, replay_pb2)
OTHERS: Any = (health_pb2, reflection_pb2, dm_env_rpc_pb2)
"""What is served beside the contract; by the Game service all of it."""

GAME = "mazemesh.v1.GameService"
MODEL = "mazemesh.v1.ModelService"


@dataclass(frozen=True)
class Method:
    """One RPC, and the service of ours that serves it."""

    descriptor: MethodDescriptor
    served_by: str

    @property
    def path(self) -> str:
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    def __str__(self) -> str:
        return self.path.removeprefix("/").rpartition(".")[2]


METHODS = [
    Method(method, service.full_name if file in FILES else GAME)
    for file in (*FILES, *OTHERS)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
] + [
    Method(method, MODEL)
    for service in inference_pb2.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]

REQUESTS: dict[str, Any] = {
    # A player's key has to name whom it plays as.
    "TakePart": matchmaker_pb2.TakePartRequest(
        tournament_id="tournament-none", player="player/ann"
    ),
    "FindMatch": matchmaker_pb2.FindMatchRequest(
        request_id="r", player="player/ann", game="race", max_wait={"nanos": 1}
    ),
}
"""Requests that would otherwise be refused for their names; all others are empty messages."""


def status(channel: grpc.Channel, method: Method, seconds: float) -> str:
    """The status of a call by one request; OK as soon as there is an answer.

    By a blocking client: that of asyncio says INTERNAL where a call ended before its request was
    written.
    """
    descriptor = method.descriptor
    request = REQUESTS.get(descriptor.name) or GetMessageClass(descriptor.input_type)()
    response: Any = GetMessageClass(descriptor.output_type)
    kind = ("stream" if descriptor.client_streaming else "unary") + (
        "_stream" if descriptor.server_streaming else "_unary"
    )
    stub = getattr(channel, kind)(
        method.path,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=response.FromString,
    )
    try:
        call = stub(iter([request]) if descriptor.client_streaming else request, timeout=seconds)
        if descriptor.server_streaming:
            next(call, None)
            call.cancel()
    except grpc.RpcError as error:
        told: Any = error
        code: str = told.code().name
        return code
    return "OK"
