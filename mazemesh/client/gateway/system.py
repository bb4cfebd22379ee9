"""What runs and how it is, as the gateway sees it: `mesh.system`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from mazemesh.client.aio.in_thread import in_thread
from mazemesh.client.gateway.web import Query, Web


@dataclass(frozen=True, slots=True)
class System:
    """The mesh at one moment.

    Attributes:
        version: Of the gateway.
        services: State by service: "serving", "not serving" or "away", the worst of its instances.
        sockets: WebSockets that are open.
        tables: Replay's tables: fill, limiter, who waits; None while Replay is away.
    """

    version: str
    services: Mapping[str, str]
    sockets: int
    tables: tuple[Mapping[str, Any], ...] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log of a process.

    Attributes:
        name: Of the process.
        bytes: Its size.
        changed: When it was written last.
    """

    name: str
    bytes: int
    changed: datetime


class Operating:
    """What runs, and what it writes down. Thread-safe; `aio` has the same for asyncio.

    ```pycon
    >>> mesh.system.state().services["elo"]
    'serving'
    >>> "learner" in [log.name for log in mesh.system.logs()]
    True
    >>> len(mesh.system.log("learner", lines=2)) <= 2
    True

    ```
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def aio(self) -> AsyncOperating:
        """The same as coroutines."""
        return AsyncOperating(self)

    def state(self) -> System:
        """Services and their states, and Replay's tables with their limiters."""
        told = self._web.get("/system")
        worst = ("serving", "not serving", "away")
        services: dict[str, str] = {}
        for one in told["services"]:
            known = services.get(one["service"], worst[0])
            services[one["service"]] = max(known, one["state"], key=worst.index)
        tables = told["tables"]
        return System(
            told["version"],
            services,
            told["sockets"],
            None if tables is None else tuple(tables),
        )

    def logs(self) -> list[LogFile]:
        """Logs of the processes on the gateway's machine; none where they are written elsewhere.

        Raises:
            PermissionDenied: your key is not an operator's.
        """
        return [
            LogFile(one["name"], one["bytes"], datetime.fromisoformat(one["changed"]))
            for one in self._web.get("/system/logs")
        ]

    def log(self, name: str, *, lines: int = 200, words: str = "") -> list[str]:
        """The last lines of a log, oldest first.

        Args:
            name: As `logs` has it.
            lines: So many at most, 1..2000.
            words: That a line should have.

        Raises:
            NotFound: there is no such log; names those there are.
            PermissionDenied: your key is not an operator's.
        """
        query: Query = {"lines": lines, "words": words}
        told: list[str] = self._web.get(f"/system/logs/{quote(name, safe='')}", query)["lines"]
        return told


class AsyncOperating:
    """`Operating` for asyncio: each call waits in a thread."""

    def __init__(self, system: Operating) -> None:
        self.state = in_thread(system.state)
        self.logs = in_thread(system.logs)
        self.log = in_thread(system.log)
