"""A worker ends with its threads."""

import subprocess
import sys

import pytest

from mazemesh.process.worker import page_port

WORKER = """
import sys, threading
from typing import ClassVar
from mazemesh.process.settings import ProcessSettings
from mazemesh.process.worker import run_worker

class Settings(ProcessSettings):
    component: ClassVar[str] = "worker"

def fail():
    raise KeyError("a column")

def work(settings, registry, stop):
    threading.Thread(target=fail, name="forwarding").start()
    assert stop.wait(60)
    print("saved")

run_worker(Settings, work, [], "worker", patience=lambda _: {patience})
"""


@pytest.mark.parametrize("patience", [None, 30.0])
def test_an_exception_that_ends_a_thread_ends_the_process(patience: float | None) -> None:
    run = subprocess.run(
        [sys.executable, "-P", "-c", WORKER.format(patience=patience)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert run.returncode == 1
    assert "saved" not in run.stderr
    assert "a column" in run.stderr
    assert "forwarding" in run.stderr


@pytest.mark.parametrize(
    ("port", "rank", "wanted"), [(9170, "", 9170), (9170, "3", 9173), (0, "3", 0)]
)
def test_ranks_on_one_machine_have_pages_of_their_own(
    monkeypatch: pytest.MonkeyPatch, port: int, rank: str, wanted: int
) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    assert page_port(port) == wanted
