"""The league of a mesh: what it starts and stops, writes down, and goes on with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mazemesh.cli.league_record import MOST_EVENTS, member_rows, read_league, write_league
from mazemesh.errors import Unavailable
from mazemesh.v1.elo_pb2 import GetEmpiricalGameResponse
from supervisor.league.league import League, population
from supervisor.running.layout import MeshPlan, lay_out

EXPLOITER, OTHER = "race-exploiter", "race-league-exploiter"


@dataclass
class FakeProcesses:
    """Which members run."""

    running: set[str] = field(default_factory=set)

    def begin_member(self, name: str) -> None:
        self.running.add(name)

    async def end_member(self, name: str) -> None:
        self.running.discard(name)


class FakeMesh:
    """Snapshots, and the empirical game between them."""

    def __init__(self) -> None:
        self.versions = {"race": [3, 1, 2]}
        self.game = GetEmpiricalGameResponse()
        self.down = False
        self.asked: list[str] = []
        self.model = SimpleNamespace(list=self._list, describe=self._describe)
        self.elo = SimpleNamespace(empirical_game=self._empirical)
        spec = SimpleNamespace(spec=SimpleNamespace(ladder="race-6x6"))
        self.game_service = SimpleNamespace(ask_spec=lambda request, wait: spec)

    def _list(self, name: str, *, snapshots_only: bool) -> list[Any]:
        if self.down:
            raise Unavailable("down")
        return [SimpleNamespace(name=name, version=one) for one in self.versions.get(name, [])]

    def _describe(self, name: str) -> Any:
        from mazemesh.v1.model_pb2 import Collection

        return SimpleNamespace(collection=Collection(game="race"))

    def _empirical(self, ladder: str, players: list[str]) -> GetEmpiricalGameResponse:
        assert ladder == "race-6x6"
        self.asked = list(players)
        return self.game


def plan(folder: Path) -> MeshPlan:
    return MeshPlan(folder, "127.0.0.1", 40000, "race", "race", "ppo", exploiters=1, league=True)


def told(*rows: tuple[str, list[float], float]) -> GetEmpiricalGameResponse:
    """Players with their scores against each, and shares."""
    return GetEmpiricalGameResponse(
        players=[name for name, _, _ in rows],
        scores=[score for _, scores, _ in rows for score in scores],
        deviations=[0.02] * len(rows) ** 2,
        nash_shares=[share for _, _, share in rows],
    )


def league(folder: Path, mesh: FakeMesh, processes: FakeProcesses, lines: list[str]) -> League:
    served: Any = SimpleNamespace(model=mesh.model, elo=mesh.elo, game=mesh.game_service)
    return League(plan(folder), processes, served, lines.append, clock=lambda: 1_700_000_000.0)


BEST = told(("race:1", [0.5, 0.2], 0.0), ("race:3", [0.8, 0.5], 1.0))


async def test_a_decision_is_carried_out_told_and_written_down(tmp_path: Path) -> None:
    mesh, processes, lines = FakeMesh(), FakeProcesses(), list[str]()
    one = league(tmp_path, mesh, processes, lines)
    await one.look()  # nothing is rated yet
    assert processes.running == set()
    mesh.game = BEST
    await one.look()
    assert mesh.asked == ["race:1", "race:2", "race:3"]
    assert processes.running == {EXPLOITER}
    assert lines[-1].startswith("league: race-exploiter is started: nobody is known to beat race:3")
    record = read_league(tmp_path)
    assert record is not None
    (event,) = record["events"]
    assert (event["member"], event["running"], event["version"]) == (EXPLOITER, True, 3)
    assert event["time"] == "2023-11-14T22:13:20+00:00"
    assert [row[:4] for row in member_rows(record)] == [
        ("race", "main", "yes", 1),
        (EXPLOITER, "main exploiter", "yes", 1),
        (OTHER, "league exploiter", "", 0),
    ]
    mesh.versions[EXPLOITER] = [4]
    mesh.game = told(("race:3", [0.5, 0.3], 0.0), (f"{EXPLOITER}:4", [0.7, 0.5], 1.0))
    await one.look()
    assert f"{EXPLOITER}:4" in mesh.asked
    assert processes.running == set()


async def test_a_restart_goes_on_and_a_mesh_that_is_away_changes_nothing(tmp_path: Path) -> None:
    mesh = FakeMesh()
    mesh.game = BEST
    await league(tmp_path, mesh, FakeProcesses(), []).look()
    processes, lines = FakeProcesses(), list[str]()
    again = league(tmp_path, mesh, processes, lines)
    mesh.down = True
    await again.look()
    assert processes.running == set()
    assert [one.running for one in again.members] == [True, False]
    (running, _) = again.members
    assert (running.since, running.starts) == (3, 1)


def test_a_game_without_the_main_policy_says_nothing() -> None:
    assert population("race", told(("other:1", [0.5], 1.0))) is None


def test_the_record_is_bounded_and_survives_nonsense(tmp_path: Path) -> None:
    events = [{"number": number} for number in range(MOST_EVENTS + 5)]
    write_league(tmp_path, {"main": "race", "members": [], "events": events})
    record = read_league(tmp_path)
    assert record is not None
    assert [record["events"][0], len(record["events"])] == [{"number": 5}, MOST_EVENTS]
    for text in ("", "{", json.dumps({"main": "race"})):
        (tmp_path / "league.json").write_text(text)
        assert read_league(tmp_path) is None


def test_members_stand_by_and_the_main_policy_meets_them(tmp_path: Path) -> None:
    layout = lay_out(plan(tmp_path))
    members = {one.name: one.member for one in layout.workers if one.member}
    assert members == {
        f"{kind}-{name}": name for name in (EXPLOITER, OTHER) for kind in ("learner", "actor")
    }
    commands = {one.name: " ".join(one.command) for one in layout.workers}
    assert f"--pool {EXPLOITER},{OTHER}" in commands["learner"]
    assert "--exploits race" in commands[f"learner-{EXPLOITER}"]
    assert f"--pool race,{EXPLOITER} --exploits-pool" in commands[f"learner-{OTHER}"]
    assert layout.environment["MAZEMESH_MATCHMAKER_LATEST_SHARE"] == "0.35"
    without = lay_out(MeshPlan(tmp_path, "127.0.0.1", 40000, "race", "race", "ppo"))
    assert not any(one.member for one in without.workers)
    assert "MAZEMESH_MATCHMAKER_LATEST_SHARE" not in without.environment


@pytest.mark.parametrize("flag", ["--evaluators=0"])
def test_a_league_needs_rated_matches(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    from mazemesh.cli.app import app

    with pytest.raises(SystemExit):
        app(["up", "--league", flag])
    assert "rated matches say who is missing" in capsys.readouterr().err
