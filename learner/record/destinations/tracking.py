"""Starts what forwards the journal to MLflow, TensorBoard and W&B, in processes of their own.

Their libraries take seconds of processor time to load and a server may be slow or away; none of
that may reach the training. So a niced child process for each destination reads the journal's file
and sends what is new. The file is its queue: nothing is lost while a server is away, nothing waits.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from learner.record.destinations.destination import kind_of, tracking_uris
from mazemesh.process.interpreter import run_module

log = structlog.get_logger("learner.record.destinations.tracking")

START_SECONDS = 20.0
"""Start late: the first seconds of a mesh belong to its first games."""

CLOSE_SECONDS = 2.0
"""For what is left when the learner is told to stop."""

FINISH_SECONDS = 60.0
"""The same when a run has come to its end, and nobody waits for the process."""


class Tracking:
    """A context in which a forwarder runs for each destination, from `START_SECONDS` on.

    Args:
        tracking: Where to, as the setting says.
        data_dir: Of the mesh.
        folder: Of the run.
        model_address: Of Model, which has the files of snapshots.
        start_seconds: After which they are started.
        longest_retry: Seconds between two attempts at most; None: as forwarders have it.
    """

    def __init__(
        self,
        tracking: str,
        data_dir: Path,
        folder: Path,
        model_address: str,
        *,
        start_seconds: float = START_SECONDS,
        longest_retry: float | None = None,
    ) -> None:
        self._uris = tracking_uris(tracking, data_dir)
        self._data_dir = data_dir
        self._folder, self._logs, self._model_address = folder, data_dir / "logs", model_address
        self._flags = () if longest_retry is None else ("--longest-retry", str(longest_retry))
        self._timer = threading.Timer(start_seconds, self._start)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._closed = False
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        if self._uris:
            self._timer.start()
        return self

    def finish(self) -> None:
        """Has everything forwarded of a run that is over, also of a short one."""
        self._timer.cancel()
        self._start()
        if self._processes:
            log.info("tracking gets the rest", seconds_at_most=FINISH_SECONDS)
            self._leave(FINISH_SECONDS)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Lets the forwarders send what is left, for a few seconds; the file keeps the rest."""
        self._timer.cancel()
        with self._lock:
            self._closed = True
        self._leave(CLOSE_SECONDS)
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
                process.wait()

    def _leave(self, seconds: float) -> None:
        """Tells the forwarders that this was all, and gives them time to end."""
        deadline = time.monotonic() + seconds
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        with self._lock:
            if self._closed or self._processes:
                return
            for uri in self._uris:
                process = subprocess.Popen(  # noqa: S603
                    [
                        *run_module("learner.record.destinations.forwarder"),
                        *("--folder", str(self._folder)),
                        *("--uri", uri, "--artifacts", self._artifacts(uri)),
                        *("--model-address", self._model_address, "--logs", str(self._logs)),
                        *self._flags,
                    ],
                    stdin=subprocess.PIPE,  # its end tells the forwarder that the learner is gone
                    env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
                )
                self._processes.append(process)
                log.info("tracking", uri=uri, process=process.pid)

    def _artifacts(self, uri: str) -> str:
        kind = kind_of(uri)
        folder = self._data_dir / kind
        return (folder / "artifacts").as_uri() if kind == "mlflow" else str(folder)
