"""Runs of the MLflow database in the data folder, read from its tables.

MLflow itself takes seconds to import and is the learner's; five of its tables, whose columns have
been the same for years, say all that a list of runs needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from mazemesh.errors import InvalidArgument, Unavailable
from mazemesh.sqlite_url import sqlite_url
from services.gateway.experiments.experiment import Experiment
from services.gateway.experiments.stores.mlflow_server import PROJECT, RUN_TAG

_RUNS: Final = """
    select r.run_uuid, r.name, r.status, r.start_time, r.end_time from runs r
    join experiments e on e.experiment_id = r.experiment_id
    where e.name = :project and r.lifecycle_stage = 'active'
"""
_PAGE: Final = f"{_RUNS} order by r.start_time desc, r.run_uuid limit :size offset :start"
_OF_TAG: Final = "select t.run_uuid from tags t where t.key = :tag and t.value = :run"
_ONE: Final = f"{_RUNS} and (r.run_uuid = :run or r.run_uuid in ({_OF_TAG})) limit 1"


class MlflowDatabase:
    """A database file of MLflow, opened to be read alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._engine: Engine | None = None

    async def page(self, size: int, token: str) -> tuple[Sequence[Experiment], str]:
        """See `Experiments.page`; a token is how many were told."""
        if not (token == "" or (token.isascii() and token.isdigit() and len(token) < 10)):
            raise InvalidArgument(f"page_token: {token[:40]!r} is none of this list")
        start = int(token or 0)
        given = {"size": size + 1, "start": start}
        found = await asyncio.to_thread(self._read, _PAGE, given)
        return found[:size], str(start + size) if len(found) > size else ""

    async def run(self, run_id: str) -> Experiment | None:
        """See `Experiments.run`."""
        found = await asyncio.to_thread(self._read, _ONE, {"run": run_id, "tag": RUN_TAG})
        return found[0] if found else None

    async def close(self) -> None:
        """Closes the file."""
        if self._engine is not None:
            self._engine.dispose()

    def _read(self, query: str, given: dict[str, Any]) -> list[Experiment]:
        if self._engine is None:
            self._engine = create_engine(
                sqlite_url(self._file), connect_args={"timeout": 5.0}, pool_size=2
            )
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(text(query), {"project": PROJECT, **given}).all()
                return [self._experiment(connection, row) for row in rows]
        except DBAPIError as error:
            raise Unavailable(f"MLflow's database cannot be read ({error.orig})") from error

    def _experiment(self, connection: Any, row: Any) -> Experiment:
        def pairs(table: str) -> dict[str, Any]:
            query = text(f"select key, value from {table} where run_uuid = :run")  # noqa: S608
            found = connection.execute(query, {"run": row.run_uuid}).all()
            return {one.key: one.value for one in found}

        params, tags, metrics = pairs("params"), pairs("tags"), pairs("latest_metrics")
        steps = text("select max(step) from latest_metrics where run_uuid = :run")
        own = tags.get(RUN_TAG, row.run_uuid)
        return Experiment(
            id=own,
            run_id=own,
            name=row.name or params.get("policy", ""),
            source="mlflow",
            status=(row.status or "").lower(),
            game=params.get("game", ""),
            algorithm=params.get("algorithm", ""),
            start_time=row.start_time / 1000 if row.start_time else None,
            end_time=row.end_time / 1000 if row.end_time else None,
            params=params,
            metrics={name: float(value) for name, value in metrics.items() if value is not None},
            steps=int(connection.scalar(steps, {"run": row.run_uuid}) or 0),
        )
