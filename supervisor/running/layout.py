"""Which processes a mesh on one machine has, and how each is started."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from learner.record.finished import FINISHED
from mazemesh.cli.games.own_games import VARIABLE, foreign_games
from mazemesh.client.addresses import Addresses, is_loopback, reachable
from mazemesh.game_names import is_external
from mazemesh.process.interpreter import run_module
from mazemesh.process.ports import free_block
from supervisor.running import own_keys

SERVICES = ("game", "matchmaker", "model", "elo", "replay")
"""In the order of their ports."""

GATEWAY = "gateway"
"""Name of the process that serves the console, REST and WebSockets."""

GRPC_EXPERIMENTS = "-event_engine_client,-event_engine_listener"
"""Lets the threads that wait for gRPC read the sockets themselves.

Its own threads would do it otherwise and wake them: a message then passes through twice as many
threads, and a step of 64 games costs both sides a quarter more. gRPC reads this when it is loaded.
"""

GRPC_POLL_STRATEGY = "poll"
"""Lets each of those threads wait for its own sockets.

By epoll, gRPC's choice elsewhere, one thread waits for all of a process and wakes the others.
"""

FOR_MANY = "epoll1"
"""Where others than the mesh's own processes call: the cost of poll grows with the connections.

With 1,000 that ask once in three seconds each an answer takes a second (docs/adr/0137).
"""

GRPC_BACKUP_POLL_MILLISECONDS = "100"
"""How often gRPC looks at sockets that no thread waits for, such as those being connected.

By default it does so every 5 s: with threads that wait for their own sockets alone, a client would
find a service that has come up, or come back, only after seconds.
"""


LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Stores:
    """Servers that several instances share; "" is what is embedded in the data folder.

    Attributes:
        database: URL of PostgreSQL.
        redis: URL of Redis.
        blobs: Folder or `s3://bucket/prefix` for files.
    """

    database: str = ""
    redis: str = ""
    blobs: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What tells the services; a password stands in no process list."""
        told = {
            "MAZEMESH_DATABASE_URL": self.database,
            "MAZEMESH_REDIS_URL": self.redis,
            "MAZEMESH_BLOBS_URL": self.blobs,
        }
        return {name: value for name, value in told.items() if value}


def gateway_port(port_base: int, instances: int = 1) -> int:
    """Where the gateway of a mesh listens: nine above Game's port, or behind all instances."""
    return port_base + len(SERVICES) * instances + 4


