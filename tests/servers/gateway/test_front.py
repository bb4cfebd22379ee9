"""What every request meets: sizes, origins, ETags, and commands that are sent twice."""

from __future__ import annotations

import socket

import httpx
import pytest

from services._harness.web.server import WebServer
from services.gateway.access import limiting
from services.gateway.bind import bind
from services.gateway.settings import GatewaySettings
from tests.servers.gateway.test_rest import ok, problem
from tests.servers.gateway.world import SECONDS, Services, client, gateway
from tests.servers.running import RunningService

MIB = 1024 * 1024


def test_a_body_is_bounded(http: httpx.Client) -> None:
    told = problem(http.post("/gates", content=b"x" * (MIB + 1)), 413)
    assert told["field"] == "body"
    # One that does not say how long it is, too.
    problem(http.post("/gates", content=iter([b"x" * MIB, b"x" * MIB])), 413)
    problem(http.post("/v2/models/race/infer", content=iter([b"x" * MIB] * 17)), 413)


@pytest.mark.parametrize("path", ["/gates", "/v2/models/race/infer"])
def test_a_body_that_does_not_come_is_not_waited_for(
    url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "_BODY_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), SECONDS) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        assert line.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_what_nobody_foresaw_is_a_problem(world: Services) -> None:
    async def bind_broken(settings: GatewaySettings, server: WebServer) -> None:
        await bind(settings, server)
        server.app.state.gateway.journals = None

    settings = GatewaySettings(port=0, data_dir=world.folder, jobs_at_once=0)
    service = RunningService(settings, bind_broken, WebServer)
    try:
        with client(f"http://{service.address}") as http:
            answer = http.get("/training/runs")
            told = problem(answer, 500)
            assert told["title"] == "the gateway failed"
            assert "Traceback" not in answer.text
            assert "NoneType" not in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
    finally:
        service.close()


def test_who_has_it_already_is_told_so(http: httpx.Client) -> None:
    first = http.get("/games")
    again = http.get("/games", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = http.get("/games", headers={"if-none-match": '"other"'})
    assert other.status_code == 200


def test_a_command_with_a_key_happens_once(http: httpx.Client) -> None:
    asked = {"game": "race", "participants": ["bot/random"] * 2}
    asked = {"game": "race", "participants": ["bot/random", "bot/wall-follower"]}
    headers = {"idempotency-key": "match-once"}
    first = http.post("/matches", json=asked, headers=headers)
    again = http.post("/matches", json=asked, headers=headers)
    assert ok(first, 201) == ok(again, 201)
    assert len(ok(http.get("/recordings", params={"match_id": "gateway/match-once"}))["replays"])
    other = {**asked, "rotations": 2}
    assert (
        problem(http.post("/matches", json=other, headers=headers), 409)["title"]
        == "something else is there already"
    )
    problem(http.post("/matches", json=asked, headers={"idempotency-key": "two words"}), 400)


def test_what_failed_may_be_asked_again(http: httpx.Client) -> None:
    headers = {"idempotency-key": "match-failed"}
    wrong = {"game": "no-such-game", "participants": ["bot/random", "bot/random"]}
    problem(http.post("/matches", json=wrong, headers=headers), 400)
    right = {"game": "race", "participants": ["bot/random", "bot/wall-follower"]}
    ok(http.post("/matches", json=right, headers=headers), 201)


def test_other_sites_command_nothing(http: httpx.Client, url: str) -> None:
    asked = {"game": "race", "participants": ["bot/random", "bot/wall-follower"]}
    told = problem(
        http.post("/matches", json=asked, headers={"origin": "https://elsewhere.example"}), 403
    )
    assert "another site" in told["detail"]
    problem(http.post("/matches", json=asked, headers={"origin": "null"}), 403)
    ok(http.post("/matches", json=asked, headers={"origin": url}), 201)
    # A name of another site that stands for this machine.
    problem(http.get("/ladders", headers={"host": "rebound.example:80"}), 403)
    # Probes ask under names of their own, and are told nothing else.
    ok(http.get("/healthz", headers={"host": "gateway.mesh.svc:80"}))


def test_a_site_that_was_named_may(world: Services) -> None:
    with gateway(world, origins=("https://mesh.example",)) as url, client(url) as http:
        asked = {"game": "race", "participants": ["bot/random", "bot/wall-follower"]}
        headers = {"origin": "https://mesh.example", "host": "mesh.example"}
        ok(http.post("/matches", json=asked, headers=headers), 201)


@pytest.mark.parametrize("path", ["/", "/healthz", "/ladders", "/nowhere"])
def test_headers_are_strict(http: httpx.Client, path: str) -> None:
    policy = http.get(path).headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy


def test_metrics_tell_of_requests(world: Services) -> None:
    with gateway(world, metrics_port=0) as url, client(url) as http:
        ok(http.get("/ladders"))
        assert http.get("/nowhere").status_code == 404
