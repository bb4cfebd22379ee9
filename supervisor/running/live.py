"""The life of `mazemesh up`: claim the folder, start, watch, stop in order, sum up.

What the supervisor needs itself (gRPC, numpy, Rich) it loads beside the processes that it started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mazemesh.cli.claim import claimed, write_note
from mazemesh.client.addresses import host_port, reachable
from mazemesh.games.mazes.machine_code import is_compiled
from mazemesh.process.parent import stop_with_parent
from mazemesh.process.ports import check_ports
from mazemesh.starting import collector_at_rest
from supervisor.running import own_keys
from supervisor.running.layout import Layout, MeshPlan, lay_out
from supervisor.running.securing import certify
from supervisor.running.supervise import Supervisor
from supervisor.watching.display import open_display

if TYPE_CHECKING:
    from supervisor.watching.display import Display
    from supervisor.watching.explaining import Explainer
    from supervisor.watching.overview import Observer, Overview

_REFRESH = 1.0
_FIRST_REFRESH = 0.5
_RATINGS_EVERY = 5
_LATEST_START = 20.0
"""Seconds after which all processes are started, whether there were games by then or not."""


async def live(plan: MeshPlan, limit: float | None, summary: Path | None, *, plain: bool) -> int:
    """Runs the mesh until `limit` seconds, Ctrl-C, SIGTERM, or a process that cannot be kept alive.

    It stops too when all learners have done the steps that they were told to do.

    It stops too when its parent ends, if `MAZEMESH_EXIT_WITH_PARENT` says so.

    Returns:
        The exit status: 0, or 1 when a process could not be kept alive, or when nothing was being
        played or learned when the limit was reached (docs/adr/0103).

    Raises:
        Conflict: the data folder or a port is taken.
        InvalidArgument: the host is none of this machine.
    """
    began = time.monotonic()
    stop = _stop_event()
    stop_with_parent()
    with claimed(plan.data_dir):
        check_ports(plan.ports, plan.host)
        os.environ.update(plan.stores.environment)  # where the keys are, too
        if plan.secure:
            await asyncio.to_thread(certify, plan.data_dir, plan.host)
        told = plan.data_dir, plan.host, plan.trained_policies
        files = await asyncio.to_thread(own_keys.prepare, *told)
        plan = replace(plan, key_files=files)
        own_keys.use_as_operator(files)
        layout = lay_out(plan)
        supervisor = Supervisor(layout, plan.data_dir / "logs")
        _leave_note(plan, layout)
        await supervisor.start()
        if _cores() >= len(layout.all):
            supervisor.start_late()
        display = open_display(plan, plain=plain)
        supervisor.tell_by(display.tell)
        if compiling := not is_compiled(plan.game):
            display.tell("compiling the games, once, about 15 s")
        try:
            return await _run(
                plan, layout, supervisor, began, stop, limit, summary, display, compiling=compiling
            )
        finally:
            display.close()


async def _run(
    plan: MeshPlan,
    layout: Layout,
    supervisor: Supervisor,
    began: float,
    stop: asyncio.Event,
    limit: float | None,
    summary: Path | None,
    display: Display,
    *,
    compiling: bool,
) -> int:
    with collector_at_rest():
        from mazemesh.client.mesh import Mesh
        from supervisor.running.summary import write_summary
        from supervisor.watching.explaining import Explainer
        from supervisor.watching.overview import Observer

    with Mesh(plan.addresses) as mesh:
        several = f", {plan.instances} of each service" if plan.instances > 1 else ""
        where = host_port(plan.host, plan.port_base)
        display.tell(f"mesh on {where}{several}, data in {plan.data_dir}")
        if plan.console:
            display.tell(f"console at {_console(plan)} once games are under way")
        observer = Observer(plan, layout, supervisor, mesh, began)
        explainer = Explainer(plan, supervisor, mesh, display.tell, compiling=compiling)
        tasks = [asyncio.create_task(_watch(plan, observer, explainer, supervisor, display))]
        if plan.league:
            from supervisor.league.league import League

            league = League(plan, supervisor, mesh, display.tell)
            tasks.append(asyncio.create_task(league.run()))
        ended_early = await _first((stop, supervisor.broken, supervisor.finished), limit)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # To ask an Elo that was never started would be to wait.
        overview = await observer.refresh(ratings=supervisor.complete)
        problems = () if ended_early else explainer.problems
        display.show(overview)
        display.tell("stopping")
        await supervisor.stop()
        if summary is not None:
            write_summary(summary, overview, problems)
            display.tell(f"summary written to {summary}")
    broken = supervisor.why_broken()
    if broken:
        display.tell(f"stopped: {broken}; its log is in {plan.data_dir / 'logs'}")
    for problem in problems:
        display.tell(f"stopped while {problem}")
    return 1 if broken or problems else 0


async def _watch(
    plan: MeshPlan,
    observer: Observer,
    explainer: Explainer,
    supervisor: Supervisor,
    display: Display,
) -> None:
    overview = observer.overview
    while not _under_way(plan, overview):
        await asyncio.sleep(_FIRST_REFRESH)
        # Whoever tells of ratings is not there yet, and to ask would be to wait.
        overview = await observer.refresh(ratings=False)
        display.show(overview)
        await explainer.look(overview)
    supervisor.start_late()
    turn = 0
    while True:
        overview = await observer.refresh(ratings=turn % _RATINGS_EVERY == 0)
        display.show(overview)
        await explainer.look(overview)
        turn += 1
        await asyncio.sleep(_REFRESH)


def _cores() -> int:
    """Cores that this process and its children may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _under_way(plan: MeshPlan, overview: Overview) -> bool:
    """Whether games are played and learned from, or the rest need not wait for that any longer."""
    learned = overview.first_game_seconds is not None and overview.training_step > 0
    return learned or not plan.actors or overview.seconds > _LATEST_START


async def _first(events: Sequence[asyncio.Event], limit: float | None) -> bool:
    """Returns when one of the events is set, which it then tells, or after `limit` seconds."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    done, _ = await asyncio.wait(waits, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    return bool(done)


def _console(plan: MeshPlan) -> str:
    scheme = "https" if plan.secure or os.environ.get("MAZEMESH_TLS_CERT") else "http"
    return f"{scheme}://{host_port(reachable(plan.host), plan.gateway_port)}"


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _leave_note(plan: MeshPlan, layout: Layout) -> None:
    write_note(
        plan.data_dir,
        {
            "host": plan.host,
            "port_base": plan.port_base,
            "policy": plan.policy,
            "policies": list(plan.trained_policies),
            "league": list(plan.members),
            "game": plan.game,
            "algorithm": plan.algorithm,
            "addresses": asdict(plan.addresses),
            "instances": plan.instances,
            "gateway": _console(plan) if plan.console else "",
            "tls_ca": os.environ.get("MAZEMESH_TLS_CA", ""),
            "key_file": str(plan.key_files.get("operator", "")),
            "metrics_ports": {spec.name: spec.metrics_port for spec in layout.all},
        },
    )
