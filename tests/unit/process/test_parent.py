"""Watching the parent on systems whose kernel sends no signal, with the system's parts replaced."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mazemesh.process import parent

CHILD = """
import sys, threading
sys.platform = "darwin"
from mazemesh.process import parent
done = threading.Event()
parent.drain = lambda: (print("drained", flush=True), done.set())
parent.stop_with_parent()
print("watching", flush=True)  # not before: whoever is adopted by then has no parent to watch
done.wait()
"""
SUPERVISOR = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=os.environ)
sys.stdin.readline()  # until it is killed
"""


def test_a_process_notices_that_its_parent_was_killed() -> None:
    """As where there is neither a signal nor a kqueue."""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"MAZEMESH_EXIT_WITH_PARENT": "1", "PATH": "/usr/bin:/bin"},
    )
    assert supervisor.stdin
    assert supervisor.stdout
    with supervisor:
        assert supervisor.stdout.readline() == "watching\n"
        supervisor.kill()
        assert supervisor.stdout.readline() == "drained\n"


class Queue:
    """A kqueue that tells the end of a process at the second wait, or does not know the process."""

    def __init__(self, calls: list[str], known: bool) -> None:
        self.calls = calls
        self.known = known

    def control(self, changes: list[object], most: int, timeout: None) -> list[object]:
        self.calls.append("wait")
        if not self.known:
            raise ProcessLookupError
        return changes if len(self.calls) == 2 else []

    def close(self) -> None:
        self.calls.append("close")


@pytest.mark.parametrize("known", [True, False])
def test_a_kqueue_is_used_where_there_are_any(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    calls: list[str] = []
    system = SimpleNamespace(
        kqueue=lambda: Queue(calls, known),
        kevent=lambda *event: event,
        KQ_FILTER_PROC=-5,
        KQ_EV_ADD=1,
        KQ_NOTE_EXIT=1 << 31,
    )
    monkeypatch.setattr(parent, "select", system)
    parent.await_exit(os.getppid())
    assert calls == (["wait", "wait", "close"] if known else ["wait", "close"])
