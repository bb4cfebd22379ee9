"""A search by real trials: one to its end, and one that Ctrl-C cuts off."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

MAZEMESH = Path(sys.executable).with_name("mazemesh")

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(300)]


def command(data_dir: Path, *flags: str) -> list[str]:
    what = ["learning_rate=log:3e-4..2e-3", "epochs=2,3", "--study=short", "--for=35s"]
    how = ["--snapshots=5", "--objective=success", "--objective=size", "--objective=latency"]
    return [str(MAZEMESH), "tune", *what, *how, "--data-dir", str(data_dir), *flags]


def test_one_trial_stopped_and_gone_on_with(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "--trials=1"), stderr=subprocess.PIPE, text=True
    ) as search:
        assert search.stderr is not None
        first = search.stderr.readline()
        assert first.startswith("trial 0: learning_rate ")
        family = running_mesh(search)
        search.send_signal(signal.SIGINT)
        assert search.wait(90) == 130
    psutil.wait_procs(family, timeout=10)
    assert [one for one in family if one.is_running()] == []

    done = subprocess.run(
        command(tmp_path, "--trials=1", "--choose=success=1", "--json"),
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    told = json.loads(done.stdout)
    (trial,) = told["trials"]
    again = f"learning_rate {trial['parameters']['learning_rate']}"
    assert again in first, "what was cut off comes first"
    assert 0 <= trial["values"]["success"] <= 1
    assert trial["values"]["size"] > 100_000
    assert trial["values"]["latency"] > 0
    assert told["chosen"]["number"] == trial["number"]
    folder = tmp_path / "tune" / "short" / "trials" / f"{trial['number']:04d}"
    assert trial["values"]["size"] == (folder / "policy.onnx").stat().st_size
    assert not (folder / "mesh").exists()
    assert len((folder / "metrics.jsonl").read_text().splitlines()) >= 1


def running_mesh(search: subprocess.Popen[str]) -> list[psutil.Process]:
    """Processes of the trial, as soon as its services are there."""
    while len(family := psutil.Process(search.pid).children(recursive=True)) <= 5:
        with pytest.raises(subprocess.TimeoutExpired):
            search.wait(0.2)
    return family
