"""Runs of an MLflow tracking server, by its REST interface (2.0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import httpx

from mazemesh.errors import InvalidArgument, Unavailable
from services.gateway.experiments.experiment import Experiment

PROJECT: Final = "mazemesh"
"""The experiment that learners write to."""

RUN_TAG: Final = "mazemesh.run_id"
_SECONDS: Final = 10.0


class MlflowServer:
    """A tracking server.

    Args:
        url: Where it is, as `http://mlflow:5000`.
    """

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=_SECONDS)

    async def page(self, size: int, token: str) -> tuple[Sequence[Experiment], str]:
        """See `Experiments.page`; tokens are MLflow's own."""
        wanted = await self._experiment()
        if wanted is None:
            return [], ""
        asked: dict[str, Any] = {"max_results": size, "order_by": ["attributes.start_time DESC"]}
        if token:
            asked["page_token"] = token
        told = await self._ask("runs/search", {"experiment_ids": [wanted], **asked})
        runs = [_experiment(run) for run in told.get("runs", ())]
        return runs, str(told.get("next_page_token", ""))

    async def run(self, run_id: str) -> Experiment | None:
        """See `Experiments.run`."""
        wanted = await self._experiment()
        if wanted is None or not (run_id.isascii() and run_id.isalnum()):
            return None
        for condition in (f"tags.`{RUN_TAG}` = '{run_id}'", f"attributes.run_id = '{run_id}'"):
            asked = {"experiment_ids": [wanted], "filter": condition, "max_results": 1}
            for run in (await self._ask("runs/search", asked)).get("runs", ()):
                return _experiment(run)
        return None

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _experiment(self) -> str | None:
        asked = {"filter": f"name = '{PROJECT}'", "max_results": 1}
        for one in (await self._ask("experiments/search", asked)).get("experiments", ()):
            return str(one["experiment_id"])
        return None

    async def _ask(self, what: str, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._client.post(f"/api/2.0/mlflow/{what}", json=asked)
            if answer.status_code == 400 and "page_token" in asked:
                raise InvalidArgument("page_token: it is none of this list")
            told: dict[str, Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            if isinstance(error, InvalidArgument):
                raise
            raise Unavailable(f"MLflow cannot be asked ({type(error).__name__})") from error
        return told


def _experiment(run: dict[str, Any]) -> Experiment:
    info, data = run["info"], run.get("data", {})
    params = {one["key"]: str(one["value"]) for one in data.get("params", ())}
    tags = {one["key"]: str(one["value"]) for one in data.get("tags", ())}
    metrics = {one["key"]: float(one["value"]) for one in data.get("metrics", ())}
    steps = max((int(one.get("step", 0)) for one in data.get("metrics", ())), default=0)
    end = info.get("end_time")
    own = tags.get(RUN_TAG, str(info["run_id"]))
    return Experiment(
        id=own,
        run_id=own,
        name=str(info.get("run_name") or params.get("policy", "")),
        source="mlflow",
        status=str(info.get("status", "")).lower(),
        game=params.get("game", ""),
        algorithm=params.get("algorithm", ""),
        start_time=int(info["start_time"]) / 1000 if info.get("start_time") else None,
        end_time=int(end) / 1000 if end else None,
        params=params,
        metrics=metrics,
        steps=steps,
    )
