"""Composes what simulators need: inference, who learns, Replay."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import numpy as np

from services._harness import Server
from services.model.external.metrics import ExternalCollector
from services.model.external.simulators import Simulators
from services.model.external.trainees import Trainees
from services.model.inference.inference import Inference
from services.model.remotes import ReplayTables
from services.model.settings import ModelSettings
from services.model.wire.external_collection import read_method
from services.model.wire.external_servicer import ExternalStreams

_LAST_SECONDS: Final = 5.0
"""For writing what streams that ended have left, when the service stops."""


def open_external(settings: ModelSettings, server: Server, inference: Inference) -> ExternalStreams:
    """Streams of simulators as the settings say; Replay is reached when a policy first learns."""
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
    server.registry.register(ExternalCollector(simulators))
    server.on_drain(streams.drain)
    server.on_stop(tables.close)
    server.on_stop(partial(trainees.close, _LAST_SECONDS))
    return streams
