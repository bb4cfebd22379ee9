"""Tournaments to their end: real services, a real evaluator, and a SIGKILL of the Matchmaker."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.cli.following import followed
from mazemesh.client.mesh import Mesh
from mazemesh.process.ports import free_block
from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb
from supervisor.running.layout import SERVICES
from tests.e2e.running_services import evaluating, matchmaker, publish, services

pytestmark = pytest.mark.timeout(300)

QUICK = (
    *("--tournament-seconds", "0.1", "--retry-seconds", "0.1", "--anchor-matches", "0"),
    *("--max-outstanding", "1"),  # other rating matches
)
ENTRANTS = 64


def told(base: int, *command: str) -> Any:
    result = CliRunner().invoke(app, ["tournament", *command, "--json", "--port-base", str(base)])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def views(mesh: Mesh, tournament_id: str) -> Iterator[View]:
    return followed(lambda: mesh.matchmaker.watch_tournament(tournament_id))


def until_half(mesh: Mesh, tournament_id: str, matches: int) -> None:
    for view in views(mesh, tournament_id):
        if view.summary.played >= matches:
            return


def end(mesh: Mesh, tournament_id: str) -> View:
    *_, last = views(mesh, tournament_id)
    return last


def check(mesh: Mesh, view: View, names: list[str]) -> None:
    """Each result stands in Elo's log once, and the bracket is what they say."""
    summary = view.summary
    assert summary.state == pb.TOURNAMENT_STATE_FINISHED, summary.explanation
    assert {one.name for one in view.tournament.entrants} == set(names)
    ids = [
        f"{summary.tournament_id}/{one.key}/{number}"
        for one in view.encounters.values()
        for number in range(one.matches)
    ]
    results = mesh.elo.results(ids)
    assert len(results) == len(ids) == summary.played
    for one in view.encounters.values():
        for number in range(one.matches):
            result = next(
                each
                for each in results
                if each.match_id == f"{summary.tournament_id}/{one.key}/{number}"
            )
            assert list(result.participants) == [view.name(one.first), view.name(one.second)]
            assert result.ladder == summary.ladder
        points = [
            sum(game.scores[0] for game in each.games) / len(each.games)
            for each in results
            if each.match_id.startswith(f"{summary.tournament_id}/{one.key}/")
        ]
        assert sum(points) == one.first_points
    assert not {one.end for one in view.encounters.values()} & {
        pb.ENCOUNTER_END_UNSPECIFIED,
        pb.ENCOUNTER_END_FORFEIT,
        pb.ENCOUNTER_END_VOID,
    }


async def test_tournaments_survive_a_kill(tmp_path: Path) -> None:
    base = free_block(len(SERVICES)).start
    async with AsyncExitStack() as life:
        mesh = life.enter_context(services(tmp_path, base))
        for number in range(ENTRANTS):
            await asyncio.to_thread(publish, mesh, moves=number % 8 != 0)
        first = await matchmaker(life, tmp_path, base, *QUICK)
        names = [f"race:{number}" for number in range(1, ENTRANTS + 1)]
        double = await asyncio.to_thread(
            told, base, "create", *names, "--seeding", "random", "--seed", "7"
        )
        swiss = await asyncio.to_thread(
            *(told, base, "create", *names[:33], "--format", "swiss", "--unrated"),
            *("--request-id", "swiss"),
        )
        ids = [one["tournament_id"] for one in (double, swiss)]
        with evaluating(mesh, 32):
            await asyncio.wait_for(asyncio.to_thread(until_half, mesh, ids[0], 40), 120)
            first.send(signal.SIGKILL)
            assert await first.ended() == -signal.SIGKILL
            await matchmaker(life, tmp_path, base, *QUICK)
            over = [await asyncio.wait_for(asyncio.to_thread(end, mesh, one), 120) for one in ids]
        check(mesh, over[0], names)
        check(mesh, over[1], names[:33])
        assert over[0].tournament.standings[0].place == 1
        byes = Counter(
            one.first for one in over[1].encounters.values() if not one.HasField("second")
        )
        assert set(byes.values()) == {1}
        # Who asks again gets what there is; unrated results are on a ladder of their own.
        again = await asyncio.to_thread(
            *(told, base, "create", *names[:33], "--format", "swiss", "--unrated"),
            *("--request-id", "swiss"),
        )
        assert (again["tournament_id"], again["state"]) == (ids[1], "finished")
        assert again["ladder"].endswith("/exhibition")
        here = mesh.elo.leaderboard(over[0].summary.ladder, page_size=1)
        assert here.matches >= over[0].summary.played
        elsewhere = mesh.elo.leaderboard(over[1].summary.ladder, page_size=1)
        assert elsewhere.matches == over[1].summary.played
        for one in ids:
            file = tmp_path / f"{one}.svg"
            shown = await asyncio.to_thread(told, base, "show", one, "--svg", str(file))
            assert shown["winners"] == list(over[ids.index(one)].summary.winners)
            drawn = "".join(ElementTree.parse(file).getroot().itertext())
            assert all(name["name"] in drawn for name in shown["entrants"])
        listed = await asyncio.to_thread(told, base, "list")
        assert [one["tournament_id"] for one in listed] == ids[::-1]
