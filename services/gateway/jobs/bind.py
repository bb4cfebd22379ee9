"""Composes jobs: settings -> store, launcher -> queue, keeper, board."""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass
from importlib.util import find_spec

from mazemesh.client.addresses import Addresses
from mazemesh.errors import FailedPrecondition
from mazemesh.process.parent import PARENT_VARIABLE
from services._harness import Server
from services._harness.peers.game_specs import GameSpecs, RemoteSpecs
from services.gateway.jobs.job_runner.mesh_watch import MeshWatch
from services.gateway.jobs.launcher import Launcher
from services.gateway.jobs.launchers.learner_offers import LearnerOffers
from services.gateway.jobs.launchers.processes import ProcessLauncher
from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.searching import check_search
from services.gateway.jobs.nouns.work import Tuning, Work
from services.gateway.jobs.queueing.board import Board
from services.gateway.jobs.queueing.keeper import Keeper
from services.gateway.jobs.queueing.queue import Queue
from services.gateway.jobs.settings import JobSettings
from services.gateway.jobs.stores.sql_jobs import SqlJobs

TOPIC = "jobs"


@dataclass(frozen=True, slots=True)
class Jobs:
    """Training jobs, for routes.

    Attributes:
        queue: Takes jobs, tells of them and stops them.
        board: Tells who follows one.
        offers: What can be trained, and how.
        games: What Game allows.
        launcher: Where jobs run.
        metrics: What is told to Prometheus.
    """

    queue: Queue
    board: Board
    offers: LearnerOffers
    games: GameSpecs
    launcher: Launcher
    metrics: JobMetrics


async def bind_jobs(settings: JobSettings, server: Server, addresses: Addresses) -> Jobs:
    """Jobs that are kept while the server serves; those that ran before are found again."""
    database = server.database
    await database.migrate("services.gateway")
    store, environment = SqlJobs(database), job_environment(settings, addresses)
    launcher = _launcher(settings, environment)
    metrics = JobMetrics(server.registry)
    look = server.notices.listen(TOPIC)
    board = Board(store, look.wait)
    told = store, launcher, settings.job_bounds, time.time

    def changed(job: Job) -> None:
        metrics.changed(job)
        board.tell(job)
        server.notices.publish(TOPIC)

    keeper = Keeper(
        *told,
        changed,
        counted=metrics.count,
        kept=(settings.jobs_kept, 86_400.0 * settings.jobs_kept_days),
    )

    def asked(job: Job) -> None:
        changed(job)
        keeper.wake()

    specs = RemoteSpecs(addresses.game)
    server.on_stop(specs.close)
    server.background(keeper.run, "jobs")
    server.background(board.run, "followers of jobs")
    offers = LearnerOffers(environment)
    server.on_stop(offers.close)
    games = GameSpecs(specs)

    async def check(work: Work) -> None:
        await games.get(work.game)  # opened by nobody here unless Game allows it
        if isinstance(work, Tuning):
            preset = await offers.preset(work.game, work.algorithm)
            check_search(work, [one["name"] for one in preset["hyperparameters"]])
            if find_spec("optuna") is None:
                raise FailedPrecondition(
                    "kind: tune needs Optuna where jobs run: pip install 'mazemesh[tune]'"
                )
        await offers.check(work)

    queue = Queue(*told, lambda: secrets.token_hex(6), asked, check)
    return Jobs(queue, board, offers, games, launcher, metrics)


def job_environment(settings: JobSettings, addresses: Addresses) -> dict[str, str]:
    """What a job's processes are told: where the mesh is, and the keys of their roles alone."""
    told = {
        name: value
        for name, value in os.environ.items()
        # The gateway's own settings, keys and parent are no affair of theirs.
        if not name.startswith("MAZEMESH_GATEWAY_")
        and name not in ("MAZEMESH_KEY", "MAZEMESH_KEY_FILE", PARENT_VARIABLE)
    }
    for name in ("game", "matchmaker", "model", "elo", "replay"):
        told[f"MAZEMESH_{name.upper()}_ADDRESS"] = getattr(addresses, name)
    told["MAZEMESH_DATA_DIR"] = str(settings.data_dir)
    told["MAZEMESH_LOG_FORMAT"] = "json"
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        told.setdefault(variable, "1")  # several processes share the cores
    if settings.tls_ca is not None:
        told["MAZEMESH_TLS_CA"] = str(settings.tls_ca)
    for role, file in (
        ("TRAINER", settings.jobs_trainer_key_file),
        ("WORKER", settings.jobs_worker_key_file),
    ):
        if file is not None:
            told[f"MAZEMESH_JOB_{role}_KEY_FILE"] = str(file.expanduser().absolute())
    return told


def _launcher(settings: JobSettings, environment: dict[str, str]) -> Launcher:
    if settings.jobs == "kubernetes":
        from services.gateway.jobs.launchers.kubernetes.opening import kubernetes_launcher

        return kubernetes_launcher(settings)
    if settings.jobs == "ec2":
        from services.gateway.jobs.launchers.ec2 import ec2_launcher

        return ec2_launcher(settings)
    return ProcessLauncher(
        settings.data_dir / "jobs",
        environment,
        socket.gethostname(),
        settings.jobs_dollars_an_hour,
        _mesh(),
    )


def _mesh() -> MeshWatch | None:
    """The mesh whose supervisor started this gateway; None where nobody's did."""
    parent = os.environ.get(PARENT_VARIABLE, "")
    if not parent.isdigit() or parent in ("0", "1"):
        return None
    return MeshWatch.of_process(int(parent))
