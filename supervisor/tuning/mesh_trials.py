"""Runs a trial as `mazemesh up` in a data folder and on ports of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from mazemesh.cli.claim import read_note
from mazemesh.process.interpreter import run_module
from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.tuning.definition import Definition
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.space import Value
from mazemesh.tuning.trial import Progress, Report, TrialFailed, TrialInterrupted, TrialPruned
from supervisor.running.layout import ProcessSpec
from supervisor.tuning.flags import Flags
from supervisor.tuning.measure import measure, newest_file
from supervisor.tuning.ports import PortBlocks
from supervisor.watching.scrape import Readings, scrape

POLICY = "trial"
"""Name of the policy in every trial's own mesh."""

_LOOK_SECONDS = 5.0
_HEED_SECONDS = 0.5
_STOP_SECONDS = 45.0
_KEPT_LINES = 3

_SHARED_STORES = ("MAZEMESH_DATABASE_URL", "MAZEMESH_BLOBS_URL", "MAZEMESH_REDIS_URL")


class MeshTrials:
    """A `TrialRunner` of whole meshes.

    A trial's folder keeps its summary, journal and newest policy; the mesh's own data go when the
    trial is over, but for those of a failed one.

    Args:
        definition: Of the study.
        flags: From parameters to flags.
        folder: Of all trials.
        stop: Ends running trials.
        keep: Keep the data of every mesh.
    """

    def __init__(
        self,
        definition: Definition,
        flags: Flags,
        folder: Path,
        stop: threading.Event,
        *,
        keep: bool = False,
    ) -> None:
        self._definition, self._flags, self._folder = definition, flags, folder
        self._stop, self._keep = stop, keep
        self._ports = PortBlocks()

    def run(self, number: int, parameters: Mapping[str, Value], report: Report) -> Measurement:
        """See `TrialRunner.run`."""
        folder = self._folder / f"{number:04d}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mesh, summary = folder / "mesh", folder / "summary.json"
        began = time.time()
        try:
            with self._ports.block() as port_base:
                self._play(self._command(folder, port_base, parameters), folder, report)
            found = self._measure(mesh, summary, began)
        except (TrialInterrupted, TrialPruned):
            self._clear(folder, mesh)
            raise
        (folder / "policy.onnx").write_bytes(newest_file(mesh, POLICY))
        self._clear(folder, mesh)
        return found

    def _command(
        self, folder: Path, port_base: int, parameters: Mapping[str, Value]
    ) -> tuple[str, ...]:
        one = self._definition
        return run_module(
            *("mazemesh.cli", "up", "--plain", "--no-console"),
            *("--game", one.game, "--algorithm", one.algorithm, "--name", POLICY),
            *("--for", f"{one.seconds:g}s", "--summary", str(folder / "summary.json")),
            *("--data-dir", str(folder / "mesh"), "--port-base", str(port_base)),
            *("--seed", str(one.seed), "--learner=--tracking=none"),
            f"--learner=--snapshot-seconds={one.seconds / one.snapshots:g}",
            *self._flags.of(parameters),
        )

    def _play(self, command: tuple[str, ...], folder: Path, report: Report) -> None:
        environment = {
            **os.environ,
            PARENT_VARIABLE: str(os.getpid()),
            "MAZEMESH_LOG_FORMAT": "json",
            # A trial is a mesh of its own, in its folder.
            **dict.fromkeys(_SHARED_STORES, ""),
        }
        output = folder / "output.log"
        with (
            output.open("wb") as log,
            subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches this process, which stops the mesh
            ) as process,
        ):
            try:
                self._watch(process, folder / "mesh", report)
            finally:
                _end(process)
        if process.returncode != 0:
            lines = output.read_text(errors="replace").splitlines()[-_KEPT_LINES:]
            raise TrialFailed(
                f"the mesh ended with status {process.returncode}: {' / '.join(lines)} "
                f"(see {folder})"
            )

    def _watch(self, process: subprocess.Popen[bytes], mesh: Path, report: Report) -> None:
        """Returns when the mesh has ended, or has reached all that it was started for."""
        began = look = time.monotonic()
        while not _ended(process, _HEED_SECONDS):
            now = time.monotonic()
            if self._stop.is_set():
                raise TrialInterrupted
            if now - began > self._definition.seconds + _STOP_SECONDS:
                raise TrialFailed(f"the mesh did not stop in time (see {mesh})")
            if now - look < _LOOK_SECONDS:
                continue
            look = now
            progress = self._look(mesh, now - began)
            if report(progress):
                raise TrialPruned
            if self._enough(progress):
                return
        if self._stop.is_set():
            raise TrialInterrupted

    def _enough(self, progress: Progress) -> bool:
        """Whether nothing is left to learn: the target is reached, and counts alone."""
        target = self._definition.parsed_target()
        if target is None or {"success", "rating"} & set(self._definition.objectives):
            return False
        value = progress.measure(target.measure)
        return value is not None and value >= target.least

    def _look(self, mesh: Path, seconds: float) -> Progress:
        note = read_note(mesh)
        if note is None:
            return Progress(seconds)
        ports: dict[str, int] = note["metrics_ports"]
        pages = [
            ProcessSpec(name, (), port)
            for name, port in ports.items()
            if name.startswith("evaluator")
        ]
        readings = Readings()
        asyncio.run(scrape(pages, readings))
        rates = {
            int(dict(labels)["policy"].rpartition(":")[2]): rate
            for labels, rate in readings.values("mazemesh_evaluator_success_rate").items()
        }
        success = rates[max(rates)] if rates else None
        return Progress(seconds, success, self._rating(mesh, note["addresses"]["elo"]))

    def _rating(self, mesh: Path, elo: str) -> float | None:
        import json

        from mazemesh.analysis.ratings import snapshots_of
        from mazemesh.cli.ratings.ladders import ServedLadder, ladder_of
        from mazemesh.client.elo import EloClient
        from mazemesh.errors import MazemeshError

        description = mesh / "learner" / POLICY / "run.json"
        one = self._definition
        if "rating" not in (*one.objectives, one.target.partition("=")[0]):
            return None
        if not description.exists():
            return None
        client = EloClient(elo)
        try:
            ladder = ladder_of(json.loads(description.read_text()))
            players = snapshots_of(ServedLadder(client, ladder).players(), POLICY)
        except MazemeshError:
            # Starting, or stopping already: the next look asks again.
            return None
        finally:
            client.close()
        return max((player.low for player in players), default=None)

    def _measure(self, mesh: Path, summary: Path, began: float) -> Measurement:
        if not summary.exists():
            raise TrialFailed(f"the mesh left no summary (see {mesh.parent})")
        if not (mesh / "learner" / POLICY / "metrics.jsonl").exists():
            raise TrialFailed(f"the learner never began (see {mesh / 'logs'})")
        return measure(self._definition, POLICY, mesh, summary, began)

    def _clear(self, folder: Path, mesh: Path) -> None:
        run = mesh / "learner" / POLICY
        for name in ("metrics.jsonl", "run.json"):
            if (run / name).exists():
                shutil.copy2(run / name, folder / name)
        if not self._keep:
            shutil.rmtree(mesh, ignore_errors=True)


def _ended(process: subprocess.Popen[bytes], timeout: float) -> bool:
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stops a mesh in order, as Ctrl-C would; kills it when that takes too long."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    if not _ended(process, _STOP_SECONDS):
        process.kill()
        process.wait()
