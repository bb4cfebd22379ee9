"""Keys, roles, logins and limits of the gateway, in front of services that ask for keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from mazemesh.client.credentials import Credentials
from mazemesh.client.mesh import Mesh
from mazemesh.errors import NotFound, PermissionDenied
from services._harness.access.audit import reading
from services._harness.access.callers.roles import Kind, Role
from services.gateway.access.endpoints import ENDPOINTS
from tests.servers.gateway.keys import keys_in
from tests.servers.gateway.test_live import tab
from tests.servers.gateway.test_rest import ok, problem
from tests.servers.gateway.world import (
    SECONDS,
    Services,
    client,
    gateway,
    publish,
    rate,
    services,
)


@dataclass
class Guarded:
    """Services that ask for keys, and a gateway in front of them."""

    services: Services
    url: str
    keys: dict[str, str]

    def of(self, role: str, **given: object) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.keys[role]}"}
        return client(self.url, headers=headers, **given)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    keys = keys_in(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAZEMESH_KEY", keys["operator"])
        with services(folder, keys="on") as running:
            publish(running.mesh)
            shown = Credentials.found(key=keys["game-service"])
            with Mesh(running.addresses, shown) as game:
                rate(game)
            with gateway(running) as url:
                yield Guarded(running, url, keys)


def test_without_a_key_nothing_is_told(guarded: Guarded) -> None:
    with client(guarded.url) as http:
        assert http.get("/healthz").status_code == 200
        answer = http.get("/ladders")
        assert "mm_" in problem(answer, 401)["detail"]
        assert answer.headers["www-authenticate"].startswith("Bearer")
        wrong = "mm_0123456789ab_" + "A" * 43
        told = problem(http.get("/ladders", headers={"authorization": f"Bearer {wrong}"}), 401)
        assert "not known" in told["detail"]


@pytest.mark.parametrize("role", ["viewer", "player", "worker", "trainer", "operator", "admin"])
def test_a_role_may_what_the_table_says(guarded: Guarded, role: str) -> None:
    """The gateway says no where the table does; where it says yes, services do not object."""
    with guarded.of(role) as http:
        for name, path in (
            ("GET /ladders", "/ladders"),
            ("GET /matches", "/matches"),
            ("GET /policies/{name}", "/policies/race"),
            ("GET /policies/{name}/versions/{version}/file", "/policies/race/versions/1/file"),
            ("GET /games/running", "/games/running"),
            ("GET /gates", "/gates"),
            ("GET /tournaments", "/tournaments"),
            ("GET /recordings", "/recordings"),
        ):
            admitted = ENDPOINTS[name].admits(Role(role))
            assert http.get(path).status_code == (200 if admitted else 403), (role, name)
        may = ok(http.get("/session"))["may"]
        wanted = {
            name
            for name, one in ENDPOINTS.items()
            if one.kind is not Kind.READ and one.admits(Role(role))
        }
        assert set(may) == wanted


def test_a_trainer_promotes_its_own_policy_alone(guarded: Guarded) -> None:
    with guarded.of("viewer") as http:
        told = problem(http.post("/policies/race/promote", json={"version": 1}), 403)
        assert "viewer" in told["detail"]
    with guarded.of("trainer") as http:
        ok(http.post("/policies/race/promote", json={"version": 1, "reason": "mine"}))
        problem(http.post("/policies/other/promote", json={"version": 1}), 403)


def test_a_player_looks_for_matches_under_its_own_name(guarded: Guarded) -> None:
    asked = {"player": "player/anna", "game": "race", "bot_after": 0.1}
    with guarded.of("player") as http:
        assert "player/zoe" in problem(http.post("/matches/find", json=asked), 403)["detail"]


def test_a_browser_logs_in_and_out(guarded: Guarded) -> None:
    with client(guarded.url) as http:
        shown = {"key": guarded.keys["trainer"]}
        answer = http.post("/session", json=shown)
        assert ok(answer, 201)["role"] == "trainer"
        cookies = answer.headers.get_list("set-cookie")
        (hidden,) = (one for one in cookies if one.startswith("mazemesh_session="))
        assert "HttpOnly" in hidden
        assert "SameSite=lax" in hidden
        assert guarded.keys["trainer"] not in hidden
        assert ok(http.get("/session"))["by_cookie"] is True
        ok(http.get("/policies/race"))
        # A page of another site cannot read the cookie, so it cannot send the header.
        asked = {"version": 1, "reason": "from the console"}
        assert (
            "x-csrf-token"
            in problem(http.post("/policies/race/promote", json=asked), 403)["detail"]
        )
        csrf = {"x-csrf-token": http.cookies["mazemesh_csrf"]}
        ok(http.post("/policies/race/promote", json=asked, headers=csrf))
        elsewhere = {**csrf, "origin": "https://elsewhere.example"}
        problem(http.post("/policies/race/promote", json=asked, headers=elsewhere), 403)
        assert http.delete("/session", headers=csrf).status_code == 204
        assert ok(http.get("/session"))["role"] == ""
        problem(http.get("/ladders"), 401)


def test_a_wrong_key_logs_nobody_in(guarded: Guarded) -> None:
    with client(guarded.url) as http:
        problem(http.post("/session", json={"key": "mm_0123456789ab_" + "A" * 43}), 401)
        assert problem(http.post("/session", json={"key": "secret"}), 422)["field"] == "key"
        assert not http.cookies
        http.cookies.set("mazemesh_session", "made-up")
        problem(http.get("/ladders"), 401)


def test_a_login_outlives_the_gateway(guarded: Guarded) -> None:
    with gateway(guarded.services) as first, client(first) as http:
        ok(http.post("/session", json={"key": guarded.keys["viewer"]}), 201)
        cookies = dict(http.cookies)
    with gateway(guarded.services) as second, client(second, cookies=cookies) as http:
        assert ok(http.get("/session"))["role"] == "viewer"


async def test_sockets_ask_for_a_role(guarded: Guarded) -> None:
    headers = {"authorization": f"Bearer {guarded.keys['viewer']}"}
    async with tab(guarded.url, additional_headers=headers) as one:
        await one.follow("leaderboards/race")
        assert (await one.until("leaderboard"))["data"]["players"]
    with pytest.raises(Exception, match="403"):
        async with tab(guarded.url) as nobody:
            await nobody.until("anything")


def test_commands_are_in_the_audit_log(guarded: Guarded) -> None:
    with guarded.of("operator") as http:
        ok(http.post("/policies/race/promote", json={"version": 1, "alias": "audited"}))
    lines = reading.lines(guarded.services.folder / "audit")
    mine = [
        line
        for line in lines
        if line["service"] == "gateway" and line.get("method") == "POST /policies/{name}/promote"
    ]
    assert [line["outcome"] for line in mine][-2:] == ["ASKED", "200"]
    assert mine[-1]["names"] == {"name": "race"}
    assert mine[-1]["role"] == "operator"
    assert json.dumps(lines).count(guarded.keys["operator"]) == 0
    assert not reading.verify(guarded.services.folder / "audit")


def test_a_key_has_its_limit(guarded: Guarded) -> None:
    with gateway(guarded.services, requests_per_second=5) as url:
        headers = {"authorization": f"Bearer {guarded.keys['viewer']}"}
        with client(url, headers=headers) as http:
            answers = [http.get("/session") for _ in range(40)]
            first = answers[0]
            assert first.headers["ratelimit-policy"] == '"key";q=5;w=1'
            assert first.headers["ratelimit"].startswith('"key";r=')
            late = next(answer for answer in answers if answer.status_code == 429)
            assert int(late.headers["retry-after"]) >= 1
            assert "ask less often" in problem(late, 429)["detail"]
        other = {"authorization": f"Bearer {guarded.keys['trainer']}"}
        with client(url, headers=other) as http:
            ok(http.get("/session"))


def test_a_runaway_client_commands_no_thousand_times(guarded: Guarded) -> None:
    with gateway(guarded.services, commands_per_minute=3) as url:
        headers = {"authorization": f"Bearer {guarded.keys['operator']}"}
        with client(url, headers=headers) as http:
            asked = {"version": 1, "alias": "often"}
            codes = [http.post("/policies/race/promote", json=asked).status_code for _ in range(10)]
            assert codes.count(200) <= 6  # a minute may turn in between
            assert 429 in codes
            ok(http.get("/ladders"))


async def test_a_closed_socket_says_why(guarded: Guarded) -> None:
    headers = {"authorization": f"Bearer {guarded.keys['viewer']}"}
    with gateway(guarded.services, max_sockets=1) as url:
        async with tab(url, additional_headers=headers) as one:
            await one.follow("games")
            await one.until("games")
            async with tab(url, additional_headers=headers) as two:
                with pytest.raises(ConnectionClosed) as closed:
                    await two.until("anything")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "the most" in closed.value.rcvd.reason) == (1013, True)


async def test_a_socket_ends_with_its_key(guarded: Guarded) -> None:
    admin = {"authorization": f"Bearer {guarded.keys['admin']}"}
    async with httpx.AsyncClient(base_url=guarded.url, timeout=SECONDS, headers=admin) as http:
        made = ok(await http.post("/keys", json={"role": "viewer", "label": "lost"}), 201)
        headers = {"authorization": f"Bearer {made['key']}"}
        async with tab(guarded.url, additional_headers=headers) as one:
            await one.follow("games")
            await one.until("games")
            ok(await http.delete(f"/keys/{made['id']}"))
            with pytest.raises(ConnectionClosed) as closed:
                await one.until("anything")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "was revoked" in closed.value.rcvd.reason) == (1008, True)


def test_keys_are_made_and_voided(guarded: Guarded) -> None:
    with guarded.of("operator") as http:
        problem(http.get("/keys"), 403)
    with guarded.of("admin") as http:
        before = len(ok(http.get("/keys"))["keys"])
        asked = {"role": "viewer", "label": "wall", "expires_in": 3600}
        made = ok(http.post("/keys", json=asked), 201)
        assert made["state"] == "good"
        with client(guarded.url, headers={"authorization": f"Bearer {made['key']}"}) as wall:
            assert ok(wall.get("/session"))["name"] == "wall"
        listed = ok(http.get("/keys"))["keys"]
        assert len(listed) == before + 1
        assert "key" not in listed[0]
        voided = ok(http.delete(f"/keys/{made['id']}"))
        assert voided["state"] == "was revoked"
        problem(http.delete("/keys/000000000000"), 404)
        told = problem(http.post("/keys", json={"role": "player"}), 400)
        assert told["field"] == "player"


def test_the_audit_log_is_read_by_operators(guarded: Guarded) -> None:
    with guarded.of("viewer") as http:
        problem(http.get("/audit"), 403)
    with guarded.of("operator") as http:
        ok(http.post("/policies/race/promote", json={"version": 1, "alias": "seen"}))
        page = ok(http.get("/audit", params={"last": 1}))
        assert len(page["lines"]) == 1
        before = ok(http.get("/audit", params={"last": 1, "before": page["before"]}))
        assert before["lines"][0]["time"] < page["before"]
        assert ok(http.get("/audit/verification"))["ok"] is True


def test_what_runs(guarded: Guarded) -> None:
    with guarded.of("viewer") as http:
        told = ok(http.get("/system"))
        assert {one["service"]: one["state"] for one in told["services"]} == dict.fromkeys(
            ("game", "matchmaker", "model", "elo", "replay"), "serving"
        )
        assert told["tables"] == []
        problem(http.get("/system/workers"), 403)


def test_keys_and_the_audit_log_from_python(guarded: Guarded) -> None:
    def connected(role: str) -> Mesh:
        shown = Credentials.found(key=guarded.keys[role])
        return Mesh(guarded.services.addresses, shown, gateway=guarded.url)

    with connected("admin") as admin:
        made = admin.keys.create("viewer", label="wall display", expires_in=3600)
        assert made.secret.startswith(f"mm_{made.id}_")
        assert made.secret not in repr(made)
        listed = {key.id: key for key in admin.keys.list()}[made.id]
        assert (listed.label, listed.state, listed.secret) == ("wall display", "good", "")
        voided = admin.keys.revoke(made.id)
        assert voided.revoked is not None
        assert voided.state != "good"
        with pytest.raises(NotFound):
            admin.keys.revoke("0123456789ab")
    with connected("operator") as operator:
        assert operator.audit.verify() == []
        assert operator.audit.lines(last=5)
    with connected("viewer") as viewer, pytest.raises(PermissionDenied):
        viewer.keys.list()
