"""What `scripts/check` asks for, but for mypy, which takes minutes."""

import shlex
import subprocess

import pytest

from tests.documented import ROOT

LINES = [line.strip() for line in (ROOT / "scripts" / "check").read_text().splitlines()]
CHECKS = [line for line in LINES if line.startswith(".venv/bin/") and "mypy" not in line]
MENDING = (".venv/bin/ruff check --fix .", ".venv/bin/ruff format .")


@pytest.mark.parametrize("check", [line for line in CHECKS if line not in MENDING])
def test_each_check_but_mypy_is_content(check: str) -> None:
    done = subprocess.run(
        shlex.split(check), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_it_still_asks_mypy() -> None:
    assert ".venv/bin/mypy" in LINES
