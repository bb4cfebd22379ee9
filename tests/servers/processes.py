"""Runs a service as a process of its own, the way the command line does."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ServiceProcess:
    """A started service; `lines` are the log lines read so far."""

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""

    async def log_line(self, event: str) -> dict[str, Any]:
        """Reads the log up to the line with this `event`."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = json.loads(raw)
            self.lines.append(line)
            if line["event"] == event:
                return line
        raise AssertionError(f"the service ended without the line {event!r}: {self.lines}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Reads the rest of the log and returns the exit status."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            self.lines.append(json.loads(raw))
        return await self.process.wait()


@asynccontextmanager
async def service_process(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ServiceProcess]:
    """Starts `python -m module` with JSON logs and waits until it listens; kills it at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, "--log-format", "json", *arguments),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        limit=1 << 20,
    )
    service = ServiceProcess(process)
    try:
        service.address = (await service.log_line("listening"))["address"]
        yield service
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
