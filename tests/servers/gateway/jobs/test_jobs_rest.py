"""Jobs over HTTP, where none is started: what is asked, told, refused and bounded."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from services.gateway.jobs.bind import Jobs, bind_jobs
from services.gateway.rest.runs import training_socket
from tests.servers.gateway.world import Services, client, gateway

SECONDS = 60.0


def start(http: httpx.Client, **asked: Any) -> dict[str, Any]:
    answer = http.post("/training/start", json=asked)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/training/status/{told['experiment_id']}"
    return told


def test_in_the_users_words(http: httpx.Client) -> None:
    asked = {
        "algorithm": "PPO",
        "total_episodes": 2000,
        "timesteps_per_episode": 200,
        "maze_size": 5,
        "game": "race",
    }
    told = start(http, **asked)
    assert told["status"] == "queued"
    status = http.get(f"/training/status/{told['experiment_id']}").json()
    assert status["status"] == "queued"
    assert status["reason"] == "waits for its turn"
    assert status["algorithm"] == "ppo"
    assert status["total_episodes"] == 2000
    assert status["request"]["settings"] == {"width": 5, "height": 5, "step_limit": 200}
    assert status["policy"] == told["policy"]
    assert status["create_time"].endswith("Z")
    stopped = http.post(f"/training/stop/{told['experiment_id']}").json()
    assert (stopped["status"], stopped["reason"]) == ("cancelled", "stopped")
    assert stopped["end_time"]


def test_what_is_wrong_is_named_as_it_was_said(http: httpx.Client) -> None:
    for asked, field, words in (
        ({"maze_size": 1}, "maze_size", "width: 1 is outside 2..64"),
        ({"algorithm": "alchemy"}, "algorithm", "it should be one of a2c"),
        ({"game": "chess"}, "game", "chess"),
        ({"hyperparameters": {"learning_rate": 9}}, "hyperparameters", "learning_rate = 9"),
        ({"hyperparameters": {"a,b": 1}}, "hyperparameters", "no name"),
        ({"settings": {"network": "os:system"}}, "settings.network", "a job cannot set it"),
        ({"settings": {"width": 5}, "maze_size": 5}, "settings.width", "maze_size says it too"),
        ({"total_episode": 5}, "total_episode", "extra inputs are not permitted"),
        ({"actors": 99}, "actors", "less than or equal to 16"),
        ({"policy": "No Name"}, "policy", "must be 1..64 characters"),
        ({"priority": 10}, "priority", "less than or equal to 9"),
    ):
        answer = http.post("/training/start", json=asked)
        assert answer.status_code in (400, 422), (asked, answer.text)
        problem = answer.json()
        assert problem["field"] == field, (asked, problem)
        assert words in problem["detail"], (asked, problem)
    answer = http.post("/training/start", json={"budget": {"dollars": 5}})
    assert answer.status_code == 409
    assert "--jobs-dollars-an-hour" in answer.json()["detail"]
    assert http.get("/jobs", params={"status": "queued"}).json()["jobs"] == []


def test_a_runaway_client_is_told_when_to_come_back(http: httpx.Client) -> None:
    answers = [http.post("/training/start", json={"maze_size": 4}) for _ in range(8)]
    assert [one.status_code for one in answers] == [202] * 3 + [429] * 5
    refused = answers[-1]
    assert int(refused.headers["retry-after"]) > 0
    problem = refused.json()
    assert problem["reason"] == "QUEUE_FULL"
    assert "3 jobs of this key wait" in problem["detail"]
    assert len(http.get("/jobs", params={"status": "queued"}).json()["jobs"]) == 3


def test_the_same_request_is_the_same_job(http: httpx.Client) -> None:
    key = {"Idempotency-Key": "again"}
    first, second = (
        http.post("/training/start", json={}, headers=key).json()["experiment_id"] for _ in range(2)
    )
    assert first == second
    assert http.post("/training/start", json={}).json()["experiment_id"] != first


def test_a_policy_is_trained_by_one_job(http: httpx.Client) -> None:
    start(http, policy="mine")
    answer = http.post("/training/start", json={"policy": "mine"})
    assert answer.status_code == 409
    assert "mine" in answer.json()["detail"]


def test_a_search_is_a_job(http: httpx.Client) -> None:
    asked = {"kind": "tune", "space": {"learning_rate": "log:1e-4..1e-3"}, "trials": 3}
    answer = http.post("/jobs", json=asked)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["kind"], told["game"]) == ("tune", "solo")
    assert told["request"]["space"] == asked["space"]
    for wrong, field, words in (
        ({"space": {"network": "a,b"}}, "space", "not among what a job may search"),
        ({"space": {"learning_rate": "much"}}, "space", "'much' is wrong"),
        ({"objectives": ["beauty"]}, "objectives", "beauty"),
        ({"budget": {"steps": 5}}, "budget", "bounded by its trials"),
    ):
        refused = http.post("/jobs", json={**asked, **wrong})
        assert refused.status_code == 400, refused.text
        assert words in refused.json()["detail"], refused.text
        assert refused.json()["field"].startswith(field[:5]), refused.text


def test_pages_of_jobs(http: httpx.Client) -> None:
    made = [start(http, title=f"t{number}")["experiment_id"] for number in range(3)]
    first = http.get("/jobs", params={"page_size": 2}).json()
    assert [one["title"] for one in first["jobs"]] == ["t2", "t1"]
    token = first["next_page_token"]
    rest = http.get("/jobs", params={"page_size": 2, "page_token": token}).json()
    assert rest["jobs"][0]["title"] == "t0"
    http.post(f"/jobs/{made[0]}/cancel")
    waiting = http.get("/jobs", params={"status": "queued"}).json()["jobs"]
    assert [one["experiment_id"] for one in waiting] == made[:0:-1]
    assert http.get("/jobs", params={"page_token": "x"}).status_code == 400
    assert http.get("/jobs", params={"status": "asleep"}).status_code == 422
    assert http.get("/jobs", params={"mine": True}).json()["jobs"]


def test_what_is_not_there(http: httpx.Client) -> None:
    for answer in (
        http.get("/training/status/nobody"),
        http.post("/training/stop/nobody"),
        http.get("/jobs/nobody"),
        http.get("/jobs/nobody/logs"),
    ):
        assert answer.status_code == 404
        assert "mazemesh jobs list" in answer.json()["detail"]


def test_what_can_be_asked_for(http: httpx.Client) -> None:
    options = http.get("/training/options").json()
    assert {"ppo", "dqn", "r2d2"} <= set(options["algorithms"])
    names = {one["name"]: one["meaning"] for one in options["settings"]}
    assert "hidden layers" in names["hidden"]
    assert "network" not in names
    assert options["jobs_waiting_per_key"] == 3
    preset = http.get("/training/presets", params={"game": "solo", "algorithm": "dqn"}).json()
    rate = {one["name"]: one for one in preset["hyperparameters"]}["learning_rate"]
    assert rate["value"] > 0
    assert rate["meaning"]
    assert rate["bounds"] == "in 0..1"
    unknown = http.get("/training/presets", params={"game": "chess"})
    assert (unknown.status_code, unknown.json()["field"]) == (400, "game")


def test_waiting_is_as_long_as_is_wanted(http: httpx.Client) -> None:
    answer = http.post("/training/start", json={}, headers={"Prefer": "wait=1"})
    assert answer.json()["status"] == "queued"


def test_a_socket_tells_the_state_and_the_end(http: httpx.Client, url: str) -> None:
    job = start(http)["experiment_id"]
    where = url.replace("http", "ws", 1)
    with connect(f"{where}/ws/training/{job}", open_timeout=SECONDS) as socket:
        first = json.loads(socket.recv(SECONDS))
        assert (first["type"], first["status"]) == ("progress", "queued")
        assert (first["experiment_id"], first["episode"], first["losses"]) == (job, 0, {})
        http.post(f"/training/stop/{job}")
        last = json.loads(socket.recv(SECONDS))
        assert (last["type"], last["status"], last["reason"]) == ("ended", "cancelled", "stopped")
        assert list(socket) == []  # it is closed
        assert socket.close_code == 1000
    with (
        connect(f"{where}/ws/training/nobody", open_timeout=SECONDS) as socket,
        pytest.raises(ConnectionClosedError, match="there is no job"),
    ):
        socket.recv(SECONDS)


def test_a_socket_tells_how_things_stand_while_nothing_changes(
    http: httpx.Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert training_socket.EVERY_SECONDS == 10.0
    monkeypatch.setattr(training_socket, "EVERY_SECONDS", 0.1)
    job = start(http)["experiment_id"]
    where = url.replace("http", "ws", 1)
    with connect(f"{where}/ws/training/{job}", open_timeout=SECONDS) as socket:
        first, second = json.loads(socket.recv(SECONDS)), json.loads(socket.recv(SECONDS))
    assert first == second


def test_who_leaves_follows_no_longer(world: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Jobs] = []

    async def bound(*given: Any) -> Jobs:
        kept.append(await bind_jobs(*given))
        return kept[0]

    monkeypatch.setattr("services.gateway.bind.bind_jobs", bound)
    with gateway(world, drain_seconds=1.0) as url, client(url) as http:
        job = start(http)["experiment_id"]
        with connect(f"{url.replace('http', 'ws', 1)}/ws/training/{job}") as socket:
            socket.recv(SECONDS)
            assert kept[0].board.followers == 1
        until = time.monotonic() + SECONDS
        while kept[0].board.followers and time.monotonic() < until:
            time.sleep(0.01)
        assert kept[0].board.followers == 0
        http.post(f"/training/stop/{job}")


def test_the_console_follows_it_as_a_topic(http: httpx.Client, url: str) -> None:
    job = start(http)["experiment_id"]
    with connect(f"{url.replace('http', 'ws', 1)}/ws/live", open_timeout=SECONDS) as socket:
        socket.send(json.dumps({"type": "subscribe", "topic": f"training/{job}"}))
        [news] = json.loads(socket.recv(SECONDS))
        assert (news["type"], news["id"]) == ("job", job)
        assert news["data"] == http.get(f"/jobs/{job}").json()
