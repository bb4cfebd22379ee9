"""The destination that a URI means. Their libraries are loaded where one is opened."""

from __future__ import annotations

from pathlib import Path

from learner.record.destinations.destination import TENSORBOARD, WANDB, Destination


def open_destination(uri: str, artifacts: str) -> Destination:
    """The destination that a URI means: `tensorboard:FOLDER`, `wandb:PROJECT`, else MLflow's.

    Args:
        uri: Of the destination.
        artifacts: Where a database of MLflow keeps files, a URI; where W&B keeps its own, a folder.

    Raises:
        ModuleNotFoundError: its library is not installed.
    """
    if uri.startswith(TENSORBOARD):
        from learner.record.destinations.tensorboard_destination import TensorBoard

        return TensorBoard(Path(uri.removeprefix(TENSORBOARD)))
    if uri.startswith(WANDB):
        from learner.record.destinations.wandb_destination import WeightsAndBiases

        return WeightsAndBiases(uri.removeprefix(WANDB), Path(artifacts))
    from learner.record.destinations.mlflow_destination import MLflow

    return MLflow(uri, artifacts)
