"""The local MLflow database comes to be whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from mazemesh.sqlite_url import sqlite_url


def make_database(path: Path) -> None:
    """Makes MLflow's database, unless there is one.

    Its tables take MLflow some seconds and a hundred statements. A process that is stopped among
    them would leave a database that no later one can finish, so it gets its name when it is ready;
    of two processes that make it at once, the first one's stays.
    """
    if path.exists():
        return
    from mlflow.tracking import MlflowClient

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        MlflowClient(tracking_uri=sqlite_url(unfinished)).search_experiments()
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