@dataclass(frozen=True)
class MeshPlan:
    """What `mazemesh up` was asked for.

    Attributes:
        data_dir: Folder of everything that outlives the mesh.
        host: Address the services listen on.
        port_base: Port of Game; the others follow.
        game: Game to train on and to rate.
        policy: Name of the policy; of several, the one whose progress is shown.
        policies: Of a run of several, names by role; `policy` is among them.
        algorithm: Of the learner, e.g. "ppo".
        actors: Number of actor processes.
        evaluators: Number of evaluator processes.
        exploiters: Number of main exploiters, each a learner and an actor of its own.
        league: Whether exploiters are started and stopped by the empirical game, a league exploiter
            among them.
        league_seconds: How often the league is looked at.
        seed: Of the run; None is a fresh one.
        foreign_games: Foreign games that the Game service may play besides `game`: exact names, or
            "installed".
        actor_flags: Passed on to every actor.
        learner_flags: Passed on to the learner.
        instances: Of every service; of Replay, shards.
        console: Whether the gateway runs.
        secure: Whether the services ask for keys, over TLS.
        stores: Where several instances keep what they share.
        key_files: What each process shows to services, by the beginning of its name; empty where no
            keys are asked for.
    """

    data_dir: Path
    host: str
    port_base: int
    game: str
    policy: str
    algorithm: str
    actors: int = 1
    evaluators: int = 1
    exploiters: int = 0
    league: bool = False
    league_seconds: float = 10.0
    seed: int | None = None
    policies: Mapping[str, str] = field(default_factory=dict)
    foreign_games: tuple[str, ...] = ()
    actor_flags: tuple[str, ...] = ()
    learner_flags: tuple[str, ...] = ()
    instances: int = 1
    console: bool = False
    secure: bool = False
    stores: Stores = field(default_factory=lambda: Stores())
    key_files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def exploiter_policies(self) -> tuple[str, ...]:
        """Names that the exploiters publish under: race-exploiter, race-exploiter-2 and so on."""
        name = f"{self.policy}-exploiter"
        numbered = (f"{name}-{number}" for number in range(2, self.exploiters + 1))
        return (name, *numbered) if self.exploiters else ()

    @property
    def league_exploiter(self) -> str:
        """Name that the league exploiter publishes under; empty without a league."""
        return f"{self.policy}-league-exploiter" if self.league else ""

    @property
    def members(self) -> dict[str, str]:
        """Kind of each exploiter of the league, by its name; none without a league."""
        if not self.league:
            return {}
        main = dict.fromkeys(self.exploiter_policies, "main exploiter")
        return {**main, self.league_exploiter: "league exploiter"}

    @property
    def trained_policies(self) -> tuple[str, ...]:
        """Names of all policies of the run; exploiters are not of it."""
        others = (name for name in self.policies.values() if name != self.policy)
        return (self.policy, *others)

    @property
    def open_to_others(self) -> bool:
        """Whether many may connect who are no processes of the mesh."""
        return self.secure or bool(self.key_files) or not is_loopback(self.host)

    @property
    def ports(self) -> tuple[int, ...]:
        """Of all services: five for each instance, and that of the gateway."""
        services = range(self.port_base, self.port_base + len(SERVICES) * self.instances)
        return (*services, *((self.gateway_port,) if self.console else ()))

    @property
    def gateway_port(self) -> int:
        """Of the gateway: port base + 9 where there is one instance of each service."""
        return gateway_port(self.port_base, self.instances)

    @property
    def addresses(self) -> Addresses:
        """Where the services listen, as their clients on this machine reach them."""
        return Addresses.local(self.host, self.port_base, self.instances)

    def addresses_of(self, instance: int) -> Addresses:
        """Where the services of one instance listen."""
        return Addresses.local(self.host, self.port_base + len(SERVICES) * instance)


@dataclass(frozen=True)
class ProcessSpec:
    """One process of the mesh.

    Attributes:
        name: Unique, e.g. "replay" or "actor-0".
        command: Arguments to execute.
        metrics_port: Where its Prometheus page is.
        metrics_host: On which host: the services' own, this machine for workers.
        niceness: Added to the scheduling priority; evaluators must not slow the training down.
        address: host:port of its gRPC health, for services.
        late: Nothing waits for it in the mesh's first seconds, which it leaves to the others.
        service: Which of `SERVICES` it is; "" for workers.
        finished: File that it leaves when it ends since its work is done; None: it has no end.
        member: Of the league, whose process it is: it runs while the league wants it. "": always.
    """

    name: str
    command: tuple[str, ...]
    metrics_port: int
    niceness: int = 0
    metrics_host: str = LOOPBACK
    address: str = ""
    late: bool = False
    service: str = ""
    finished: Path | None = None
    member: str = ""


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


LEARNER = "learner"
"""Name of the run's own learner, whose progress is shown."""

_LATE = ("elo", "matchmaker")
"""Ratings come after games, and until there are opponents to choose from actors play themselves."""

_LEAGUE_MIX = {
    "MAZEMESH_MATCHMAKER_LATEST_SHARE": "0.35",
    "MAZEMESH_MATCHMAKER_PFSP_SHARE": "0.6",
    "MAZEMESH_MATCHMAKER_BOTS_SHARE": "0.05",
}
"""Opponents of a league's main policy: AlphaStar's share of self-play (Vinyals et al. 2019,
methods), snapshots of all members for the rest but a few bots. What the environment says comes
first.
"""

