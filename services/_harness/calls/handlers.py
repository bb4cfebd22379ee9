"""Registers a servicer as the generated code does, with bounds, and messages that stay bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

Message = TypeVar("Message")

_KINDS: Final = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def add_servicer(
    servicer: object,
    server: grpc.aio.Server,
    service: ServiceDescriptor,
    *,
    most_bytes: Mapping[str, int],
    others_bytes: int,
    raw_requests: Collection[str] = (),
    raw_responses: Collection[str] = (),
) -> None:
    """Serves all methods of a service.

    gRPC decodes requests in the event loop, where 64 MiB of small fields would take a second.

    Args:
        servicer: Has the methods.
        server: Where they are served.
        service: What they are, e.g. `game_pb2.DESCRIPTOR.services_by_name["GameService"]`.
        most_bytes: The largest request by method: more than the longest one that can be right.
        others_bytes: The largest request of the methods that are not named there.
        raw_requests: Methods that are given encoded bytes, and look at their size themselves.
        raw_responses: Methods that answer with encoded bytes.
    """
    methods: dict[str, Any] = {}
    for method in service.methods:
        name = method.name
        request: Any = GetMessageClass(method.input_type)
        response: Any = GetMessageClass(method.output_type)
        decode = limited(request.FromString, most_bytes.get(name, others_bytes))
        kind: Any = _KINDS[method.client_streaming, method.server_streaming]
        methods[name] = kind(
            getattr(servicer, name),
            request_deserializer=None if name in raw_requests else decode,
            response_serializer=None if name in raw_responses else response.SerializeToString,
        )
    handler = grpc.method_handlers_generic_handler(service.full_name, methods)
    server.add_generic_rpc_handlers((handler,))


def limited(decode: Callable[[bytes], Message], limit: int) -> Callable[[bytes], Message]:
    """Decodes messages of at most so many bytes; longer ones are malformed (INVALID_ARGUMENT)."""

    def decode_limited(data: bytes) -> Message:
        if len(data) > limit:
            raise DecodeError(f"the message has {len(data)} bytes; at most {limit} are read")
        return decode(data)

    return decode_limited
