"""A cache that cannot be used costs time and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mazemesh.games.mazes import machine_code
from mazemesh.games.mazes.rules.solo_step import step

EAGER = """
from mazemesh.machine_code import compiled
@compiled("i8(i8)", error_model="numpy")
def twice(number):
    return 2 * number
assert twice(3) == 6
"""
LAZY = """
import numba
from mazemesh.machine_code import compile_for, compiled
@compiled(nogil=True)
def twice(number):
    return 2 * number
assert compile_for(twice, (numba.int64,))(3) == 6
"""
PROGRAMS = {"eager": EAGER, "lazy": LAZY}
SMALL_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""


def run(tmp_path: Path, program: str, cache: str) -> "subprocess.CompletedProcess[str]":
    file = tmp_path / "program.py"  # numba keeps nothing of what has no file
    file.write_text(program)
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": cache,
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=110
    )


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_without_a_folder_to_write(tmp_path: Path, program: str) -> None:
    done = run(tmp_path, PROGRAMS[program], "/dev/null/nowhere")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("machine code is not kept on disk") == 1


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_on_a_full_disk(tmp_path: Path, program: str) -> None:
    done = run(tmp_path, SMALL_FILES + PROGRAMS[program], str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "File too large" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_with_damaged_files(tmp_path: Path, program: str) -> None:
    assert run(tmp_path, PROGRAMS[program], str(tmp_path)).stderr == ""
    indexes = list(tmp_path.rglob("*.nbi"))
    assert indexes
    for index in indexes:
        index.write_bytes(index.read_bytes()[:20])
    done = run(tmp_path, PROGRAMS[program], str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_a_fault_of_the_function_is_still_an_error(tmp_path: Path) -> None:
    done = run(tmp_path, EAGER.replace("2 * number", "number.nothing"), str(tmp_path))
    assert done.returncode != 0
    assert "nothing" in done.stderr


def test_what_was_compiled_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_code, "folders", lambda: [tmp_path])
    assert not machine_code.is_compiled("solo")
    assert machine_code.is_compiled("gymnasium:CartPole-v1")
    (tmp_path / "rules_x").mkdir()
    index = f"{step._cache._impl.filename_base}.nbi"  # type: ignore[attr-defined]  # numba's own
    (tmp_path / "rules_x" / index).touch()
    assert machine_code.is_compiled("solo")
    monkeypatch.setattr(machine_code, "source_hash", lambda: "of-other-sources")
    assert not machine_code.is_compiled("solo")


def test_the_name_of_machine_code_follows_every_file_that_it_is_made_of() -> None:
    made_of = set(machine_code.sources())
    parts = ("mazemesh.games.mazes.kernels", "mazemesh.games.mazes.rules")
    loaded = {
        Path(module.__file__)
        for name, module in sys.modules.items()
        if name.startswith(parts) and module.__file__
    }
    assert any(file.parent.name == "seeing" for file in loaded)
    assert loaded <= made_of
