"""Composes the mirror."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec

from mazemesh.process.errors import StartError
from services._harness import Server
from services._harness.broadcast import Broadcast
from services.model.mirror.metrics import MirrorCollector
from services.model.mirror.mirroring import Mirror
from services.model.mirror.process import MirrorProcess
from services.model.settings import ModelSettings
from services.model.store import RegistryStore
from services.model.weights import Weights
from services.model.wire.registry.mirror_telling import told_of


class NoMirror(Mirror):
    """None is configured: what waited for one is forgotten, so that a later one gets everything."""

    async def run(self, changed: Broadcast) -> None:
        """Forgets, and ends."""
        await self._store.transact(lambda tx: tx.outbox.forget())

    async def close(self) -> None:
        """Nothing is held."""


def open_mirror(
    settings: ModelSettings,
    server: Server,
    store: RegistryStore,
    weights: Weights,
    now: Callable[[], datetime],
) -> Mirror:
    """The mirror that the settings name; its process starts when there is something to tell."""
    uri = settings.mlflow_registry_uri
    if uri and find_spec("mlflow") is None:
        raise StartError(
            f"mlflow_registry_uri is {uri}, but MLflow is not installed here; install "
            "mazemesh[mirror], or leave it empty",
            exit_code=2,
        )
    artifacts = (settings.data_dir / "mlflow" / "artifacts").absolute().as_uri()
    kind = Mirror if uri else NoMirror
    process = MirrorProcess(uri, artifacts)
    mirror = kind(store, weights.file, process, told_of, uri, settings.instance, now)
    server.registry.register(MirrorCollector(mirror))
    server.on_stop(mirror.close)
    return mirror
