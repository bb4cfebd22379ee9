"""What of a run's own record is new since it was forwarded the last time.

`mlflow.json` beside the journal, `tensorboard.json` or `wandb.json`, remembers how far each of its
parts was sent. It is written after every call, so that a failure repeats one call at most; what is
repeated is stored once there, or drawn at the same place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from learner.record.destinations.destination import Destination, kind_of
from learner.record.journal import DESCRIPTION, METRICS
from learner.record.lineage import SNAPSHOTS, read_snapshots
from mazemesh.analysis.journal import read_curves, read_probes, read_records

BATCH_LINES = 50
PROBED = "success_rate"
"""Name of the success that evaluators find on held-out mazes."""

Fetch = Callable[[str], bytes | None]
"""The ONNX file of "name:version"; None when it is not kept any more."""


@dataclass(frozen=True)
class Progress:
    """What was sent.

    Attributes:
        uri: Where to.
        run_id: The destination's name of the run.
        offset: Bytes of the journal.
        snapshots: Snapshots of the lineage.
        probed: Versions whose success was sent.
    """

    uri: str
    run_id: str
    offset: int = 0
    snapshots: int = 0
    probed: list[int] = field(default_factory=list)


def forward(
    folder: Path,
    uri: str,
    destination: Destination,
    *,
    fetch: Fetch = lambda policy: None,
    logs: Iterable[Path] = (),
) -> int:
    """Sends what is new; how many journal lines that were.

    Args:
        folder: Of the run.
        uri: Of the destination; another one gets everything from the beginning.
        destination: Gets it.
        fetch: Where files of snapshots come from.
        logs: Of evaluators, for the success of snapshots.

    Raises:
        Exception: whatever destination or `fetch` raise; call again later.
    """
    record = _Record(folder, uri, destination)
    sent = record.send_lines()
    record.send_probes(logs)
    record.send_snapshots(fetch)
    return sent


class _Record:
    """A run's record and how far it was sent."""

    def __init__(self, folder: Path, uri: str, destination: Destination) -> None:
        self._folder, self._destination = folder, destination
        self._state = folder / f"{kind_of(uri)}.json"
        self._description: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text())
        known = self._read()
        if known is not None and known.uri == uri:
            self._progress = known
        else:
            self._remember(Progress(uri, destination.begin(self._description)))

    def send_lines(self) -> int:
        """The journal's lines."""
        sent = 0
        with (self._folder / METRICS).open("rb") as journal:
            journal.seek(self._progress.offset)
            while batch := list(_whole_lines(journal)):
                found, _ = read_records(batch)
                if found:
                    self._destination.send(self._progress.run_id, found)
                offset = self._progress.offset + sum(map(len, batch))
                self._remember(replace(self._progress, offset=offset))
                journal.seek(offset)
                sent += len(found)
        return sent

    def send_probes(self, logs: Iterable[Path]) -> None:
        """Success of snapshots, at the agent steps behind each."""
        lines = (line for log in logs for line in log.read_text(errors="replace").splitlines())
        probes = [
            one
            for one in read_probes(lines, str(self._description["policy"]))
            if one.version not in self._progress.probed
        ]
        if not probes:
            return
        with (self._folder / METRICS).open() as journal:
            curves = read_curves(journal)
        if not len(curves.time) or max(one.version for one in probes) > curves.version[-1]:
            return  # the journal does not tell yet how many steps are behind it
        found = [
            {
                "time": curves.time_of(one.version),
                "agent_steps": curves.steps_at(one.version),
                PROBED: one.success_rate,
            }
            for one in probes
        ]
        self._destination.send(self._progress.run_id, found)
        versions = sorted({*self._progress.probed, *(one.version for one in probes)})
        self._remember(replace(self._progress, probed=versions))

    def send_snapshots(self, fetch: Fetch) -> None:
        """Files of snapshots and their lineage."""
        snapshots = read_snapshots(self._folder / SNAPSHOTS)
        for count in range(self._progress.snapshots + 1, len(snapshots) + 1):
            data = fetch(str(snapshots[count - 1]["policy"]))
            self._destination.keep(self._progress.run_id, snapshots[:count], data)
            self._remember(replace(self._progress, snapshots=count))

    def _read(self) -> Progress | None:
        return Progress(**json.loads(self._state.read_text())) if self._state.exists() else None

    def _remember(self, progress: Progress) -> None:
        self._progress = progress
        unfinished = self._state.with_suffix(".tmp")
        unfinished.write_text(json.dumps(asdict(progress)))
        unfinished.replace(self._state)


def _whole_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The next lines, at most a batch, without one that is still being written."""
    for _, line in zip(range(BATCH_LINES), file, strict=False):
        if not line.endswith(b"\n"):
            return
        yield line
