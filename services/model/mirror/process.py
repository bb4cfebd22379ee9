"""Starts the process that talks with MLflow, and asks it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any, Final

from mazemesh.errors import FailedPrecondition, Unavailable
from services._harness.killing import killed

ASK_SECONDS: Final = 180.0
"""For one request, with the first start of the process, which loads MLflow."""

_MAIN: Final = "services.model.mirror.main"
_SILENT: Final = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


class MirrorProcess:
    """One process, started when it is asked, and again after it ended; belongs to one event loop.

    Args:
        uri: Of the registry.
        artifacts: Where a database that is no server keeps files, as a URI.
    """

    def __init__(self, uri: str, artifacts: str) -> None:
        self._uri, self._artifacts = uri, artifacts
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.Future[None] | None = None

    async def ask(self, request: dict[str, Any], file: bytes = b"") -> dict[str, Any]:
        """The answer to a request.

        Raises:
            Unavailable: the registry, or the process, did not do it; it may be asked again.
            FailedPrecondition: the registry refuses it, and would again.
        """
        line = json.dumps({**request, "file_bytes": len(file)}).encode() + b"\n"
        try:
            async with asyncio.timeout(ASK_SECONDS):
                process = await self._running()
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(line + file)
                await process.stdin.drain()
                answer = await process.stdout.readline()
            told = json.loads(answer) if answer else {}
        except (TimeoutError, OSError, ValueError) as error:
            await self.stop()
            raise Unavailable(f"it did not answer within {ASK_SECONDS:g} s: {error}") from error
        except asyncio.CancelledError:
            await self.stop()  # or its answer would be taken for that to the next request
            raise
        if not told:
            await self.stop()
            raise Unavailable("the process that talks with it ended; the log has what it said")
        if told["what"] == "refused":
            raise FailedPrecondition(str(told["reason"]))
        if told["what"] != "done":
            raise Unavailable(str(told["reason"]))
        return dict(told)

    async def stop(self) -> None:
        """Ends the process, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            self._ending = asyncio.ensure_future(killed(process))
        if self._ending is not None:  # by whoever was cancelled while it waited, perhaps
            await asyncio.shield(self._ending)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", _MAIN, self._uri, self._artifacts),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd="/",
                env={**os.environ, **_SILENT},
                start_new_session=True,
            )
        return self._process
