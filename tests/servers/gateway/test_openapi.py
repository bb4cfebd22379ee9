"""The description of REST holds: schemathesis asks what it allows, and more.

A bounded run of a few cases of every operation; scripts/test-openapi asks all of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Route, WebSocketRoute

from services.gateway.access.endpoints import ENDPOINTS, endpoint_of
from services.gateway.rest.routers import routers
from tests.servers.gateway.asking import PATIENT, ask
from tests.servers.gateway.test_rest import ok
from tests.servers.gateway.world import Services, client, gateway


@pytest.fixture(scope="module")
def patient(world: Services) -> Iterator[str]:
    """A gateway that takes thousands of requests, and holds no answer back."""
    with gateway(world, **PATIENT) as url:
        yield url


@pytest.fixture(scope="module")
def description(patient: str) -> dict[str, Any]:
    with client(patient) as http:
        told: dict[str, Any] = ok(http.get("/openapi.json"))
        return told


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_schemathesis_finds_no_failure(patient: str, description: dict[str, Any]) -> None:
    pytest.importorskip("schemathesis", reason="asks what the description allows")
    done = ask(patient, phases="examples,fuzzing", examples=1, seconds=580)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    count = sum(len(operations) for operations in description["paths"].values())
    assert re.findall(r"(?m)^  (?:Selected|Tested): (.*)$", done.stdout) == [
        f"{count}/{count}",
        str(count),
    ]


def test_all_of_it_is_described(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["tags"], where
            problem = operation["responses"]["400"]["content"]
            assert "application/problem+json" in problem, where
            for body in operation.get("requestBody", {}).get("content", {}).values():
                schema = body["schema"]
                if "$ref" in schema:
                    name = schema["$ref"].rpartition("/")[2]
                    schema = description["components"]["schemas"][name]
                fields = schema.get("properties", {}).values()
                shown = "oneOf" in schema or any("examples" in field for field in fields)
                assert schema.get("examples") or shown, f"{where} has no example"


def test_every_route_is_in_the_table() -> None:
    """What is in no table of roles nobody may ask; and the table has no rows without a route."""
    names = set()
    for router in routers():
        for route in router.routes:
            if isinstance(route, Route):
                names |= {f"{method} {route.path}" for method in route.methods or ()}
            elif isinstance(route, WebSocketRoute):
                names.add(f"WS {route.path}")
    assert {name for name in names if endpoint_of(*name.split(" ", 1)) is None} == set()
    beside = {"GET /", "GET /openapi.json"}
    others = ("TOPIC", "WS")  # sockets have routers of their own
    stale = {name for name in ENDPOINTS if not name.startswith(others)} - names - beside
    assert {name for name in stale if "/console" not in name} == set()


def test_other_methods_are_named(http: httpx.Client) -> None:
    assert http.patch("/session").headers["allow"] == "DELETE, GET, POST"
    assert http.patch("/matches/find").headers["allow"] == "POST"
