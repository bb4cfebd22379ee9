"""Checkpoints: what a learner needs to go on after it was stopped or killed.

A file is written beside its final name, forced to disk and renamed, so that under the final name
there is a whole checkpoint or none.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from learner.run import Run
from mazemesh.errors import FailedPrecondition
from mazemesh.process.disk import is_full, sync_file, sync_path

if TYPE_CHECKING:
    import torch

log = structlog.get_logger("learner.record.checkpoint")

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run.

    Attributes:
        version: Last version that was published.
        agent_steps: Steps of experience learned from.
        samples: Rows learned from.
        identity: `Run.identity` of the run.
        algorithm: `Algorithm.state`: weights, optimizer, updates, and the random state (the order
            of minibatches is the learner's only use of chance).
        life: `learner.loop.exploiter.Life` of an exploiter; empty for others.
    """

    version: int
    agent_steps: int
    samples: int
    identity: dict[str, Any]
    algorithm: dict[str, Any]
    life: dict[str, int] = field(default_factory=dict)


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint and removes all but the newest two.

    Where a full disk has no room for it, those before it stay, and the log says so.
    """
    import torch  # late: `find` is asked before torch is loaded

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"checkpoint-{checkpoint.agent_steps:015d}.pt"
    unfinished = path.with_suffix(".tmp")
    content = io.BytesIO()  # torch has an exception of its own for a file that cannot be written
    torch.save(asdict(checkpoint), content)
    try:
        with unfinished.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            sync_file(file.fileno())
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        if not is_full(error):
            raise
        log.error("no room for a checkpoint", reason=str(error), agent_steps=checkpoint.agent_steps)
        return
    unfinished.replace(path)
    sync_path(folder)
    for old in find(folder)[:-KEPT]:
        old.unlink()


def find(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    return sorted(folder.glob("checkpoint-*.pt"))


def load(folder: Path, run: Run, device: torch.device) -> Checkpoint | None:
    """The newest checkpoint of the run that can be read; None when there is none at all.

    A damaged one, as a failing disk leaves it, is passed over with a warning and kept for whoever
    wants to look at it, under another name.

    Raises:
        FailedPrecondition: it belongs to another game, algorithm or network; names the difference.
            Or there are checkpoints and all are damaged.
    """
    paths = find(folder)
    reasons = []
    for path in reversed(paths):
        try:
            checkpoint = _read(path, device)
        except _Damaged as error:
            reasons.append(f"{path.name}: {error}")
            log.warning("checkpoint is damaged; the one before it is tried", reason=reasons[-1])
            continue
        _check_identity(path, checkpoint, run)
        for damaged in paths[len(paths) - len(reasons) :]:
            damaged.replace(damaged.with_suffix(".damaged"))
        log.info("resuming", checkpoint=str(path), agent_steps=checkpoint.agent_steps)
        return checkpoint
    if reasons:
        raise FailedPrecondition(
            f"all {len(paths)} checkpoints in {folder} are damaged ({'; '.join(reasons)}). Move "
            "them away to start anew, or bring back a copy of one"
        )
    return None


class _Damaged(Exception):
    """A file that is not the checkpoint it was."""


def _read(path: Path, device: torch.device) -> Checkpoint:
    import torch

    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not compare checksums
            damaged = archive.testzip()
        if damaged is not None:
            raise _Damaged(f"the checksum of {damaged} is wrong")
        content = torch.load(path, map_location=device, weights_only=True)
        return Checkpoint(**content)
    except OSError as error:
        if error.errno is not None and not isinstance(error, EOFError):
            raise  # the file cannot be had now; that says nothing of what is in it
        raise _Damaged(_first_line(error)) from error
    except _Damaged:
        raise
    # Whatever torch and its unpickler make of bytes that are not theirs.
    except Exception as error:
        raise _Damaged(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _check_identity(path: Path, checkpoint: Checkpoint, run: Run) -> None:
    wanted, found = run.identity, checkpoint.identity
    for name, value in wanted.items():
        if found.get(name) != value:
            raise FailedPrecondition(
                f"{path} has {name} {found.get(name)}; this run has {value}. Choose another "
                "policy name (--policy), or move that folder away to start anew"
            )
