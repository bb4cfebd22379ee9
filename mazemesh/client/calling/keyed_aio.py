"""Metadata with every call of an asyncio channel."""

from __future__ import annotations

from typing import Any

import grpc.aio


def interceptors(metadata: tuple[tuple[str, str], ...]) -> list[Any]:
    """One for each kind of calls; gRPC asks for the four by their types."""
    return [kind(metadata) for kind in (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)]


class _Keyed:
    def __init__(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata

    def _with_metadata(self, details: Any) -> Any:
        given = tuple(details.metadata or ())
        return details._replace(metadata=grpc.aio.Metadata(*given, *self._metadata))


class _UnaryUnary(_Keyed, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._with_metadata(details), request)


class _UnaryStream(_Keyed, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._with_metadata(details), request)


class _StreamUnary(_Keyed, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self._with_metadata(details), requests)


class _StreamStream(_Keyed, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self._with_metadata(details), requests)
