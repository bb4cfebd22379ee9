"""What an actor process does: `play` or `evaluate`."""

from __future__ import annotations

import sys
import threading

import numpy as np
from prometheus_client import CollectorRegistry

from actor.settings import ActorSettings, EvaluatorSettings
from mazemesh.client.mesh import Mesh
from mazemesh.process.memory import keep_freed_memory
from mazemesh.process.worker import run_worker

STOP_SECONDS = 4.0
"""A service that went away first must not keep a worker that stops waiting for it."""


def play(settings: ActorSettings, registry: CollectorRegistry, stop: threading.Event) -> None:
    """Runs an actor until `stop`."""
    from actor.selfplay.play import Actor

    keep_freed_memory()
    with Mesh(settings.addresses) as mesh:
        Actor(settings, mesh, registry, stop).run()


def evaluate(
    settings: EvaluatorSettings, registry: CollectorRegistry, stop: threading.Event
) -> None:
    """Runs an evaluator until `stop`."""
    from actor.metrics import EvaluatorMetrics
    from actor.rating.evaluator import Evaluator
    from actor.selfplay.play import worker_name

    with Mesh(settings.addresses) as mesh:
        Evaluator(
            worker_name(settings.worker_id, "evaluator"),
            mesh.matchmaker,
            mesh.model,
            mesh.game,
            EvaluatorMetrics(registry),
            stop,
            max_matches=settings.max_matches,
            probe_games=settings.probe_games,
            policy=settings.policy,
            rng=np.random.default_rng(settings.seed),
        ).run()


def main() -> None:
    """Dispatches on the first argument."""
    mode, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if mode == "play":
        run_worker(
            ActorSettings,
            play,
            arguments,
            "python -m actor play",
            patience=lambda settings: STOP_SECONDS + settings.drain_seconds,
        )
    elif mode == "evaluate":
        run_worker(
            EvaluatorSettings,
            evaluate,
            arguments,
            "python -m actor evaluate",
            patience=STOP_SECONDS,
        )
    else:
        sys.exit(f"usage: python -m actor play|evaluate [FLAGS] (got {mode!r})")
