"""Composes what simulators need, when the first of them comes: inference, who learns, Replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services._harness import Server
from services.model.external.metrics import ExternalCollector
from services.model.inference.inference import Inference
from services.model.settings import ModelSettings

if TYPE_CHECKING:
    from mazemesh.v1 import model_pb2 as pb
    from services.model.external.simulators import Simulators
    from services.model.external.trainees import Trainees
    from services.model.remotes.experience import ReplayTables
    from services.model.wire.external.external_streams import ExternalStreams

_LAST_SECONDS: Final = 5.0
"""For writing what streams that ended have left, when the service stops."""


@dataclass(frozen=True)
class _Parts:
    streams: ExternalStreams
    simulators: Simulators
    trainees: Trainees
    tables: ReplayTables


class External:
    """Streams of simulators as the settings say.

    What they need is loaded for the first of them, so that a mesh without one starts as soon.
    """

    def __init__(self, settings: ModelSettings, server: Server, inference: Inference) -> None:
        self._settings, self._inference = settings, inference
        self._parts: _Parts | None = None
        server.registry.register(ExternalCollector(lambda: self._simulators))
        server.on_drain(self._drain)
        server.on_stop(self._close)

    async def serve(
        self, messages: AsyncIterator[pb.ExternalEpisodesRequest]
    ) -> AsyncGenerator[pb.ExternalEpisodesResponse]:
        """One stream."""
        if self._parts is None:
            self._parts = _open(self._settings, self._inference)
        async for message in self._parts.streams.serve(messages):
            yield message

    @property
    def _simulators(self) -> Simulators | None:
        return None if self._parts is None else self._parts.simulators

    async def _drain(self) -> None:
        if self._parts is not None:
            await self._parts.streams.drain()

    async def _close(self) -> None:
        if self._parts is not None:
            await self._parts.trainees.close(_LAST_SECONDS)
            await self._parts.tables.close()


def _open(settings: ModelSettings, inference: Inference) -> _Parts:
    import numpy as np

    from services.model.external.simulators import Simulators
    from services.model.external.trainees import Trainees
    from services.model.remotes.experience import ReplayTables
    from services.model.wire.external.external_collection import read_method
    from services.model.wire.external.external_streams import ExternalStreams

    clock = asyncio.get_running_loop().time
    tables = ReplayTables(settings.replay_address)
    trainees = Trainees(
        read_method,
        tables.writer,
        settings.external_bytes,
        clock,
        np.random.default_rng(),
    )
    inference.pointers.moved = trainees.note
    simulators = Simulators(inference, trainees, settings.external_streams, clock)
    streams = ExternalStreams(
        simulators, settings.heartbeat_seconds, settings.external_idle_seconds
    )
    return _Parts(streams, simulators, trainees, tables)
