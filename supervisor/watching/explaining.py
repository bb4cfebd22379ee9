"""Watches whether a mesh stands still, collects what is to be seen of the reason, and tells it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable

from mazemesh.cli.health import serving
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.games.mazes.machine_code import is_compiled
from supervisor.running.child import Child
from supervisor.running.layout import MeshPlan
from supervisor.running.logs import worst
from supervisor.running.supervise import Supervisor
from supervisor.watching.overview import Overview
from supervisor.watching.standstill import (
    Cause,
    Evidence,
    Part,
    ProcessSigns,
    Progress,
    TableSigns,
    causes,
    leading,
)

_LOOK_AGAIN = 10.0
_MOST_CAUSES = 3
_HEALTH_SECONDS = 1.0
_BEFORE = 10.0
"""What stops a mesh may have been logged a little before its last progress was seen."""


class Explainer:
    """Tells once what stands still and why, and again when the reasons change.

    Args:
        plan: What runs.
        supervisor: Who keeps its processes alive.
        mesh: Clients.
        tell: Shows a line.
        compiling: Whether the game's kernels were not on disk at the start.
    """

    def __init__(
        self,
        plan: MeshPlan,
        supervisor: Supervisor,
        mesh: Mesh,
        tell: Callable[[str], None],
        *,
        compiling: bool = False,
    ) -> None:
        self._plan, self._supervisor, self._mesh, self._tell = plan, supervisor, mesh, tell
        self._compiling = compiling
        self._progress = Progress()
        self._due = 0.0
        self._told: dict[Part, tuple[Cause, ...]] = {}
        self.problems: tuple[str, ...] = ()
        """What stands still now and should not, each with its reasons; empty when all goes on."""

    async def look(self, overview: Overview) -> None:
        """Notes the figures; collects reasons when something stands still."""
        seconds = overview.seconds
        self._progress.note(
            seconds,
            {
                "played": overview.agent_steps,
                "learned": overview.training_step,
                "published": overview.versions,
            },
            overview.experience,
        )
        still = self._progress.still(seconds) if self._plan.actors else {}
        for part in [part for part in self._told if part not in still]:
            del self._told[part]
            self._tell(f"something is {part} again")
        if not still:
            self.problems, self._due = (), 0.0
        elif seconds >= self._due:
            self._due = seconds + _LOOK_AGAIN
            self._explain(still, await asyncio.to_thread(self._collect, seconds, still))

    def _explain(self, still: dict[Part, float], evidence: Evidence) -> None:
        problems = []
        for part in leading(still):
            found = causes(part, evidence)
            if part == "published" and not found:
                continue
            told = f"nothing has been {part} for {still[part]:.0f} s: {_words(found)}"
            if self._told.get(part) != found:
                self._tell(f"{told}; logs in {self._plan.data_dir / 'logs'}")
            self._told[part] = found
            if not found or not all(one.patient for one in found):
                problems.append(told)
        self.problems = tuple(problems)

    def _collect(self, seconds: float, still: dict[Part, float]) -> Evidence:
        since = time.time() - max(still.values()) - _BEFORE
        processes = [_signs(child, since) for child in self._supervisor.acting]
        replay_answers = any(one.service == "replay" and one.answers for one in processes)
        return Evidence(
            self._plan.data_dir,
            shutil.disk_usage(self._plan.data_dir).free,
            tuple(processes),
            self._tables() if replay_answers else (),
            self._compiling and not is_compiled(self._plan.game),
            self._progress.fed(seconds),
        )

    def _tables(self) -> tuple[TableSigns, ...]:
        try:
            listed = self._mesh.replay.list_tables()
        except MazemeshError:
            return ()
        return tuple(
            TableSigns(
                info.table.name,
                info.size,
                info.table.rate_limiter.min_size_to_sample,
                info.waiting_inserts,
                info.waiting_samples,
            )
            for info in listed
        )


def _signs(child: Child, since: float) -> ProcessSigns:
    spec = child.spec
    answers = serving(spec.address, _HEALTH_SECONDS) == "serving" if spec.address else None
    complaint = worst(child.log_file, child.log_start, since)
    return ProcessSigns(
        spec.name,
        child.pid is not None,
        child.deaths,
        answers,
        spec.address,
        complaint,
        spec.service,
    )


def _words(found: tuple[Cause, ...]) -> str:
    if not found:
        return "no process says why"
    return "; ".join(one.text for one in found[:_MOST_CAUSES])
