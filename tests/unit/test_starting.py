"""What a process has loaded when it begins to work, and what it leaves for later or for others."""

import gc
import json
import subprocess
import sys
from threading import Event, Thread

import pytest

from mazemesh.starting import collector_at_rest

TELL = "import json, sys; print(json.dumps(sorted(sys.modules)))"
ENTRY = """
import runpy, sys
sys.argv = {words!r}
try:
    runpy.run_module({module!r}, run_name="__main__")
except SystemExit:
    print()
"""
LATER = {"alembic", "matplotlib", "mlflow", "numba", "pandas", "pyarrow", "rich", "scipy", "torch"}


def loaded_by(program: str) -> set[str]:
    """Names of the modules that a process has loaded at the end of a program."""
    command = [sys.executable, "-c", f"{program}\n{TELL}"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=110)
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "words"),
    [
        *((f"services.{name}", ["--help"]) for name in ("elo", "game", "matchmaker", "model")),
        ("services.replay", ["--help"]),
        ("learner", ["--help"]),
        ("actor", ["play", "--help"]),
        ("actor", ["evaluate", "--help"]),
    ],
)
def test_a_process_starts_without_what_it_may_never_need(module: str, words: list[str]) -> None:
    loaded = loaded_by(ENTRY.format(module=module, words=[module, *words]))
    assert "structlog" in loaded, "its settings were not even read"
    assert loaded.isdisjoint(LATER)


def test_processes_are_started_before_the_supervisor_loads_anything_large() -> None:
    loaded = loaded_by(
        "import mazemesh.cli.app, supervisor.running.live\n"
        "from mazemesh.games import get_game\n"
        "from mazemesh.games.foreign import policy_name\n"
        "policy_name(get_game('race').name)"
    )
    assert loaded.isdisjoint({"grpc", "numpy", "prometheus_client", "pydantic", *LATER})


def test_kernels_are_loaded_without_scipy() -> None:
    loaded = loaded_by(
        "from mazemesh.starting import loading_kernels\n"
        "with loading_kernels():\n"
        "    import numba\n"
        "    numba.njit('i8(i8)')(lambda number: number + 1)\n"
        "import scipy.version"  # which is to be had again
    )
    assert "scipy.version" in loaded
    assert "scipy.linalg" not in loaded


def test_the_collector_rests_until_the_last_block_has_ended() -> None:
    inside, leave = Event(), Event()

    def load() -> None:
        with collector_at_rest():
            inside.set()
            leave.wait()

    other = Thread(target=load)
    try:
        with collector_at_rest():
            other.start()
            inside.wait()
            with collector_at_rest():
                pass
            assert not gc.isenabled()
        assert not gc.isenabled()
        leave.set()
        other.join()
        assert gc.isenabled()
    finally:
        leave.set()
        gc.unfreeze()
