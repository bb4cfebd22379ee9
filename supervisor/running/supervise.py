"""Starts all children and stops them in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from supervisor.running.child import Child
from supervisor.running.layout import Layout

_WORKER_PATIENCE = 15.0
_SERVICE_PATIENCE = 8.0


class Supervisor:
    """The processes of one mesh.

    Attributes:
        services, workers: Their children.
        broken: Set when one of them cannot be kept alive.
        finished: Set when all that can finish have done their work.
    """

    def __init__(self, layout: Layout, log_dir: Path) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._given = layout.environment, log_dir, self._tell
        self.services = [Child(spec, *self._given) for spec in layout.services]
        self.workers = [Child(spec, *self._given) for spec in layout.workers]
        self._untold: list[str] = []
        self._listener: Callable[[str], None] | None = None
        self._late = [child for child in self.children if child.spec.late]
        self._tasks: list[asyncio.Task[None]] = []
        self._members: set[str] = set()
        self.broken = asyncio.Event()
        self.finished = asyncio.Event()

    @property
    def children(self) -> list[Child]:
        """All of them."""
        return self.services + self.workers

    @property
    def acting(self) -> list[Child]:
        """Those that should run: they were started, and are no members of a league that rest."""
        return [
            one for one in self.children if one.begun and not (one.spec.member and one.stopping)
        ]

    @property
    def complete(self) -> bool:
        """Whether the late ones were started too."""
        return not self._late

    @property
    def restarts(self) -> int:
        """How often any process was started again."""
        return sum(child.restarts for child in self.children)

    async def start(self) -> None:
        """Starts what is not late; processes find each other, in whatever order they come up."""
        first = [one for one in self.children if not (one.spec.late or one.spec.member)]
        self._keep_all(first)
        await asyncio.gather(*(child.spawned.wait() for child in first))

    def tell_by(self, listener: Callable[[str], None]) -> None:
        """Has `listener` told of what happens, and of what happened before."""
        self._listener = listener
        for message in self._untold:
            listener(message)
        self._untold.clear()

    def start_late(self) -> None:
        """Starts the rest; again it does nothing."""
        late, self._late = self._late, []
        self._keep_all(late)

    def begin_member(self, name: str) -> None:
        """Starts the processes of a member of the league, unless they run."""
        if name in self._members:
            return
        self._members.add(name)
        for at, child in enumerate(self.workers):
            if child.spec.member != name:
                continue
            if child.stopping:  # one that was stopped is not started again
                again = Child(child.spec, *self._given)
                again.restarts, again.deaths = child.restarts, child.deaths
                self.workers[at] = child = again
            self._keep_all([child])

    async def end_member(self, name: str) -> None:
        """Stops the processes of a member of the league, unless they do not run."""
        if name not in self._members:
            return
        own = [child for child in self.workers if child.spec.member == name]
        await asyncio.gather(*(child.stop(_WORKER_PATIENCE) for child in own))
        self._members.discard(name)

    def why_broken(self) -> str:
        """What could not be kept alive; "" when all is well."""
        return "; ".join(child.broken for child in self.children if child.broken)

    async def stop(self) -> None:
        """Stops the workers first: the learner saves, and Replay gets the actors' last rows."""
        await asyncio.gather(*(child.stop(_WORKER_PATIENCE) for child in self.workers))
        await asyncio.gather(*(child.stop(_SERVICE_PATIENCE) for child in self.services))
        await asyncio.gather(*self._tasks)

    def _tell(self, message: str) -> None:
        if self._listener is None:
            self._untold.append(message)
        else:
            self._listener(message)

    def _keep_all(self, children: Iterable[Child]) -> None:
        self._tasks += [asyncio.create_task(self._keep(child)) for child in children]

    async def _keep(self, child: Child) -> None:
        await child.keep_alive()
        if child.broken:
            self.broken.set()
        # An exploiter's end is not the run's: it runs while the league wants it.
        ends = [one for one in self.children if one.spec.finished and not one.spec.member]
        if child.finished and all(one.finished for one in ends):
            self.finished.set()
