"""What is told of a run with each version."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from learner.record import provenance
from learner.record.provenance import code_version, config_of
from learner.run import Run
from learner.settings import LearnerSettings


def test_a_config_has_what_the_run_was_started_with(tmp_path: Path) -> None:
    settings = LearnerSettings(
        data_dir=tmp_path, game="solo", seed=7, hyperparameters={"learning_rate": 0.002}
    )
    config = config_of(Run.of(settings))
    assert (config["algorithm"], config["seed"], config["learning_rate"]) == ("ppo", "7", "0.002")
    assert config["game.width"] == str(Run.of(settings).game_settings.width)
    assert all(isinstance(value, str) and len(value) <= 1024 for value in config.values())


def test_the_code_of_a_checkout_is_told_by_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "mazemesh"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setattr(provenance.mazemesh, "__file__", str(package / "__init__.py"))
    version = code_version()
    assert "+" not in version  # no checkout

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
        ).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    assert code_version() == f"{version}+{commit[:12]}"
    git("pack-refs", "--all")
    assert code_version() == f"{version}+{commit[:12]}"
    git("checkout", "-q", "--detach")
    assert code_version() == f"{version}+{commit[:12]}"
