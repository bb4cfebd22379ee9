"""Which processes a mesh on one machine has, and how each is started."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from mazemesh.client.addresses import Addresses
from mazemesh.process.ports import free_block

SERVICES = ("game", "matchmaker", "model", "elo", "replay")
"""In the order of their ports."""


@dataclass(frozen=True)
class Run:
    """What `mazemesh up` was asked for.

    Attributes:
        data_dir: Folder of everything that outlives the mesh.
        host: Address the services listen on.
        port_base: Port of Game; the others follow.
        game: Game to train on and to rate.
        policy: Name of the policy.
        algorithm: Of the learner, e.g. "ppo".
        actors: Number of actor processes.
        evaluators: Number of evaluator processes.
        seed: Of the run; None is a fresh one.
        actor_flags: Passed on to every actor.
        learner_flags: Passed on to the learner.
    """

    data_dir: Path
    host: str
    port_base: int
    game: str
    policy: str
    algorithm: str
    actors: int = 1
    evaluators: int = 1
    seed: int | None = None
    actor_flags: tuple[str, ...] = ()
    learner_flags: tuple[str, ...] = ()

    @property
    def addresses(self) -> Addresses:
        """Where the services listen."""
        return Addresses.local(self.host, self.port_base)


@dataclass(frozen=True)
class ProcessSpec:
    """One process of the mesh.

    Attributes:
        name: Unique, e.g. "replay" or "actor-0".
        command: Arguments to execute.
        metrics_port: Where its Prometheus page is.
        niceness: Added to the scheduling priority; evaluators must not slow the training down.
        address: host:port of its gRPC health, for services.
    """

    name: str
    command: tuple[str, ...]
    metrics_port: int
    niceness: int = 0
    address: str = ""


@dataclass(frozen=True)
class Layout:
    """All processes: the services first, then the workers that need them."""

    services: tuple[ProcessSpec, ...]
    workers: tuple[ProcessSpec, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def all(self) -> tuple[ProcessSpec, ...]:
        """Services and workers."""
        return self.services + self.workers


def lay_out(run: Run) -> Layout:
    """Processes for a run, each with a metrics port that is free now."""
    names = [*SERVICES, "learner"]
    names += [f"actor-{index}" for index in range(run.actors)]
    names += [f"evaluator-{index}" for index in range(run.evaluators)]
    own = range(run.port_base, run.port_base + len(SERVICES))
    ports = dict(zip(names, free_block(len(names), taken=own), strict=True))
    services = tuple(_service(run, name, ports[name]) for name in SERVICES)
    workers = tuple(_worker(run, name, ports[name]) for name in names[len(SERVICES) :])
    return Layout(services, workers, _environment(run))


def _service(run: Run, name: str, metrics_port: int) -> ProcessSpec:
    address = getattr(run.addresses, name)
    port = address.rpartition(":")[2]
    command = (
        *(sys.executable, "-m", f"services.{name}"),
        *("--host", run.host, "--port", port, "--metrics-port", str(metrics_port)),
    )
    return ProcessSpec(name, command, metrics_port, address=address)


def _worker(run: Run, name: str, metrics_port: int) -> ProcessSpec:
    kind = name.partition("-")[0]
    flags = ["--metrics-port", str(metrics_port), "--policy", run.policy]
    if run.seed is not None:
        offset = int(name.partition("-")[2] or 0)
        flags += ["--seed", str(run.seed + offset)]
    if kind == "learner":
        what = ("-m", "learner", "--game", run.game, "--algorithm", run.algorithm)
        command = (sys.executable, *what, *flags, *run.learner_flags)
        return ProcessSpec(name, command, metrics_port)
    mode = {"actor": "play", "evaluator": "evaluate"}[kind]
    own = run.actor_flags if kind == "actor" else ()
    command = (sys.executable, "-m", "actor", mode, *flags, *own)
    return ProcessSpec(name, command, metrics_port, niceness=10 if kind == "evaluator" else 0)


def _environment(run: Run) -> dict[str, str]:
    """What all processes share; flags of one process stand in its command."""
    addresses = {
        f"MAZEMESH_{name.upper()}_ADDRESS": getattr(run.addresses, name) for name in SERVICES
    }
    return {
        **os.environ,
        **addresses,
        "MAZEMESH_DATA_DIR": str(run.data_dir),
        "MAZEMESH_LOG_FORMAT": os.environ.get("MAZEMESH_LOG_FORMAT", "json"),
        "MAZEMESH_MATCHMAKER_GAMES": run.game,
        "MAZEMESH_GAME_WARM_GAMES": run.game,
        "MAZEMESH_EXIT_WITH_PARENT": str(os.getpid()),
        # numpy's own threads would fight with torch and onnxruntime over the cores.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
    }
