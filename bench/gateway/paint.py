"""First paint of many runs' curves: the console's page and MLflow's, in one browser, of one data.

Both servers have their data before anybody looks: the gateway has read the journals, MLflow has
them in its database. A visit is a new browser context, with nothing in its cache. The console is
painted when its chart has drawn all runs, which the page itself notes; MLflow's chart view when the
first of its plots has a line (it draws the ten newest runs).
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bench.children import ending_with_us
from bench.matchmaker.services import service
from mazemesh.process.ports import free_block

app = typer.Typer()

STEPS_A_LINE: Final = 12_000
METRIC: Final = "episode_reward"
_SERVER_SECONDS: Final = 300.0
_PAINT_SECONDS: Final = 180.0
_OURS: Final = "html[data-painted]"
_THEIRS: Final = ".js-plotly-plot .scatterlayer .trace path"


@dataclass(frozen=True)
class Data:
    """What is looked at: `runs` runs of `points` values each, of one figure."""

    runs: int = 500
    points: int = 2_000

    def values(self, run: int) -> Iterator[float]:
        """Of one run."""
        noise = random.Random(run)
        for step in range(1, self.points + 1):
            yield 1 - math.exp(-step / 400) + noise.gauss(0, 0.05)

    def as_journals(self, folder: Path, now: float) -> None:
        """As learners write them."""
        for run in range(self.runs):
            place = folder / "learner" / f"run-{run}"
            place.mkdir(parents=True)
            description = {
                "run_id": f"{run:032x}",
                "policy": f"run-{run}",
                "game": "race",
                "algorithm": "ppo",
                "config": {"learning_rate": 0.001 * (run % 5 + 1)},
            }
            (place / "run.json").write_text(json.dumps(description))
            began = now - 2.0 * self.points
            lines = [
                {"time": began + 2.0 * step, "agent_steps": step * STEPS_A_LINE, METRIC: value}
                for step, value in enumerate(self.values(run), 1)
            ]
            (place / "metrics.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines))

    def as_mlflow(self, database: Path, now: float) -> None:
        """As MLflow keeps them; its tables are made by itself, and filled here, since its client
        would take minutes."""
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{database}")
        experiment = client.create_experiment("mazemesh", f"file://{database.parent}/artifacts")
        client.create_run(experiment, run_name="run-0")
        with sqlite3.connect(database) as connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
            first = dict(
                zip(columns, connection.execute("SELECT * FROM runs").fetchone(), strict=True)
            )
            tags = connection.execute("SELECT key, value FROM tags").fetchall()
            ids = [first["run_uuid"], *(f"{run:032x}" for run in range(1, self.runs))]
            marks = ",".join("?" * len(columns))
            for run, name in enumerate(ids[1:], 1):
                row = {**first, "run_uuid": name, "name": f"run-{run}"}
                row["artifact_uri"] = str(row["artifact_uri"]).replace(ids[0], name)
                connection.execute(
                    f"INSERT INTO runs VALUES ({marks})", [row[one] for one in columns]
                )
                for key, value in tags:
                    told = f"run-{run}" if key == "mlflow.runName" else value
                    connection.execute("INSERT INTO tags VALUES (?,?,?)", (key, told, name))
            connection.execute("UPDATE runs SET status = 'FINISHED', end_time = start_time + 1000")
            for run, name in enumerate(ids):
                rate = str(0.001 * (run % 5 + 1))
                connection.execute(
                    "INSERT INTO params (key, value, run_uuid) VALUES ('learning_rate', ?, ?)",
                    (rate, name),
                )
                rows = [
                    (METRIC, value, round((now + 2.0 * step) * 1000), name, step * STEPS_A_LINE, 0)
                    for step, value in enumerate(self.values(run), 1)
                ]
                for table, kept in (("metrics", rows), ("latest_metrics", rows[-1:])):
                    connection.executemany(
                        f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) "
                        "VALUES (?,?,?,?,?,?)",
                        kept,
                    )


@app.command("paint")
def paint(
    *,
    runs: Annotated[int, typer.Option(help="whose curves are shown", min=2)] = 500,
    points: Annotated[int, typer.Option(help="of each", min=2)] = 2_000,
    visits: Annotated[int, typer.Option(help="of each page; the median counts", min=1)] = 3,
    peer: Annotated[bool, typer.Option(help="MLflow's chart view too")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Curves of many runs until they are drawn: the console's page and MLflow's chart view."""
    found = measure(runs=runs, points=points, visits=visits, peer=peer)
    print(json.dumps({"bench": "paint", **found}, indent=None if as_json else 2))


