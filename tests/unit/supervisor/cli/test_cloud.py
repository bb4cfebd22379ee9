"""`mazemesh cloud` as far as it needs neither Terraform nor an account."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mazemesh.errors import FailedPrecondition
from supervisor.cli.cloud import cloud
from supervisor.cloud.operating import running
from supervisor.cloud.operating.prices import LIMITS
from supervisor.cloud.operating.workspace import Workspace, build_wheel, changes

runner = CliRunner()


@pytest.mark.parametrize("profile", sorted(LIMITS))
def test_a_profiles_price_is_below_its_limit(profile: str) -> None:
    done = runner.invoke(cloud, ["cost", "--profile", profile, "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["usual_usd"] <= told["most_usd"] < LIMITS[profile]
    assert told["usual_usd"] == pytest.approx(sum(one["usual"] for one in told["lines"]), abs=0.2)


def test_a_price_is_told_by_position_with_its_date() -> None:
    done = runner.invoke(cloud, ["cost"])
    assert done.exit_code == 0
    assert "prices of 20" in done.stdout
    assert "machines of mesh" in done.stdout
    assert "limit is 30" in done.stdout


def test_an_unknown_profile_is_named() -> None:
    done = runner.invoke(cloud, ["cost", "--profile", "huge"])
    assert done.exit_code == 1
    assert "hobby, development, production" in done.stderr


@pytest.mark.parametrize("command", ["plan", "up", "status", "connect", "down", "start", "stop"])
def test_what_was_not_laid_out_says_how(command: str, tmp_path: Path) -> None:
    done = runner.invoke(cloud, [command, "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "mazemesh cloud init --profile hobby" in done.stderr


def test_laying_out_again_keeps_settings_and_state(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "hobby")
    workspace.lay_out()
    workspace.write_settings({"emails": ["a@example.org"]})
    state = workspace.root / "terraform.tfstate"
    state.write_text("{}")
    stale = workspace.folder / "terraform" / "modules" / "network" / "old.tf"
    stale.write_text("# of an older version")
    workspace.lay_out()
    assert workspace.settings() == {"emails": ["a@example.org"]}
    assert state.exists()
    assert not stale.exists()
    assert (workspace.root / "main.tf").exists()


def test_a_wheel_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"nowhere\.whl should be a file"):
        build_wheel(tmp_path, Path("nowhere.whl"))


def test_changes_are_counted_by_kind() -> None:
    actions = [["create"], ["create"], ["update"], ["delete", "create"], ["no-op"], ["read"]]
    plan = {"resource_changes": [{"change": {"actions": one}} for one in actions]}
    assert changes(plan) == {"create": 2, "change": 1, "replace": 1, "delete": 0}


def test_health_is_waited_for_and_told_when_it_changes() -> None:
    states = iter(["unreachable", "unreachable", "serving"])
    said: list[str] = []
    running.wait_for_health(
        {"elo": "h:1"}, lambda _: next(states), said.append, pause=lambda _: None
    )
    assert said == ["elo: unreachable", "elo: serving"]


def test_health_that_does_not_come_names_the_service() -> None:
    with pytest.raises(FailedPrecondition, match="elo: not serving after 10 s"):
        running.wait_for_health(
            {"elo": "h:1"}, lambda _: "unreachable", print, seconds=10, pause=lambda _: None
        )


class Function:
    """boto3's client of Lambda, with a given answer."""

    def __init__(self, answer: dict[str, Any], *, failed: bool = False) -> None:
        self._answer, self._failed = answer, failed
        self.asked: list[Any] = []

    def invoke(self, **given: Any) -> dict[str, Any]:
        self.asked.append((given["FunctionName"], json.loads(given["Payload"])))
        payload = io.BytesIO(json.dumps(self._answer).encode())
        return {"Payload": payload, **({"FunctionError": "Unhandled"} if self._failed else {})}


def test_the_function_is_asked_to_start() -> None:
    function = Function({"changes": []})
    assert running.ask_function("m-shutdown", "start", function) == {"changes": []}
    assert function.asked == [("m-shutdown", {"action": "start"})]


def test_a_function_that_failed_is_told() -> None:
    with pytest.raises(FailedPrecondition, match="AccessDenied"):
        running.ask_function("f", "start", Function({"errorMessage": "AccessDenied"}, failed=True))
