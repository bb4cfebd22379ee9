"""Composes experiments: calls on their way to inference, shadows, and who looks after them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from services._harness import Server
from services.model.experiments.calls.routes import Routes
from services.model.experiments.calls.serving import Serving
from services.model.experiments.calls.shadow import Shadow
from services.model.experiments.calls.tallies import Tallies
from services.model.experiments.metrics import ExperimentsCollector
from services.model.experiments.steward import Steward
from services.model.inference.bind import open_aside
from services.model.inference.inference import Inference
from services.model.settings import ModelSettings
from services.model.store import RegistryStore
from services.model.weights import Weights

TOPIC: Final = "experiments"


class Parts(NamedTuple):
    """What answers calls, and what looks after experiments."""

    serving: Serving
    steward: Steward


def open_experiments(
    settings: ModelSettings,
    server: Server,
    store: RegistryStore,
    weights: Weights,
    inference: Inference,
    *,
    moved: Callable[[], None],
    now: Callable[[], datetime],
) -> Parts:
    """Experiments of this instance, which follows those of the store; `moved` tells of aliases."""
    loop = asyncio.get_running_loop()
    routes, tallies = Routes(), Tallies()
    aside = open_aside(settings, server, store, weights)
    shadow = Shadow(aside, tallies, loop.time)
    serving = Serving(inference, routes, tallies, shadow, loop.time, partial(secrets.token_hex, 16))
    notices = server.notices

    def news() -> None:
        notices.publish(TOPIC)
        moved()

    steward = Steward(store, routes, tallies, prepare=inference.ready, news=news, now=now)
    inference.also_told += [routes.take, aside.take]
    server.registry.register(ExperimentsCollector(routes, tallies, steward))
    server.background(lambda: steward.run(notices.listen(TOPIC)), "look after experiments")
    server.background(shadow.run, "run shadows")
    server.on_stop(steward.close)
    return Parts(serving, steward)
