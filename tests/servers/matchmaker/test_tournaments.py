"""Tournaments over a real socket, with peers written by hand."""

import asyncio
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)
from mazemesh.games import GameSettings
from mazemesh.tournaments.asking import request
from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb
from tests.servers.matchmaker_world import World
from tests.unit.matchmaker.fakes import snapshot

NAMES = [f"race:{number}" for number in range(1, 7)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.settings = {"anchor_matches": 0, "tournament_seconds": 0.05, "automatic_gates": False}
    for version in range(1, 7):
        world.model.keep(snapshot(version))
    return world


def asked(request_id: str = "r", format_: str = "double", **given: Any) -> Any:
    entrants = given.pop("entrants", NAMES)
    made = request(format_, entrants, **{"seeding": "given", **given})
    made.request_id = request_id
    return made


async def call(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


async def play(world: World, client: MatchmakerClient, limit: int = 8) -> list[str]:
    """Plays tournaments' matches that a worker is given, the first always wins; their ids."""
    issue = await call(lambda: client.lease("w", limit))
    played = [one for one in issue.matches if one.match_id.startswith("tournament-")]
    for match in played:
        first, second = match.setup.participants
        better = int(first.rpartition(":")[2]) < int(second.rpartition(":")[2])
        world.elo.played[match.match_id] = {first: float(better), second: float(not better)}
        world.game.finished.add(match.match_id)
        await call(lambda match=match: client.complete(match.match_id, match.fence, "w"))  # type: ignore[misc]
    return [match.match_id for match in played]


def watched(client: MatchmakerClient, tournament_id: str) -> list[str]:
    """States of a watch to its end, and that news make the same as all of it."""
    states, view = [], View()
    for view in client.watch_tournament(tournament_id):
        states.append(pb.TournamentState.Name(view.summary.state))
    whole = client.tournament(tournament_id)
    assert whole.tournament == view.tournament
    assert whole.encounters == view.encounters
    return states


async def end(client: MatchmakerClient, tournament_id: str) -> list[str]:
    return await asyncio.wait_for(call(lambda: watched(client, tournament_id)), 60)


def matched(told: Iterator[pb.TakePartResponse]) -> pb.TournamentSeats:
    """The first seats that somebody is told."""
    return next(one.matched for one in told if one.HasField("matched"))


async def test_from_the_question_over_a_restart_to_the_winner(world: World) -> None:
    async with world.serve() as (_, client):
        made = await call(lambda: client.create_tournament(asked(title="Cup", starter="ann")))
        summary = made.summary
        assert (summary.title, summary.starter, summary.num_entrants) == ("Cup", "ann", 6)
        assert (summary.ladder, summary.rated, summary.best_of) == ("race", True, 1)
        assert [one.name for one in made.entrants] == NAMES
        assert not any(row.place for row in made.standings)
        one = summary.tournament_id
        first = await play(world, client, 2)
        assert first == [f"{one}/w1.2/0", f"{one}/w1.3/0"] or len(first) == 2
    async with world.serve() as (server, client):
        watching = asyncio.create_task(end(client, one))
        while not watching.done():
            again = await play(world, client)
            assert not set(again) & set(first)
        assert (await watching)[-1] == "TOURNAMENT_STATE_FINISHED"
        view = await call(lambda: client.tournament(one))
        assert list(view.summary.winners) == ["race:1"]
        places = {view.name(row.entrant): row.place for row in view.tournament.standings}
        assert [places[name] for name in NAMES[:4]] == [1, 2, 3, 4]
        assert view.summary.played == len(world.elo.played)
        assert view.summary.HasField("end_time")
        assert await call(lambda: client.create_tournament(asked())) == view.tournament
        page = await call(
            lambda: (
                urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics")
                .read()
                .decode()
            )
        )
        listed = await call(lambda: list(client.tournaments()))
        assert listed == [view.summary]
    assert 'mazemesh_matchmaker_tournaments_total{state="finished"} 1.0' in page
    assert "mazemesh_matchmaker_tournaments_running 0.0" in page
    assert "mazemesh_matchmaker_tournament_matches_total" in page
    assert 'mazemesh_matchmaker_tournament_forfeits_total{why="both"} 0.0' in page


async def test_one_is_cancelled_and_pages_are_cut(world: World) -> None:
    async with world.serve() as (server, client):
        ids = []
        for number in range(3):
            made = await call(
                lambda n=number: client.create_tournament(asked(f"r{n}", "round-robin"))  # type: ignore[misc]
            )
            ids.append(made.summary.tournament_id)
        listed = await call(lambda: list(client.tournaments()))
        assert [one.tournament_id for one in listed] == ids[::-1]
        watching = asyncio.create_task(end(client, ids[0]))
        over = await call(lambda: client.cancel_tournament(ids[0], "rain"))
        assert over.summary.explanation == "cancelled: rain"
        assert (await watching)[-1] == "TOURNAMENT_STATE_CANCELLED"
        port = server.metrics_port
        page = await call(
            lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        )
        assert 'mazemesh_matchmaker_tournaments_total{state="cancelled"} 1.0' in page
        assert (await call(lambda: client.cancel_tournament(ids[0]))) == over
        stub = client._stub
        first = await call(
            lambda: stub.GetTournament(pb.GetTournamentRequest(tournament_id=ids[1], page_size=4))
        )
        assert len(first.encounters) == 4
        rest = await call(
            lambda: stub.GetTournament(
                pb.GetTournamentRequest(
                    tournament_id=ids[1], page_size=100, page_token=first.next_page_token
                )
            )
        )
        assert len(rest.encounters) == 11
        assert not rest.next_page_token
        page = await call(lambda: stub.ListTournaments(pb.ListTournamentsRequest(page_size=2)))
        assert [one.tournament_id for one in page.tournaments] == ids[:0:-1]
        assert page.next_page_token


async def test_a_person_is_told_what_is_next(world: World) -> None:
    async with world.serve() as (_, client):
        entrants = ["player/ann", "player/ben"]
        question = asked(entrants=entrants, game="race", format_="single")
        made = await call(lambda: client.create_tournament(question))
        one = made.summary.tournament_id
        assert not made.summary.rated
        assert made.summary.patience.seconds == 300
        watching = client.watch_tournament(one)
        view = await call(lambda: next(watching))
        while not view.encounters["w1.1"].HasField("deadline"):
            view = await call(lambda: next(watching))
        streams = {name: client.take_part(one, name) for name in entrants}
        for name, other in (entrants, entrants[::-1]):
            told = await call(lambda name=name: next(streams[name]))  # type: ignore[misc]
            assert (told.WhichOneof("update"), told.waiting.opponent) == ("waiting", other)
        seats = []
        for name in entrants:
            told = await call(lambda name=name: matched(streams[name]))  # type: ignore[misc]
            assert told.encounter.key == "w1.1"
            assert told.encounter.HasField("deadline")
            seats.append({seat.seat_token for seat in told.seats})
        assert [len(own) for own in seats] == [2, 2]
        assert not seats[0] & seats[1]
        # Who comes back is told the same seats.
        back = client.take_part(one, "player/ann")
        told = await call(lambda: next(back))
        assert {seat.seat_token for seat in told.matched.seats} == seats[0]
        match_id = told.matched.seats[0].match_id
        world.elo.played[match_id] = {"player/ann": 0.25, "player/ben": 0.75}
        rest = await asyncio.wait_for(call(lambda: list(streams["player/ben"])), 60)
        assert rest[-1].over.place == 1
        with pytest.raises(NotFound, match="player/cy"):
            await call(lambda: list(client.take_part(one, "player/cy")))
        with pytest.raises(InvalidArgument, match="player"):
            await call(lambda: list(client.take_part(one, "race:1")))


async def test_what_is_wrong_is_named(world: World) -> None:
    async with world.serve() as (_, client):
        for given, field in (
            ({"entrants": ["race:1"]}, "entrants: 1 are named"),
            ({"entrants": [f"race:{n}" for n in range(1, 1026)]}, "entrants: 1025 are named"),
            ({"entrants": ["race:1", "UPPER"]}, r"entrants\[1\].members\[0\]"),
            ({"entrants": ["race:1", "a b=race:2"]}, r"entrants\[1\].name"),
            ({"entrants": ["race:1", "a=" + ",".join(["race:2"] * 33)]}, "33 entries"),
            ({"entrants": ["race:1", "race:1"]}, "race:1 is named twice"),
            ({"best_of": 2}, "best_of: 2"),
            ({"best_of": -1}, "best_of: -1"),
            ({"best_of": 101}, "best_of: 101"),
            ({"rounds": 1}, "rounds: 1 is outside 0..0"),
            ({"seed": 2**63}, "seed"),
            ({"title": "x" * 129}, "title"),
            ({"starter": "\0"}, "starter"),
            ({"patience": 0.5}, "patience"),
            ({"patience": 8 * 86400}, "patience"),
            ({"settings": GameSettings()}, "settings: are set without a game"),
            ({"game": "a b"}, "game"),
        ):
            with pytest.raises(InvalidArgument, match=field):
                await call(lambda given=given: client.create_tournament(asked(**given)))  # type: ignore[misc]
        for plain, field in (
            (pb.CreateTournamentRequest(request_id="r"), "format"),
            (asked(request_id="a b"), "request_id"),
        ):
            with pytest.raises(InvalidArgument, match=field):
                await call(lambda plain=plain: client.create_tournament(plain))  # type: ignore[misc]
        odd = asked()
        odd.seeding = 77
        with pytest.raises(InvalidArgument, match="seeding: 77"):
            await call(lambda: client.create_tournament(odd))
        with pytest.raises(FailedPrecondition, match="bot/nobody"):
            await call(lambda: client.create_tournament(asked(entrants=["race:1", "bot/nobody"])))
        await call(lambda: client.create_tournament(asked()))
        with pytest.raises(AlreadyExists, match="needs another id"):
            await call(lambda: client.create_tournament(asked(best_of=3)))
        for work in (client.tournament, client.cancel_tournament):
            with pytest.raises(NotFound, match="'tournament-x'"):
                await call(lambda work=work: work("tournament-x"))  # type: ignore[misc]
        with pytest.raises(NotFound, match="'tournament-x'"):
            await call(lambda: list(client.watch_tournament("tournament-x")))


async def test_only_so_many_run(world: World) -> None:
    world.settings |= {"max_tournaments": 1}
    async with world.serve() as (_, client):
        await call(lambda: client.create_tournament(asked()))
        with pytest.raises(ResourceExhausted, match="MAX_TOURNAMENTS"):
            await call(lambda: client.create_tournament(asked("other")))


async def test_a_thousand_entrants_are_paired(world: World) -> None:
    names = [f"race:{number}" for number in range(1, 1025)]
    for number in range(7, 1025):
        world.model.keep(snapshot(number))
    async with world.serve() as (_, client):
        for format_ in ("swiss", "double"):
            question = asked(format_, format_, entrants=names, seeding="random", seed=3)
            made = await call(lambda question=question: client.create_tournament(question))  # type: ignore[misc]
            one = made.summary.tournament_id
            assert made.summary.num_entrants == len(made.standings) == 1024
            view = await call(lambda one=one: client.tournament(one))  # type: ignore[misc]
            assert len(view.encounters) == 512
            await call(lambda one=one: client.cancel_tournament(one))  # type: ignore[misc]