_BACKUP_POLL = "GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS"

_POLICY_SEEDS = 1_000_000
"""Between the seeds of several policies of a run, beyond those of exploiters."""

_EXPLOITER_SEEDS = 1_000
"""Between the seeds of exploiters, and so at most as many actors draw different ones."""


@dataclass(frozen=True)
class _Worker:
    """A worker before it has a metrics port: what it runs, for which policy, with which flags."""

    name: str
    module: tuple[str, ...]
    policy: str
    seed_offset: int = 0
    flags: tuple[str, ...] = ()
    niceness: int = 0
    late: bool = False
    member: str = ""


def lay_out(plan: MeshPlan) -> Layout:
    """Processes for a run, each with a metrics port that is free now."""
    workers = list(_workers(plan))
    services = [(name, instance) for instance in range(plan.instances) for name in SERVICES]
    names = [*services, *(worker.name for worker in workers), *((GATEWAY,) if plan.console else ())]
    block = free_block(len(names), taken=plan.ports, hosts=(LOOPBACK, plan.host))
    ports = dict(zip(names, block, strict=True))
    gateway = (_gateway(plan, ports[GATEWAY]),) if plan.console else ()
    return Layout(
        (*(_service(plan, *service, ports[service]) for service in services), *gateway),
        tuple(_worker(plan, worker, ports[worker.name]) for worker in workers),
        _environment(plan),
    )


def _workers(plan: MeshPlan) -> Iterator[_Worker]:
    play, evaluate = ("actor", "play"), ("actor", "evaluate")
    learn = ("--game", plan.game, "--algorithm", plan.algorithm, *plan.learner_flags)
    others = (*plan.exploiter_policies, plan.league_exploiter)
    pool = ",".join(filter(None, others))
    own = (*learn, "--pool", pool) if pool else learn
    if plan.policies:
        named = ",".join(f"{role}={name}" for role, name in plan.policies.items())
        own = (*own, "--policies", named)
    yield _Worker(LEARNER, ("learner",), plan.policy, flags=own)
    for index, policy in enumerate(plan.trained_policies[1:], start=1):
        offset = _POLICY_SEEDS * index
        yield _Worker(f"learner-{policy}", ("learner",), policy, offset, flags=own)
    for index in range(plan.actors):  # each plays for all policies of the run
        yield _Worker(f"actor-{index}", play, plan.policy, index, plan.actor_flags)
    for index, policy in enumerate(plan.exploiter_policies):
        offset = _EXPLOITER_SEEDS * (index + 1)
        flags = (*learn, "--exploits", plan.policy)
        yield from _exploiter(plan, policy, offset, flags)
    if plan.league:
        policy, offset = plan.league_exploiter, _EXPLOITER_SEEDS * (plan.exploiters + 1)
        exploited = ",".join((plan.policy, *plan.exploiter_policies))
        yield from _exploiter(
            plan, policy, offset, (*learn, "--pool", exploited, "--exploits-pool")
        )
    for index in range(plan.evaluators):
        name = f"evaluator-{index}"
        probed = "" if plan.policies else plan.policy  # everybody's
        yield _Worker(name, evaluate, probed, index, niceness=10, late=True)


def _exploiter(
    plan: MeshPlan, policy: str, offset: int, flags: tuple[str, ...]
) -> Iterator[_Worker]:
    member = policy if plan.league else ""
    learn, play = ("learner",), ("actor", "play")
    yield _Worker(f"learner-{policy}", learn, policy, offset, flags, member=member)
    yield _Worker(f"actor-{policy}", play, policy, offset, plan.actor_flags, member=member)


