"""What the gateway does over HTTP can be done from Python, too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import pytest

from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from services.gateway.access.endpoints import ENDPOINTS
from services.gateway.console import sitemap

IN_PYTHON = {
    "GET /ladders": "elo.ladders",
    "GET /leaderboards/{ladder:path}": "elo.leaderboard",
    "GET /ratings": "elo.rating",
    "GET /ratings/history": "elo.history",
    "GET /ratings/curves": "elo.rating_curves",
    "GET /head-to-head": "elo.head_to_head_matrix",
    "GET /payoffs": "elo.empirical_game",
    "GET /matches": "elo.result_log",
    "GET /matches/{match_id:path}": "elo.results",
    "POST /matches": "game.create",
    "POST /matches/find": "matchmaker.find",
    "GET /policies": "policies.list",
    "GET /policies/{name}": "policies.list",
    "GET /policies/{name}/versions/{version}": "policies.get",
    "GET /policies/{name}/versions/{version}/file": "policies.load",
    "GET /policies/{name}/versions/{version}/details": "policies.details",
    "GET /policies/{name}/versions/{version}/drift": "model.drift",
    "GET /policies/{name}/aliases/{alias}": "model.alias",
    "GET /policies/{name}/history": "policies.history",
    "PUT /policies/{name}/aliases/{alias}": "model.set_alias",
    "POST /policies/{name}/promote": "policies.promote",
    "POST /policies/{name}/rollback": "policies.roll_back",
    "GET /policies/{name}/experiments": "experiments.list",
    "GET /policies/{name}/experiments/{experiment_id}": "experiments.get",
    "GET /gates": "gates.list",
    "GET /gates/{gate_id}": "gates.get",
    "GET /gates/{gate_id}/path": "elo.gate_path",
    "POST /gates": "gates.start",
    "POST /gates/{gate_id}/cancel": "gates.cancel",
    "GET /tournaments": "tournaments.list",
    "GET /tournaments/{tournament_id}": "tournaments.get",
    "POST /tournaments": "tournaments.create",
    "POST /tournaments/{tournament_id}/cancel": "tournaments.cancel",
    "GET /games": "game.list_games",
    "GET /games/running": "game.list_active",
    "GET /games/{game:path}/spec": "game.spec",
    "GET /recordings": "game.list_replays",
    "GET /recordings/{game_id:path}": "game.replay",
    "GET /recordings/{game_id:path}/frames": "game.watch_replay",
    "GET /experiments": "runs.list",
    "GET /experiments/{experiment_id}": "runs.get",
    "GET /training/runs": "runs.metrics",
    "GET /training/runs/settings": "runs.settings",
    "GET /training/curves": "runs.curves",
    "GET /training/form": "training.form",
    "GET /training/cost": "training.cost",
    "GET /studies": "studies.list",
    "GET /studies/{kind}/{name}": "studies.get",
    "GET /system": "system.state",
    "GET /system/workers": "matchmaker.workers",
    "GET /system/logs": "system.logs",
    "GET /system/logs/{name}": "system.log",
    "GET /keys": "keys.list",
    "POST /keys": "keys.create",
    "DELETE /keys/{key_id}": "keys.revoke",
    "GET /audit": "audit.lines",
    "GET /audit/verification": "audit.verify",
    "POST /training/start": "training.start",
    "GET /training/status/{experiment_id}": "training.status",
    "POST /training/stop/{experiment_id}": "training.stop",
    "GET /training/options": "training.options",
    "GET /training/presets": "training.presets",
    "GET /jobs": "training.jobs",
    "POST /jobs": "training.tune",
    "GET /jobs/{experiment_id}": "training.status",
    "POST /jobs/{experiment_id}/cancel": "training.stop",
    "GET /jobs/{experiment_id}/logs": "training.log",
    "WS /ws/training/{experiment_id}": "training.follow",
    "TOPIC games": "game.watch",
    "TOPIC leaderboards": "elo.watch_leaderboard",
    "TOPIC gates": "gates.watch",
    "TOPIC tournaments": "tournaments.watch",
    "TOPIC policies": "model.watch",
    "TOPIC tables": "replay.list_tables",
    "TOPIC training": "training.follow",
}
FOR_BROWSERS = {
    *("GET /", "GET /healthz", "GET /openapi.json", "WS /ws/live", "WS /ws/play"),
    *("GET /session", "POST /session", "DELETE /session"),
    *("GET /session/oidc", "GET /session/oidc/callback"),
    # What policies think is asked of `model.infer`, brackets are drawn by mazemesh.tournaments.
    *("GET /recordings/{game_id:path}/thoughts", "WS /ws/minds/{game_id:path}"),
    "GET /tournaments/{tournament_id}/bracket.svg",
}
"""Pages' own, and what Python has in another form."""


@pytest.fixture(scope="module")
def mesh() -> Iterator[Mesh]:
    with Mesh(Addresses.local(port_base=1)) as made:  # nobody is there, and nobody is asked
        yield made


def test_every_endpoint_is_known_here() -> None:
    pages = {f"GET {path}" for path in sitemap.paths()}
    kserve = {one for one in ENDPOINTS if " /v2" in one}  # of KServe's clients, or `model.infer`
    asked = {one for one in ENDPOINTS if one not in pages | kserve | FOR_BROWSERS}
    assert asked - set(IN_PYTHON) == set()
    assert set(IN_PYTHON) - set(ENDPOINTS) == set()


@pytest.mark.parametrize("call", sorted(set(IN_PYTHON.values())))
def test_there_is_a_call_with_words_of_its_own(mesh: Mesh, call: str) -> None:
    found = reduce(getattr, call.split("."), mesh)
    assert callable(found)
    assert found.__doc__


@pytest.mark.parametrize("call", sorted(set(IN_PYTHON.values()) - {"replay.list_tables"}))
def test_it_is_there_for_asyncio_too(mesh: Mesh, call: str) -> None:
    client, name = call.split(".")
    assert callable(getattr(getattr(mesh, client).aio, name))
