"""Every metric of the services and of the workers, read from the code that makes them.

The services are bound on an empty folder, as at their start, and workers' metrics are made; then
their registries say what they have, also what has no value yet.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry

from actor.metrics import ActorMetrics, EvaluatorMetrics
from actor.settings import ActorSettings, EvaluatorSettings
from learner.record.metrics import LearnerMetrics
from learner.settings import LearnerSettings
from mazemesh.process.metrics import create_registry
from mazemesh.process.settings import ProcessSettings
from services._harness import Bind, Server, ServiceSettings
from services._harness.web.server import WebServer
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.gateway.bind import bind as bind_gateway
from services.gateway.settings import GatewaySettings
from services.matchmaker.bind import bind as bind_matchmaker
from services.matchmaker.settings import MatchmakerSettings
from services.model.bind import bind as bind_model
from services.model.settings import ModelSettings
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings

_SERVICES: Final[tuple[tuple[type[ServiceSettings], Bind[Any]], ...]] = (
    (GameServiceSettings, bind_game),
    (MatchmakerSettings, bind_matchmaker),
    (ModelSettings, bind_model),
    (EloSettings, bind_elo),
    (ReplaySettings, bind_replay),
    (GatewaySettings, bind_gateway),
)

_ENDINGS: Final = {"counter": "_total", "info": "_info"}
"""What a page adds to the name of a family."""

_SERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
}


@dataclass(frozen=True, order=True)
class Described:
    """One metric.

    Attributes:
        name: As Prometheus knows it; a counter's with `_total`.
        kind: counter, gauge, histogram or summary.
        labels: Beside those that Prometheus adds.
        meaning: Its help text.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        """Read from the name, which ends in it; a count of things where there is none."""
        bare = self.name.removesuffix("_total")
        for ending, unit in _UNITS.items():
            if bare.endswith(ending):
                return unit
        return "count"

    @property
    def series(self) -> dict[str, frozenset[str]]:
        """Names of the series that it has, with their labels."""
        bare = self.name.removesuffix("_total") if self.kind == "counter" else self.name
        own = frozenset(self.labels)
        return {
            bare + suffix: own | {"le"} if suffix == "_bucket" else own
            for suffix in _SERIES[self.kind]
        }


_UNITS: Final = {
    "_expiry_seconds": "Unix seconds",
    "_start_time_seconds": "Unix seconds",
    "_seconds": "seconds",
    "_bytes": "bytes",
    "_rows": "rows",
    "_dollars_per_hour": "US dollars an hour",
    "_lag_steps": "gradient steps",
    "_training_step": "gradient steps",
    "_agent_steps": "steps",
    "_gap": "Elo points",
    "_return": "reward",
    "_rate": "share, 0..1",
    "_policy_lag": "versions",
    "_loss": "as each is defined",
    "_version": "number",
    "_info": "always 1",
    "_fits": "0 or 1",
}

COMMON: Final = "every process"
SERVICES: Final = "every service"


def catalogue() -> dict[str, list[Described]]:
    """Metrics by who has them: services and workers by name, and what is common to many."""
    with tempfile.TemporaryDirectory(prefix="mazemesh-metrics-") as folder:
        found = asyncio.run(_of_services(Path(folder)))
        found |= _of_workers(Path(folder))
    services = [found[settings.component] for settings, _ in _SERVICES]
    common = set.intersection(*map(set, found.values()))
    shared = set.intersection(*map(set, services)) - common
    parts = {COMMON: common, SERVICES: shared}
    parts |= {name: set(own) - common - shared for name, own in found.items()}
    return {name: sorted(own) for name, own in parts.items()}


def series(parts: Mapping[str, Iterable[Described]]) -> dict[str, frozenset[str]]:
    """All series of a catalogue with their labels."""
    return {
        name: labels
        for own in parts.values()
        for metric in own
        for name, labels in metric.series.items()
    }


async def _of_services(folder: Path) -> dict[str, list[Described]]:
    found = {}
    for settings_class, bind in _SERVICES:
        settings = settings_class(
            data_dir=folder / settings_class.component,
            port=0,
            # Whatever the environment says, it touches nothing but the folder.
            database_url=None,
            redis_url=None,
            blobs_url=None,
        )
        kind = WebServer if settings_class is GatewaySettings else Server
        server = kind(settings)
        try:
            await bind(settings, server)
            found[settings.component] = described(server.registry)
        finally:
            await server.stop()
    return found


def _of_workers(folder: Path) -> dict[str, list[Described]]:
    found = {}
    made: tuple[tuple[ProcessSettings, Callable[[CollectorRegistry], object]], ...] = (
        (ActorSettings(data_dir=folder, policy="any"), ActorMetrics),
        (EvaluatorSettings(data_dir=folder), EvaluatorMetrics),
        (LearnerSettings(data_dir=folder), LearnerMetrics),
    )
    for settings, metrics in made:
        registry = create_registry(settings)
        metrics(registry)
        found[settings.component] = described(registry)
    return found


def described(registry: CollectorRegistry) -> list[Described]:
    """What a registry has."""
    # Which labels a family takes is told nowhere else before there is a sample of it.
    collectors: Iterable[Any] = registry._collector_to_names  # noqa: SLF001
    labels: dict[str, tuple[str, ...]] = {
        one._name: one._labelnames  # noqa: SLF001
        for one in collectors
        if hasattr(one, "_labelnames")
    }
    return [
        Described(
            family.name + _ENDINGS.get(family.type, ""),
            "gauge" if family.type == "info" else family.type,
            labels.get(family.name, getattr(family, "_labelnames", ())),
            family.documentation,
        )
        for family in registry.collect()
    ]
