"""Tells whoever keeps a learner alive that its run has done its steps."""

from __future__ import annotations

from pathlib import Path

FINISHED = "finished"
"""File beside the checkpoints; there from the end of a run to its next start."""


def begin(folder: Path) -> None:
    """The run goes on, or looks whether there is more to do."""
    (folder / FINISHED).unlink(missing_ok=True)


def finish(folder: Path) -> None:
    """The run has done its steps, and left its last version and checkpoint."""
    (folder / FINISHED).touch()
