"""`mazemesh policies` against a Model service: search, show, collect, rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mazemesh.cli.app import app
from tests.ports import free_port
from tests.servers.model_policies import publish
from tests.servers.model_server import running_model

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with running_model(tmp_path / "model") as model:
        for seed in range(5):
            publish(
                model.client,
                seed=seed,
                run_id=f"run-{seed % 2}",
                training_step=100 * seed,
                code_version="1.0+abc" if seed else "0.9",
                config={"learning_rate": "0.1" if seed < 2 else "0.2"},
                snapshot=seed < 4,
            )
        away = f"127.0.0.1:{free_port()}"
        environment = {
            "MAZEMESH_MODEL_ADDRESS": model.address,
            "MAZEMESH_ELO_ADDRESS": away,
            "MAZEMESH_MATCHMAKER_ADDRESS": away,
        }
        runner = CliRunner(env=environment)
        folder = str(tmp_path / "none")
        yield lambda *words: runner.invoke(app, [*words, "--data-dir", folder])


def listed(run: Run, *words: str) -> list[str]:
    told = run("policies", *words, "--json")
    assert told.exit_code == 0, told.stderr
    return [one["policy"] for one in json.loads(told.stdout)]


def test_versions_are_found_by_what_they_came_from(run: Run) -> None:
    assert listed(run, "race", "--run", "run-0") == ["race:5", "race:3", "race:1"]
    assert listed(run, "list", "race", "--code", "0.") == ["race:1"]
    assert listed(run, "list", "--config", "learning_rate=0.1") == ["race:2", "race:1"]
    assert listed(run, "list", "race", "--from-step", "100", "--to-step", "200") == [
        *("race:3", "race:2"),
    ]
    assert listed(run, "list", "race", "--since", "2999-01-01") == []
    wrong = run("policies", "list", "--config", "learning_rate")
    assert (wrong.exit_code, "expected KEY=VALUE" in wrong.stderr) == (2, True)


def test_a_version_is_shown_with_its_checks(run: Run) -> None:
    shown = run("policies", "show", "race:5")
    assert shown.exit_code == 0, shown.stderr
    lines = [line.split(maxsplit=1) for line in shown.stdout.splitlines()]
    checks = {line[1].split()[0]: line[1] for line in lines if line[0] == "check"}
    assert checks["parity-64"].startswith("parity-64 passed ")
    assert "(at most 0.0001)" in checks["parity-64"]
    assert "ms (at most 100)" in checks["latency-1"]
    assert ["kept", "alias latest"] in lines
    assert ["config", "learning_rate = 0.2"] in lines
    assert any("code 1.0+abc" in line[-1] for line in lines if line[0] == "published")
    assert ["gates", "not known: the Matchmaker is away"] in lines
    data = json.loads(run("policies", "show", "race:5", "--json").stdout)
    assert {one["outcome"] for one in data["checks"]} == {"passed"}
    assert (data["config"], data["gates"]) == ({"learning_rate": "0.2"}, None)


def test_old_versions_are_collected_after_a_look(run: Run) -> None:
    assert run("promote", "race:1").exit_code == 0
    words = ("policies", "collect", "race", "--keep-snapshots", "1")
    dry = run(*words, "--dry-run")
    assert "2 versions of race would go" in dry.stdout, dry.stderr
    assert "race:1 stays: alias champion" in dry.stdout
    assert len(listed(run, "race")) == 5
    told = json.loads(run(*words, "--json").stdout)
    assert (told["versions"], told["dry_run"]) == ([2, 3], False)
    assert listed(run, "race") == ["race:5", "race:4", "race:1"]
    kept = run("policies", "retire", "race:champion")
    assert (kept.exit_code, "race:champion stays: alias champion" in kept.stderr) == (1, True)
    assert run("policies", "retire", "race:4").exit_code == 0
    assert run("policies", "collect", "race").exit_code == 2
    assert "alias latest" in run("policies", "collect", "race", "--keep", "0").stdout


def test_rules_are_shown_set_and_taken_away(run: Run) -> None:
    assert "race has no rules" in run("policies", "rules", "race").stdout
    told = run(
        *("policies", "rules", "race", "--check", "parity-64 <= 1e-4", "--check", "smoke"),
        *("--gate", "--max-alpha", "0.05"),
    )
    assert told.exit_code == 0, told.stderr
    assert "needs check parity-64<=0.0001" in told.stdout
    assert "needs a gate against the version that it stands for, alpha at most 0.05" in told.stdout
    refused = run("promote", "race:2")
    assert refused.exit_code == 1
    assert "check smoke was not made; a gate must have passed" in refused.stderr
    assert "revision 2" in run("policies", "rules", "race", "--clear").stdout
    assert run("promote", "race:2").exit_code == 0
    for wrong in ("beauty<<3", "parity-64<=much"):
        assert run("policies", "rules", "race", "--check", wrong).exit_code == 2
    told = run("policies", "rules", "race", "--check", "beauty")
    assert (told.exit_code, "'beauty'; expected one of size" in told.stderr) == (1, True)


def test_who_holds_and_what_comes_in(run: Run) -> None:
    assert json.loads(run("policies", "holds", "race", "--json").stdout) == []
    assert json.loads(run("policies", "uploads", "--json").stdout) == []
