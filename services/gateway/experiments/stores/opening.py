"""Where MLflow is; opened at its first use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.gateway.experiments.experiment import Experiments

if TYPE_CHECKING:
    from services.gateway.experiments.stores.mlflow_database import MlflowDatabase
    from services.gateway.experiments.stores.mlflow_server import MlflowServer


class Mlflow:
    """A server that was named, or a database that may come to be in the data folder.

    Args:
        url: `http://host:5000` of a server; None: the folder's database; anything else: neither.
        data_dir: Of the mesh.
    """

    def __init__(self, url: str | None, data_dir: Path) -> None:
        self._url, self._file = url, data_dir / "mlflow" / "mlflow.db"
        self._keeper: MlflowServer | MlflowDatabase | None = None

    def keeper(self) -> Experiments | None:
        """Who keeps runs now; None: nobody."""
        if self._keeper is None:
            if self._url is not None and self._url.startswith(("http://", "https://")):
                from services.gateway.experiments.stores.mlflow_server import MlflowServer

                self._keeper = MlflowServer(self._url)
            elif self._url is None and self._file.exists():
                from services.gateway.experiments.stores.mlflow_database import MlflowDatabase

                self._keeper = MlflowDatabase(self._file)
        return self._keeper

    async def close(self) -> None:
        """Closes what it has opened."""
        if self._keeper is not None:
            await self._keeper.close()
