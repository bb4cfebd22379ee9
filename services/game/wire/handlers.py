"""Registers the servicer as the generated code does, but RunGames answers are encoded bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from mazemesh.v1 import game_pb2 as pb
from services.game.servicer import GameServicer

Message = TypeVar("Message")

SERVICE = "mazemesh.v1.GameService"
_ENCODED = "RunGames"

MAX_BYTES = {
    "ListGames": 4 << 10,
    "CreateGames": 8 << 20,
    "PlayGame": 4 << 10,
    "RunGames": 4 << 20,
    "WatchGame": 4 << 10,
    "ListActiveGames": 4 << 10,
    "GetReplay": 4 << 10,
    "ListReplays": 16 << 10,
}
"""Bytes of one request, more than the longest one that can be right. gRPC decodes requests in the
event loop, where 64 MiB of small fields would take a second."""

_OTHERS_BYTES = 64 << 10

_KINDS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def add_game_servicer(servicer: GameServicer, server: grpc.aio.Server) -> None:
    """Serves all methods of GameService."""
    methods: dict[str, Any] = {}
    for method in pb.DESCRIPTOR.services_by_name["GameService"].methods:
        request: Any = GetMessageClass(method.input_type)
        response: Any = GetMessageClass(method.output_type)
        kind: Any = _KINDS[method.client_streaming, method.server_streaming]
        methods[method.name] = kind(
            getattr(servicer, method.name),
            request_deserializer=limited(
                request.FromString, MAX_BYTES.get(method.name, _OTHERS_BYTES)
            ),
            response_serializer=None if method.name == _ENCODED else response.SerializeToString,
        )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


def limited(decode: Callable[[bytes], Message], limit: int) -> Callable[[bytes], Message]:
    """Decodes messages of at most so many bytes; longer ones are malformed (INVALID_ARGUMENT)."""

    def decode_limited(data: bytes) -> Message:
        if len(data) > limit:
            raise DecodeError(f"the message has {len(data)} bytes; at most {limit} are read")
        return decode(data)

    return decode_limited
