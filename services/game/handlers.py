"""Registers the servicer as the generated code does, but RunGames answers are encoded bytes."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
from google.protobuf.message_factory import GetMessageClass

from mazemesh.v1 import game_pb2 as pb
from services.game.servicer import GameServicer

SERVICE = "mazemesh.v1.GameService"
_ENCODED = "RunGames"

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
            request_deserializer=request.FromString,
            response_serializer=None if method.name == _ENCODED else response.SerializeToString,
        )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
