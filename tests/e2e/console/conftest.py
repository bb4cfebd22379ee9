"""One mesh and one browser for all tests of the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from mazemesh.v1 import matchmaker_pb2
from tests.e2e.console.browser import Console, chromium
from tests.e2e.running_mesh import Up, up, versions
from tests.ports import free_ports


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`mazemesh up`, once its first players are rated."""
    base = free_ports(10)
    folder = tmp_path_factory.mktemp("console") / "mesh"
    with up(folder, base, "--games", "16", "--console") as running:
        running.until(lambda: len(running.mesh.elo.leaderboard("race").players) > 2, 240.0)
        running.until(lambda: versions(running) > 1, 240.0)
        running.url = f"http://127.0.0.1:{base + 9}"  # type: ignore[attr-defined]
        yield running


@pytest.fixture(scope="package")
def url(mesh: Up) -> str:
    """Of the gateway."""
    found: str = mesh.url  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser."""
    with chromium() as running:
        yield running


@pytest.fixture
def window(browser: Browser, url: str) -> Iterator[Callable[..., Console]]:
    """Opens windows, each with cookies of its own; they must not complain."""
    opened: list[Console] = []

    def open_one(**context: Any) -> Console:
        opened.append(Console(browser, url, **context))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture(scope="package")
def tournament(mesh: Up) -> str:
    """A tournament of bots that Game plays by itself; its id."""
    request = matchmaker_pb2.CreateTournamentRequest(
        request_id="console",
        title="Cup of the bots",
        game="race",
        format=matchmaker_pb2.TOURNAMENT_FORMAT_SINGLE_ELIMINATION,
        entrants=[
            matchmaker_pb2.TournamentEntrant(members=[f"bot/{name}"])
            for name in ("shortest-path", "wall-follower", "random")
        ],
    )
    return mesh.mesh.matchmaker.create_tournament(request).summary.tournament_id


@pytest.fixture(scope="package")
def gate(mesh: Up) -> str:
    """A gate that runs; its id."""
    request = matchmaker_pb2.StartGateRequest(
        request_id="console", candidate="race:1", baseline="bot/random", reason="to be looked at"
    )
    return mesh.mesh.matchmaker.start_gate(request).gate.gate_id
