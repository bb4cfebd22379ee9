"""MLflow's own page on the same runs: its server, its database, its charts."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from bench.children import ending_with_us
from bench.gateway import browser as browsers
from mazemesh.process.ports import free_block
from mazemesh.sqlite_url import sqlite_url

_START_SECONDS = 240.0


def mlflow_first_paint(chromium: Any, folder: Path, runs: int, points: int) -> float:
    """Milliseconds until MLflow's list of the runs has its rows."""
    file, port = folder / "mlflow-peer.db", free_block(1)[0]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", sqlite_url(file), "--workers", "1"),
        *("--artifacts-destination", str(folder / "mlflow-artifacts")),
    ]
    environment = {**ending_with_us(), "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        where = f"http://127.0.0.1:{port}"
        _wait(where)
        made = httpx.post(
            f"{where}/api/2.0/mlflow/experiments/create", json={"name": "mazemesh"}, timeout=60
        )
        experiment = str(made.raise_for_status().json()["experiment_id"])
        _fill(file, experiment, runs, points)
        page = f"{where}/#/experiments/{experiment}/runs"
        times = [browsers.first_paint(chromium, page, "[role=row] a") for _ in range(3)]
        return min(times)
    finally:
        import psutil

        for child in psutil.Process(server.pid).children(recursive=True):
            child.kill()
        server.kill()
        server.wait()


def _wait(where: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{where}/health", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("MLflow's server does not come up")


def _fill(file: Path, experiment: str, runs: int, points: int) -> None:
    """As its client would, only sooner: the rows of a run, its metric, and the latest of that."""
    engine = create_engine(sqlite_url(file))
    now = 1_700_000_000_000
    with engine.begin() as connection:
        for run in range(runs):
            name = f"{run:032x}"
            connection.execute(
                text(
                    "insert into runs (run_uuid, name, source_type, source_name, "
                    "entry_point_name, user_id, status, start_time, lifecycle_stage, "
                    "artifact_uri, experiment_id) values (:run, :name, 'UNKNOWN', '', '', 'bench', "
                    "'FINISHED', :now, 'active', '', :experiment)"
                ),
                {"run": name, "name": f"run-{run:03}", "now": now, "experiment": experiment},
            )
            connection.execute(
                text("insert into tags (key, value, run_uuid) values ('mlflow.runName', :n, :run)"),
                {"run": name, "n": f"run-{run:03}"},
            )
            rows = [
                {"v": (point % 97) / 97, "t": now + point, "s": point * 640, "run": name}
                for point in range(points)
            ]
            connection.execute(
                text(
                    "insert into metrics (key, value, timestamp, step, is_nan, run_uuid) "
                    "values ('episode_reward', :v, :t, :s, 0, :run)"
                ),
                rows,
            )
            connection.execute(
                text(
                    "insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
                    "values ('episode_reward', :v, :t, :s, 0, :run)"
                ),
                rows[-1],
            )
    engine.dispose()
