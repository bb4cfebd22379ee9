"""Starts all children in order and stops them in the reverse one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from mazemesh.cli.supervisor.child import Child
from mazemesh.cli.supervisor.layout import Layout

_WORKER_PATIENCE = 15.0
_SERVICE_PATIENCE = 8.0


class Supervisor:
    """The processes of one mesh.

    Attributes:
        services, workers: Their children.
    """

    def __init__(self, layout: Layout, log_dir: Path, tell: Callable[[str], None]) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        environment = layout.environment
        self.services = [Child(spec, environment, log_dir, tell) for spec in layout.services]
        self.workers = [Child(spec, environment, log_dir, tell) for spec in layout.workers]
        self._tasks: list[asyncio.Task[None]] = []
        self.broken = asyncio.Event()

    @property
    def children(self) -> list[Child]:
        """All of them."""
        return self.services + self.workers

    @property
    def restarts(self) -> int:
        """How often any process was started again."""
        return sum(child.restarts for child in self.children)

    def start(self) -> None:
        """Starts everything; processes find each other, in whatever order they come up."""
        self._tasks = [asyncio.create_task(self._keep(child)) for child in self.children]

    def why_broken(self) -> str:
        """What could not be kept alive; "" when all is well."""
        return "; ".join(child.broken for child in self.children if child.broken)

    async def stop(self) -> None:
        """Stops the workers first: the learner saves, and Replay gets the actors' last rows."""
        await asyncio.gather(*(child.stop(_WORKER_PATIENCE) for child in self.workers))
        await asyncio.gather(*(child.stop(_SERVICE_PATIENCE) for child in self.services))
        await asyncio.gather(*self._tasks)

    async def _keep(self, child: Child) -> None:
        await child.keep_alive()
        if child.broken:
            self.broken.set()