def _service(plan: MeshPlan, name: str, instance: int, metrics_port: int) -> ProcessSpec:
    address = getattr(plan.addresses_of(instance), name)
    flags = ["--host", plan.host, "--port", address.rpartition(":")[2]]
    flags += ["--metrics-port", str(metrics_port)]
    if name == "replay" and instance:
        # A shard's rows are its own; those of the first one lie where they lay before there were
        # others.
        flags += ["--data-dir", str(plan.data_dir / f"{name}-{instance}"), "--shard", str(instance)]
    if name == "replay" and plan.seed is not None:
        flags += ["--seed", str(plan.seed + instance)]  # what is drawn of a table repeats too
    flags += own_keys.of(plan.key_files, name)
    command = run_module(f"services.{name}", *flags)
    return ProcessSpec(
        name if plan.instances == 1 else f"{name}-{instance}",
        command,
        metrics_port,
        metrics_host=reachable(plan.host),
        address=address,
        late=name in _LATE,
        service=name,
    )


def _gateway(plan: MeshPlan, metrics_port: int) -> ProcessSpec:
    flags = ["--host", plan.host, "--port", str(plan.gateway_port)]
    flags += ["--metrics-port", str(metrics_port), *own_keys.of(plan.key_files, GATEWAY)]
    for role in ("trainer", "worker"):
        if role in plan.key_files:
            flags += [f"--jobs-{role}-key-file", str(plan.key_files[role])]
    # It has no gRPC, and so no `address`; nor does the mesh need it to play and learn.
    return ProcessSpec(
        GATEWAY,
        run_module("services.gateway", *flags),
        metrics_port,
        metrics_host=reachable(plan.host),
        niceness=5,
        late=True,
    )


def _worker(plan: MeshPlan, worker: _Worker, metrics_port: int) -> ProcessSpec:
    flags = ["--metrics-port", str(metrics_port), "--policy", worker.policy]
    if plan.seed is not None:
        flags += ["--seed", str(plan.seed + worker.seed_offset)]
    flags += own_keys.of(plan.key_files, worker.name)
    command = run_module(*worker.module, *flags, *worker.flags)
    return ProcessSpec(
        worker.name,
        command,
        metrics_port,
        niceness=worker.niceness,
        late=worker.late,
        finished=_finished(plan, worker.policy) if worker.module == ("learner",) else None,
        member=worker.member,
    )


def _finished(plan: MeshPlan, policy: str) -> Path:
    return plan.data_dir / "learner" / policy / FINISHED


def _names(games: Iterable[str]) -> str:
    """Names of games in a variable, whatever characters they have; empty where there are none."""
    names = sorted(filter(None, games))
    return json.dumps(names) if names else ""


def _environment(plan: MeshPlan) -> dict[str, str]:
    """What all processes share; flags of one process stand in its command."""
    addresses = {
        f"MAZEMESH_{name.upper()}_ADDRESS": getattr(plan.addresses, name) for name in SERVICES
    }
    played = [] if is_external(plan.game) else [plan.game]
    return {
        **(_LEAGUE_MIX if plan.league else {}),
        **os.environ,
        **addresses,
        "MAZEMESH_DATA_DIR": str(plan.data_dir),
        "MAZEMESH_LOG_FORMAT": os.environ.get("MAZEMESH_LOG_FORMAT", "json"),
        "MAZEMESH_MATCHMAKER_GAMES": _names(played),
        "MAZEMESH_GAME_WARM_GAMES": _names(played),
        VARIABLE: _names({*foreign_games(plan.data_dir, [plan.game]), *plan.foreign_games}),
        "MAZEMESH_EXIT_WITH_PARENT": str(os.getpid()),
        # numpy's own threads would fight with torch and onnxruntime over the cores.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        "GRPC_EXPERIMENTS": os.environ.get("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS),
        "GRPC_POLL_STRATEGY": os.environ.get(
            "GRPC_POLL_STRATEGY", FOR_MANY if plan.open_to_others else GRPC_POLL_STRATEGY
        ),
        _BACKUP_POLL: os.environ.get(_BACKUP_POLL, GRPC_BACKUP_POLL_MILLISECONDS),
    }
