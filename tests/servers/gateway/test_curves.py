"""Curves, studies, the form of a run and logs, over a real socket."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from mazemesh.client.mesh import Mesh
from mazemesh.errors import InvalidArgument, NotFound
from services.gateway.curves.encoding import decode
from tests.servers.gateway.world import Services


@pytest.fixture(scope="module", autouse=True)
def runs(world: Services) -> None:
    """Three runs, one of a trial; a log."""
    now = time.time()
    for number, place in enumerate(("learner/a", "learner/b", "tune/wide/0002")):
        folder: Path = world.folder / place
        folder.mkdir(parents=True)
        description = {
            "run_id": f"run{number}",
            "policy": folder.name,
            "game": "race",
            "algorithm": "ppo" if number else "dqn",
            "config": {"learning_rate": 0.1 * number, "epochs": 3},
        }
        (folder / "run.json").write_text(json.dumps(description))
        lines = [
            {
                "time": now - 2000 + 2 * step,
                "agent_steps": step * 1000,
                "episode_reward": number + step / 1000,
            }
            for step in range(1, 1001)
        ]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    logs = world.folder / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "learner.log").write_text("one\ntwo\nthree")
    (world.folder / "secret.log").write_text("no")


def test_runs_are_listed_and_unchanged_ones_are_not_sent_again(http: httpx.Client) -> None:
    answer = http.get("/training/runs", params={"q": "race"})

    told = answer.json()
    assert {one["id"] for one in told["runs"]} == {"run0", "run1", "run2"}
    assert told["runs"][0]["running"]
    assert told["metrics"] == ["episode_reward"]
    assert (told["read"], told["journals"], told["left_out"]) == (3, 3, 0)
    again = http.get(
        "/training/runs", params={"q": "race"}, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    assert len(http.get("/training/runs", params={"q": "study dqn"}).json()["runs"]) == 0


def test_settings_that_differ_come_apart(http: httpx.Client) -> None:
    told = http.get("/training/runs/settings", params={"runs": "run1,run2"}).json()

    assert set(told["differing"]) == {"config.learning_rate"}
    assert told["same"] == {"config.epochs": 3}


def test_curves_of_all_of_a_range_and_of_groups(http: httpx.Client) -> None:
    ask: dict[str, str | int] = {"metric": "episode_reward", "buckets": 50}
    header, rows = decode(http.get("/training/curves", params=ask).content)
    assert rows.shape == (9, 50)
    assert header["high"] == 1_000_000

    ask |= {"from": 100_000, "to": 200_000, "runs": "run1"}
    header, rows = decode(http.get("/training/curves", params=ask).content)
    assert [one["id"] for one in header["curves"]] == ["run1"]
    np.testing.assert_allclose(rows[0][[0, -1]], [1.1005, 1.199], atol=1e-3)

    ask = {"metric": "episode_reward", "group": "algorithm", "band": "range", "x": "seconds"}
    header, rows = decode(http.get("/training/curves", params=ask).content)
    assert [(one["label"], one["runs"]) for one in header["curves"]] == [("dqn", 1), ("ppo", 2)]


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        ({"metric": "x", "group": "colour"}, "group"),
        ({"metric": "x", "buckets": 0}, "buckets"),
        ({"metric": "x", "from": 5, "to": 4}, "from"),
        ({"metric": "x", "from": "nan"}, "from"),
        ({}, "metric"),
    ],
)
def test_what_makes_no_sense_names_the_field(
    http: httpx.Client, ask: dict[str, str | int], field: str
) -> None:
    answer = http.get("/training/curves", params=ask)

    assert answer.status_code in (400, 422)
    assert answer.json()["field"] == field


def test_the_form_and_its_cost(http: httpx.Client) -> None:
    form = http.get("/training/form", params={"game": "race", "algorithm": "dqn"}).json()
    cost = http.get("/training/cost", params={"algorithm": "dqn", "steps": 500_000}).json()

    assert "ppo" in form["algorithms"]
    assert form["sections"][0]["name"] == "hyperparameters"
    assert all(one["meaning"] for section in form["sections"] for one in section["fields"])
    assert (cost["runs"], cost["like"]) == (1, "game and algorithm")
    assert cost["seconds"] == pytest.approx(999, rel=0.01)
    assert http.get("/training/form", params={"algorithm": "alchemy"}).status_code == 400
    assert http.get("/training/cost", params={"steps": 0}).json()["field"] == "steps"


def test_studies(http: httpx.Client, world: Services) -> None:
    folder = world.folder / "optimize" / "radio"
    folder.mkdir(parents=True)
    (folder / "definition.json").write_text(json.dumps({"problem": "5g"}))

    assert [(one["kind"], one["name"]) for one in http.get("/studies").json()] == [
        ("optimize", "radio")
    ]
    told = http.get("/studies/optimize/radio").json()
    assert (told["points"], told["about"]["state"], told["chosen"]) == ([], "searching", "")
    assert http.get("/studies/tune/nothing").status_code == 404
    assert http.get("/studies/tune/..%2Fradio").status_code == 404


def test_logs_end_where_they_were_told(http: httpx.Client, world: Services) -> None:
    names = {one["name"] for one in http.get("/system/logs").json()}
    assert "learner" in names

    told = http.get("/system/logs/learner").json()
    assert told == {"name": "learner", "lines": ["one", "two"], "at": 8, "cut": False}
    with (world.folder / "logs" / "learner.log").open("a") as log:
        log.write(" more\nfour\n")
    later = http.get("/system/logs/learner", params={"since": told["at"]}).json()
    assert later["lines"] == ["three more", "four"]
    assert http.get("/system/logs/learner", params={"words": "TWO"}).json()["lines"] == ["two"]
    assert http.get("/system/logs/learner", params={"lines": 1}).json()["cut"]
    for name in ("..%2Fsecret", "secret", "nothing"):
        assert http.get(f"/system/logs/{name}").status_code == 404


def test_a_version_tells_its_checks(http: httpx.Client) -> None:
    told = http.get("/policies/race/versions/1/details").json()

    assert (told["name"], told["version"]) == ("race", 1)
    checks = {one["check"]: one for one in told["checks"]}
    assert checks["size"]["outcome"] == "passed"
    assert checks["size"]["figure"] > 0
    assert http.get("/policies/race/versions/999/details").status_code == 404


def test_experiments_are_told_with_their_arms(http: httpx.Client, world: Services) -> None:
    put = http.put("/policies/race/aliases/tried", json={"version": 1}, headers={"if-match": '"0"'})
    assert put.status_code == 200, put.text
    begun = world.mesh.experiments.ab("race:tried", ["race:2"], experiment_id="one-or-two")
    world.mesh.experiments.record("one-or-two", {"a": 1.0, "b": 0.0}, {"a": 1, "b": 2})

    [listed] = http.get("/policies/race/experiments").json()["experiments"]
    assert (listed["experiment_id"], listed["kind"], listed["state"]) == (
        begun.experiment_id,
        "ab",
        "running",
    )
    assert [arm["version"] for arm in listed["arms"]] == [1, 2]
    told = http.get("/policies/race/experiments/one-or-two").json()["experiment"]
    [score] = [one for one in told["comparisons"] if one["metric"] == "score"]
    assert (score["version"], score["effect"]) == (2, -1.0)
    assert score["low"] <= score["effect"] < score["high"]
    assert http.get("/policies/other/experiments/one-or-two").status_code == 404
    assert http.get("/policies/other/experiments").json()["experiments"] == []


def test_a_version_that_nobody_asked_has_no_drift(http: httpx.Client) -> None:
    answer = http.get("/policies/race/versions/1/drift")
    assert answer.status_code == 200, answer.text
    assert not any(one["drifted"] for one in answer.json()["policies"])


@pytest.fixture
def sdk(world: Services, url: str) -> Iterator[Mesh]:
    """As `mazemesh.connect(gateway=url)` gives."""
    with Mesh(world.addresses, gateway=url) as made:
        made.wait(60)
        yield made


def test_curves_and_settings_from_python(sdk: Mesh) -> None:
    known = {run.name: run.run_id for run in sdk.runs.list()}
    assert {"a", "b"} <= set(known)
    [curve] = sdk.runs.curves("episode_reward", [known["b"]], buckets=10)
    x, mean = curve.points()
    assert (len(x), curve.runs, curve.id) == (10, 1, known["b"])
    assert x[0] == pytest.approx(50_000)
    assert mean[0] == pytest.approx(1.05, abs=0.01)
    assert curve.low is not None
    assert curve.low[0] <= mean[0]
    assert curve.low[1] > curve.low[0]
    [together] = sdk.runs.curves("episode_reward", group="game", buckets=4)
    assert (together.label, together.runs) == ("race", 3)
    assert "episode_reward" in sdk.runs.metrics()
    beside = sdk.runs.settings([known["a"], known["b"]])
    assert sorted(beside["differing"]["config.learning_rate"]) == [0.0, 0.1]
    with pytest.raises(InvalidArgument, match="group"):
        sdk.runs.curves("episode_reward", group="colour")


def test_form_cost_and_studies_from_python(sdk: Mesh) -> None:
    assert sdk.training.form("race", "dqn")["sections"][0]["name"] == "hyperparameters"
    cost = sdk.training.cost(500_000, algorithm="dqn")
    assert (cost.runs, cost.like) == (1, "game and algorithm")
    for named in sdk.studies.list():
        study = sdk.studies.get(named.kind, named.name)
        assert (study.name, study.front) == (named.name, ())
    with pytest.raises(NotFound):
        sdk.studies.get("tune", "nothing")


def test_states_and_logs_from_python(sdk: Mesh) -> None:
    assert set(sdk.system.state().services.values()) == {"serving"}
    assert "learner" in [log.name for log in sdk.system.logs()]
    assert sdk.system.log("learner", words="TWO") == ["two"]


async def test_the_same_for_asyncio(sdk: Mesh) -> None:
    """Calls, lists that come whole, and news as they come."""
    assert [run.name for run in await sdk.runs.aio.list()]
    assert (await sdk.training.aio.cost(1_000)).steps == 1_000
    assert (await sdk.system.aio.state()).services["elo"] == "serving"
    assert (await sdk.policies.aio.get("race:1")).version == 1
    assert "race" in [ladder.ladder for ladder in await sdk.elo.aio.ladders()]
    news = sdk.elo.aio.watch_leaderboard("race")
    board = await anext(news)
    assert "race:1" in [player.player for player in board.players]
    with pytest.raises(NotFound):
        await anext(sdk.game.aio.watch("no-such-game"))
