"""Whom to ask about runs: MLflow, and the runs themselves where there is none or it is away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from mazemesh.errors import InvalidArgument, NotFound, Unavailable
from services.gateway.experiments.experiment import Experiment, Experiments

_OF_JOURNALS: Final = "journal."
_OF_MLFLOW: Final = "mlflow."


class Keeping:
    """Asks MLflow first.

    A page's token says whose it is, so that a list does not change its keeper in the middle.

    Args:
        mlflow: Tells MLflow's keeper as it is now; None: there is none.
        journals: The runs in the data folder.
    """

    def __init__(self, mlflow: Callable[[], Experiments | None], journals: Experiments) -> None:
        self._mlflow, self._journals = mlflow, journals

    async def page(self, size: int, token: str) -> tuple[Sequence[Experiment], str]:
        """Runs, the last begun first, and the token of the next page.

        Raises:
            InvalidArgument: the token is none of this list.
            Unavailable: MLflow went away in the middle of it.
        """
        mlflow = self._mlflow()
        if not token and mlflow is not None:
            try:
                return _marked(_OF_MLFLOW, await mlflow.page(size, ""))
            except Unavailable:
                mlflow = None
        if not token:
            return _marked(_OF_JOURNALS, await self._journals.page(size, ""))
        if token.startswith(_OF_MLFLOW) and mlflow is not None:
            rest = token.removeprefix(_OF_MLFLOW)
            return _marked(_OF_MLFLOW, await mlflow.page(size, rest))
        if token.startswith(_OF_JOURNALS):
            rest = token.removeprefix(_OF_JOURNALS)
            return _marked(_OF_JOURNALS, await self._journals.page(size, rest))
        raise InvalidArgument(f"page_token: {token[:40]!r} is none of this list")

    async def run(self, run_id: str) -> Experiment:
        """A run by its id, its job's, or MLflow's.

        Raises:
            NotFound: nobody knows it.
        """
        here = await self._journals.run(run_id)
        mlflow = self._mlflow()
        if mlflow is not None:
            try:
                found = await mlflow.run(run_id if here is None else here.run_id)
            except Unavailable:
                found = None
            if found is not None:
                return replace(found, id=found.id if here is None else here.id)
        if here is None:
            raise NotFound(f"experiment_id: there is no run {run_id[:64]!r}")
        return here


def _marked(whose: str, page: tuple[Sequence[Experiment], str]) -> tuple[Sequence[Experiment], str]:
    runs, token = page
    return runs, f"{whose}{token}" if token else ""