def measure(
    *, runs: int = 500, points: int = 2_000, visits: int = 3, peer: bool = True
) -> dict[str, Any]:
    """Medians over visits, and how long the gateway took to read the journals.

    Returns:
        first_paint_ms_500_runs and mlflow_first_paint_ms at the top (the latter None without the
        peer, or where it painted nothing within 180 s), `cells` after.
    """
    data, now = Data(runs, points), time.time()
    cells: dict[str, Any] = {"runs": runs, "points": runs * points, "visits": visits}
    found: dict[str, Any] = {"first_paint_ms_500_runs": None, "mlflow_first_paint_ms": None}
    with tempfile.TemporaryDirectory(prefix="bench-paint-") as folder, _browser() as browser:
        ours = Path(folder) / "mesh"
        data.as_journals(ours, now)
        for name in ("read_seconds", "read_again_seconds"):
            with _gateway(ours) as url:
                cells[name] = _until_read(url, runs)
                if name == "read_again_seconds":
                    times = [
                        _visit(browser, f"{url}/console/training", _OURS) for _ in range(visits)
                    ]
        cells["paints_ms"] = times
        found["first_paint_ms_500_runs"] = _median(times)
        if peer:
            theirs = Path(folder) / "mlflow"
            theirs.mkdir()
            data.as_mlflow(theirs / "mlflow.db", now)
            with _mlflow(theirs / "mlflow.db") as url:
                page = f"{url}/#/experiments/1/runs?compareRunsMode=CHART"
                times = [_visit(browser, page, _THEIRS) for _ in range(visits)]
            cells["mlflow_paints_ms"] = times
            found["mlflow_first_paint_ms"] = _median(times)
    return {**found, "cells": cells}


def _median(times: list[float | None]) -> float | None:
    known = [one for one in times if one is not None]
    return round(statistics.median(known), 1) if len(known) == len(times) else None


def _visit(browser: Any, page: str, painted: str) -> float | None:
    """Milliseconds from the navigation until `painted` is there; None where it never is."""
    from playwright.sync_api import TimeoutError as TooLate

    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        tab = context.new_page()
        tab.goto(page, wait_until="commit")
        try:
            tab.wait_for_selector(painted, timeout=_PAINT_SECONDS * 1000, state="attached")
        except TooLate:
            return None
        own = "Number(document.documentElement.dataset.painted)"
        told: float = tab.evaluate(f"{own} || performance.now()")
        return round(told, 1)


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _gateway(folder: Path) -> Iterator[str]:
    with service("gateway", folder) as started:
        yield f"http://{started.address}"


@contextmanager
def _mlflow(database: Path) -> Iterator[str]:
    port = free_block(1).start
    options = ["--backend-store-uri", f"sqlite:///{database}", "--port", str(port)]
    command = [sys.executable, "-P", "-m", "mlflow", "server", *options, "--workers", "1"]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=ending_with_us(), start_new_session=True
        )
        try:
            until = time.monotonic() + _SERVER_SECONDS
            while not _answers(f"{url}/health"):  # it tells nobody when it serves
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise RuntimeError(f"{command[:4]} does not serve: {log.read()[-2000:]!r}")
                time.sleep(0.1)
            yield url
        finally:
            # It has workers of its own, in the session that was started for it.
            os.killpg(process.pid, 15)
            process.wait(60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _until_read(url: str, runs: int) -> float:
    """Seconds until the gateway has read all journals, from the first request for them."""
    began = time.monotonic()
    while True:
        with urllib.request.urlopen(f"{url}/training/runs", timeout=60) as answer:
            if json.load(answer)["read"] >= runs:
                return round(time.monotonic() - began, 3)
