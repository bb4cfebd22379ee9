"""Where a run is tracked: what each destination can do, and the URIs that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from mazemesh.sqlite_url import sqlite_url

TENSORBOARD: Final = "tensorboard:"
WANDB: Final = "wandb:"
PROJECT: Final = "mazemesh"
"""What runs lie in unless told otherwise: an experiment of MLflow, a project of W&B."""

Lines = Sequence[Mapping[str, float]]
"""Lines of the journal: "time", "agent_steps", and figures by name."""


class Destination(Protocol):
    """Where a run is tracked. Each call may be repeated after a failure."""

    def begin(self, description: Mapping[str, Any]) -> str:
        """Makes a run with the description as parameters, if there is none yet; its id."""
        ...

    def send(self, run_id: str, lines: Lines) -> None:
        """Logs figures."""
        ...

    def keep(self, run_id: str, snapshots: Sequence[Mapping[str, Any]], data: bytes | None) -> None:
        """Stores the ONNX file of the last snapshot, unless it is gone, and the lineage of all."""
        ...

    def close(self) -> None:
        """Nothing more comes, and what came shall be there."""
        ...


def tracking_uris(tracking: str, data_dir: Path) -> tuple[str, ...]:
    """The destinations of the setting, a list separated by commas.

    `local` is MLflow in the data folder, `tensorboard` event files in it, `wandb` the project
    "mazemesh" (or `wandb:PROJECT`, `wandb:ENTITY/PROJECT`), `none` nothing; all else is a tracking
    URI of MLflow. An empty part, and one that was there before, is left out.
    """
    known = {
        "none": "",
        "local": sqlite_url(data_dir / "mlflow" / "mlflow.db"),
        "tensorboard": f"{TENSORBOARD}{data_dir / 'tensorboard'}",
        "wandb": f"{WANDB}{PROJECT}",
    }
    parts = [part.strip() for part in tracking.split(",")]
    return tuple(dict.fromkeys(uri for part in parts if (uri := known.get(part, part))))


def kind_of(uri: str) -> str:
    """`tensorboard`, `wandb` or `mlflow`."""
    for prefix in (TENSORBOARD, WANDB):
        if uri.startswith(prefix):
            return prefix.removesuffix(":")
    return "mlflow"


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
