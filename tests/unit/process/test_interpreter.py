"""A folder of the user's takes the place of none of our modules, nor of those we rely on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STARTS = re.compile(r"sys\.executable(?!\)\.with_name)(?P<next>.{0,40})", re.DOTALL)


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    for name in ("grpc", "numpy", "pydantic", "structlog", "torch", "typer"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the user’s own file was run')\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "module",
    ["services.replay", "services.game", "actor", "learner", "mazemesh.cli"],
)
def test_a_module_run_by_hand_ignores_what_lies_in_the_current_folder(
    odd_folder: Path, module: str
) -> None:
    words = ["play", "--help"] if module == "actor" else ["--help"]
    done = run(odd_folder, "-m", module, *words)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_with_the_safe_path_even_our_own_names_are_free_to_the_user(odd_folder: Path) -> None:
    (odd_folder / "services").mkdir()
    (odd_folder / "services" / "__init__.py").write_text("raise SystemExit('not ours')\n")
    done = run(odd_folder, "-P", "-m", "services.replay", "--help")
    assert done.returncode == 0, done.stderr


def test_a_checkout_stays_importable_in_its_own_folder() -> None:
    program = (
        "import sys; from mazemesh.process.interpreter import forget_current_folder as forget; "
        "before = list(sys.path); forget(); assert sys.path == before, sys.path"
    )
    assert run(ROOT, "-c", program).returncode == 0


def test_every_process_that_we_start_has_the_safe_path() -> None:
    """Python finds modules of the current folder first unless it is told -P."""
    files = [
        path
        for package in ("mazemesh", "services", "actor", "learner", "supervisor", "bench")
        for path in sorted((ROOT / package).rglob("*.py"))
    ]
    unsafe = [
        path.relative_to(ROOT).as_posix()
        for path in files
        for start in STARTS.finditer(path.read_text())
        if not re.match(r'[\s,)]*"-P"', start["next"])
    ]
    assert not unsafe, "use mazemesh.process.interpreter.run_module, or say -P"
