"""What made a run: the version of the code, and what it was started with."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import mazemesh
from learner.run import Run

_MOST: Final = 256
_LONGEST_NAME: Final = 128
_LONGEST: Final = 1024
"""What Model takes of a config (PublishPolicyHeader.config)."""


def code_version() -> str:
    """The version of mazemesh, and of a checkout its commit: "0.4.0+1a2b3c4d5e6f"."""
    version = importlib.metadata.version("mazemesh")
    commit = _commit(Path(mazemesh.__file__).parents[1] / ".git")
    return f"{version}+{commit[:12]}" if commit else version


def config_of(run: Run) -> dict[str, str]:
    """Algorithm, seed, settings of the game and hyperparameters of a run, by name."""
    told: dict[str, Any] = {"algorithm": run.algorithm, "seed": run.seed}
    game = dataclasses.asdict(run.game_settings)
    told.update({f"game.{name}": value for name, value in _flat(game)})
    if dataclasses.is_dataclass(run.config) and not isinstance(run.config, type):
        told.update(_flat(dataclasses.asdict(run.config)))
    shown = {name: str(value)[:_LONGEST] for name, value in told.items()}
    return dict([one for one in sorted(shown.items()) if len(one[0]) <= _LONGEST_NAME][:_MOST])


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _commit(git: Path) -> str:
    """The commit of a checkout; empty where there is none, or it is kept in another form."""
    try:
        if git.is_file():  # a worktree
            git = Path(git.read_text().partition("gitdir:")[2].strip())
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        name = head.partition(" ")[2]
        common = git / "commondir"
        root = (git / common.read_text().strip()).resolve() if common.is_file() else git
        reference = root / name
        if reference.is_file():
            return reference.read_text().strip()
        packed = (root / "packed-refs").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
