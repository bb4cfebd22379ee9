"""Starts what forwards the journal to MLflow, in a process of its own.

MLflow takes seconds of processor time to load and its server may be slow or away; none of that may
reach the training. So a niced child process reads the journal's file and sends what is new. The
file is its queue: nothing is lost while MLflow is away, and nothing waits for it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from mazemesh.process.interpreter import run_module
from mazemesh.sqlite_url import sqlite_url

log = structlog.get_logger("learner.record.tracking")

START_SECONDS = 20.0
"""Start late: the first seconds of a mesh belong to its first games."""

CLOSE_SECONDS = 2.0
"""For what is left when the learner is told to stop."""

FINISH_SECONDS = 60.0
"""The same when a run has come to its end, and nobody waits for the process."""


def tracking_uri(tracking: str, data_dir: Path) -> str | None:
    """The MLflow tracking URI of the setting: "local", "none" or a URI itself."""
    if tracking == "none":
        return None
    if tracking == "local":
        return sqlite_url(data_dir / "mlflow" / "mlflow.db")
    return tracking


class Tracking:
    """A context in which a forwarder runs, from `START_SECONDS` on."""

    def __init__(
        self,
        tracking: str,
        data_dir: Path,
        folder: Path,
        model_address: str,
        *,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._uri = tracking_uri(tracking, data_dir)
        self._artifacts = data_dir / "mlflow" / "artifacts"
        self._folder, self._logs, self._model_address = folder, data_dir / "logs", model_address
        self._timer = threading.Timer(start_seconds, self._start)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._uri is not None:
            self._timer.start()
        return self

    def finish(self) -> None:
        """Has everything forwarded of a run that is over, also of a short one."""
        self._timer.cancel()
        self._start()
        if self._process is not None:
            log.info("tracking gets the rest", seconds_at_most=FINISH_SECONDS)
            self._leave(FINISH_SECONDS)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Lets the forwarder send what is left, for a few seconds; the file keeps the rest."""
        self._timer.cancel()
        with self._lock:
            self._closed = True
        if self._process is None:
            return
        if not self._leave(CLOSE_SECONDS):
            self._process.terminate()
            self._process.wait()

    def _leave(self, seconds: float) -> bool:
        """Tells the forwarder that this was all; whether it has ended in time."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _start(self) -> None:
        with self._lock:
            if self._closed or self._uri is None or self._process is not None:
                return
            self._process = subprocess.Popen(  # noqa: S603
                [
                    *run_module("learner.record.forwarder"),
                    *("--folder", str(self._folder)),
                    *("--uri", self._uri),
                    *("--artifacts", self._artifacts.as_uri()),
                    *("--model-address", self._model_address, "--logs", str(self._logs)),
                ],
                stdin=subprocess.PIPE,  # its end tells the forwarder that the learner is gone
                env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
            )
            log.info("tracking", uri=self._uri, process=self._process.pid)
