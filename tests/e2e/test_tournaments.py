"""Tournaments to their end: real services, a real evaluator, and a SIGKILL of the Matchmaker."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.cli.following import followed
from mazemesh.client.mesh import Mesh
from mazemesh.process.ports import free_block
from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.game_pb2 import Turn
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import MAZEMESH
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
        asked = (*names[:33], "--format", "swiss", "--unrated", "--request-id", "swiss")
        swiss = await asyncio.to_thread(told, base, "create", *asked)
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
        again = await asyncio.to_thread(told, base, "create", *asked)
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


def sit(mesh: Mesh, tournament_id: str, player: str) -> list[pb.TakePartResponse]:
    """A person who walks at random through all games of theirs; all that they were told."""
    told: list[pb.TakePartResponse] = []
    seated: set[str] = set()
    playing: list[threading.Thread] = []
    for one in mesh.matchmaker.take_part(tournament_id, player):
        told.append(one)
        if one.HasField("matched") and one.matched.seats[0].seat_token not in seated:
            seated.add(one.matched.seats[0].seat_token)
            playing.append(threading.Thread(target=walk, args=(mesh, one.matched)))
            playing[-1].start()
    for thread in playing:
        thread.join(60)
        assert not thread.is_alive()
    return told


def joined(base: int, tournament_id: str, name: str) -> list[str]:
    """What `mazemesh join` writes for somebody who walks north and east as far as that goes."""
    command = [str(MAZEMESH), "join", tournament_id, "--as", name, "--port-base", str(base)]
    done = subprocess.run(
        command,
        input="n\ne\ns\nw\n.\n" * 200,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def walk(mesh: Mesh, matched: pb.TournamentSeats) -> None:
    rng = np.random.default_rng(1)
    for place in matched.seats:
        with mesh.game.at(place.game_address).play(place.seat_token) as seat:
            while isinstance(turn := seat.receive(), Turn):
                legal = np.flatnonzero(seat.seen(turn)["action_mask"])
                seat.act(turn.step, int(rng.choice(legal)))


async def test_people_meet_policies_bots_and_each_other(tmp_path: Path) -> None:
    base = free_block(len(SERVICES)).start
    async with AsyncExitStack() as life:
        mesh = life.enter_context(services(tmp_path, base))
        await asyncio.to_thread(publish, mesh, moves=True)
        await matchmaker(life, tmp_path, base, *QUICK)
        asked = ("race:1", "player/gone", "--format", "single", "--patience", "1")
        lonely = await asyncio.to_thread(told, base, "create", *asked)
        names = ("player/ann", "player/ben", "race:1", "bot/random")
        asked = (*names, "--format", "gauntlet", "--patience", "60")
        made = await asyncio.to_thread(told, base, "create", *asked)
        one = made["tournament_id"]
        assert made["ladder"].endswith("/exhibition")
        with evaluating(mesh):
            ann, ben, over = await asyncio.wait_for(
                asyncio.gather(
                    asyncio.to_thread(sit, mesh, one, "player/ann"),
                    asyncio.to_thread(joined, base, one, "ben"),
                    asyncio.to_thread(end, mesh, one),
                ),
                150,
            )
        assert over.summary.state == pb.TOURNAMENT_STATE_FINISHED
        ends = {each.end for each in over.encounters.values()}
        assert ends <= {pb.ENCOUNTER_END_PLAYED, pb.ENCOUNTER_END_LEVEL}
        assert over.summary.played == 3
        # Who does not come has forfeited.
        view = await asyncio.wait_for(asyncio.to_thread(end, mesh, lonely["tournament_id"]), 60)
        (forfeit,) = view.encounters.values()
        assert forfeit.end == pb.ENCOUNTER_END_FORFEIT
        assert view.line(forfeit).endswith(": player/gone forfeited")
        assert list(view.summary.winners) == ["race:1"]
        # A seat in both games of each match, and how it ended.
        seats = {
            seat.game_id for each in ann if each.HasField("matched") for seat in each.matched.seats
        }
        assert len(seats) == 2 * 3
        assert ann[-1].over.place in range(1, 5)
        assert "against player/ann: game 1 of 2" in ben
        assert "against player/ann: game 2 of 2" in ben
        assert ben[-1].startswith("place ")
