"""What was found is played: parties in teams, and seats of those who stayed away."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from mazemesh.cli.claim import write_note
from mazemesh.client.game.game import GameClient
from mazemesh.client.game.seat_session import SeatSession
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound
from mazemesh.games import GameSettings
from mazemesh.v1 import game_pb2
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness import Server, serve
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.matchmaker.bind import bind_with
from services.matchmaker.remotes import Peers, RemoteGame
from services.matchmaker.settings import MatchmakerSettings
from tests.ports import free_ports
from tests.servers.matchmaker.test_tickets import Search
from tests.unit.matchmaker.fakes import FakeElo, FakeModel, snapshot

Services = tuple[GameClient, MatchmakerClient]


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with served(tmp_path) as clients:
        yield clients


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


@asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[Services]:
    """Game and Matchmaker side by side."""
    port = free_ports(2)
    model = FakeModel()
    model.keep(snapshot(1))
    settings = GameServiceSettings(port=port, data_dir=tmp_path, elo_address="127.0.0.1:9")
    async with serve(settings, bind_game) as game:

        async def bind(settings: MatchmakerSettings, server: Server) -> None:
            remote = RemoteGame(game.address)
            server.on_stop(remote.close)
            await bind_with(settings, server, Peers(remote, FakeElo(), model))

        mine = MatchmakerSettings(
            port=port + 1,
            data_dir=tmp_path,
            game_address=game.address,
            anchor_matches=0,
            backfill_seconds=0.05,
        )
        async with serve(mine, bind) as matchmaker:
            clients = GameClient(game.address), MatchmakerClient(matchmaker.address)
            yield clients
            for client in clients:
                client.close()


def turn(seat: SeatSession) -> game_pb2.Turn:
    message = seat.receive(60.0)
    assert isinstance(message, game_pb2.Turn)
    return message


def finish(seat: SeatSession) -> list[float]:
    """Plays a seat to the end; the scores."""
    while isinstance(message := seat.receive(60.0), game_pb2.Turn):
        mask = np.frombuffer(message.action_mask, np.uint8)
        seat.act(message.step, int(mask.nonzero()[0][-1]))
    return list(message.scores)


async def test_a_party_sits_in_one_team(services: Services) -> None:
    game, matchmaker = services
    settings = GameSettings(seats=4)
    spec = (await asyncio.to_thread(game.spec, "ctf", settings)).spec
    ann = Search(
        matchmaker, "player/ann", game="ctf", settings=settings, party=["player/amy"], rated=True
    )
    others = [
        Search(matchmaker, f"player/{name}", game="ctf", settings=settings, rated=True)
        for name in ("bob", "cid")
    ]
    for search in (ann, *others):
        await search.end()
    matched = ann.seen[-1].matched
    (amy,) = matched.party
    assert amy.player == "player/amy"
    assert (matched.participants[matched.seat], matched.participants[amy.seat]) == (
        "player/ann",
        "player/amy",
    )
    teams = list(spec.teams)
    assert teams[matched.seat] == teams[amy.seat]
    tokens = [matched.seat_token, amy.seat_token]
    tokens += [one.seen[-1].matched.seat_token for one in others]

    def play(token: str) -> list[float]:
        with game.play(token) as seat:
            return finish(seat)

    scores = await asyncio.gather(*(asyncio.to_thread(play, token) for token in tokens))
    assert all(one == scores[0] for one in scores)
    assert scores[0][matched.seat] == scores[0][amy.seat]


@pytest.mark.parametrize(
    ("game", "party", "message"),
    [
        ("race", ["player/bob"], "each plays for itself"),
        ("ctf", ["player/bob", "player/cid"], "3 players do not fit"),
        ("ctf", ["player/ann"], "should name each player once"),
        ("ctf", ["bot/random"], r"party\[0\]"),
    ],
)
async def test_a_party_that_cannot_be_is_refused(
    services: Services, game: str, party: list[str], message: str
) -> None:
    settings = GameSettings(seats=4) if game == "ctf" else None
    with pytest.raises(InvalidArgument, match=message):
        await asyncio.to_thread(
            lambda: next(services[1].find("player/ann", game, settings=settings, party=party))
        )


async def found(*searches: Search) -> list[pb.Matched]:
    for search in searches:
        await search.end()
    return [search.seen[-1].matched for search in searches]


async def test_a_seat_whose_player_stays_away_goes_to_another(services: Services) -> None:
    game, matchmaker = services
    ann, bob = await found(
        *(Search(matchmaker, f"player/{name}", backfill=True) for name in ("ann", "bob"))
    )
    with await asyncio.to_thread(game.play, ann.seat_token) as seat:
        # Bob never comes, and cid takes the seat.
        (cid,) = await found(Search(matchmaker, "player/cid", backfill=True))
        assert cid.backfilled
        assert (cid.game_id, cid.seat) == (bob.game_id, bob.seat)
        assert list(cid.participants) == [
            "player/cid" if name == "player/bob" else name for name in ann.participants
        ]
        with pytest.raises(NotFound):
            await asyncio.to_thread(game.play, bob.seat_token)
        with await asyncio.to_thread(game.play, cid.seat_token) as other:
            first = await asyncio.to_thread(turn, seat)
            await asyncio.to_thread(turn, other)
        # Cid leaves in the middle, and dan goes on.
        (dan,) = await found(Search(matchmaker, "player/dan", backfill=True))
        assert (dan.game_id, dan.seat) == (bob.game_id, bob.seat)
        with await asyncio.to_thread(game.play, dan.seat_token) as last:
            seat.act(first.step, 0)
            scores = await asyncio.gather(
                asyncio.to_thread(finish, seat), asyncio.to_thread(finish, last)
            )
    assert scores[0] == scores[1]
    replay = await asyncio.to_thread(lambda: next(iter(game.list_replays())))
    assert "player/dan" in replay.participants


async def test_who_is_there_is_not_replaced(services: Services) -> None:
    game, matchmaker = services
    (ann, bob) = await found(
        *(Search(matchmaker, f"player/{name}", backfill=True) for name in ("ann", "bob"))
    )
    with (
        await asyncio.to_thread(game.play, ann.seat_token),
        await asyncio.to_thread(game.play, bob.seat_token),
    ):
        assert await asyncio.to_thread(game.vacant_seats, 0.0) == []
        with pytest.raises(FailedPrecondition, match="somebody sits there"):
            await asyncio.to_thread(
                game.replace_player, bob.game_id, bob.seat, "player/bob", "player/cid"
            )
    with pytest.raises(NotFound, match="there is no game"):
        await asyncio.to_thread(game.replace_player, "nothing", 0, "player/a", "player/b")


async def test_replacing_twice_is_one_replacement(services: Services) -> None:
    game, matchmaker = services
    (ann, bob) = await found(
        *(Search(matchmaker, f"player/{name}", backfill=True) for name in ("ann", "bob"))
    )
    with await asyncio.to_thread(game.play, ann.seat_token):
        ((vacant, _),) = await asyncio.to_thread(game.vacant_seats, 0.0)
        assert (vacant.game_id, vacant.seat, vacant.ladder) == (bob.game_id, bob.seat, "race")
        arguments = (bob.game_id, bob.seat, "player/bob", "player/cid")
        first = await asyncio.to_thread(game.replace_player, *arguments)
        assert await asyncio.to_thread(game.replace_player, *arguments) == first
        with pytest.raises(FailedPrecondition, match="'player/cid''s"):
            await asyncio.to_thread(game.replace_player, *arguments[:3], "player/dan")
        with pytest.raises(InvalidArgument, match="takes part"):
            await asyncio.to_thread(game.replace_player, *arguments[:3], "player/ann")


async def test_rated_matches_are_not_filled(services: Services) -> None:
    with pytest.raises(InvalidArgument, match="rated should be false"):
        await asyncio.to_thread(
            lambda: next(services[1].find("player/ann", "race", rated=True, backfill=True))
        )
    setup = game_pb2.MatchSetup(
        match_id="m",
        game="race",
        participants=["player/a", "player/b"],
        rated=True,
        backfill=True,
        seed=1 << 62,
    )
    with pytest.raises(InvalidArgument):
        await asyncio.to_thread(services[0].create, [setup])


async def match(folder: Path, *arguments: str, keys: bytes = b"") -> bytes:
    """What `mazemesh match` prints."""
    command = [sys.executable, "-m", "mazemesh.cli", "match", *arguments, "--data-dir", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(process.communicate(keys), 60)
    assert process.returncode == 0
    return printed


@pytest.mark.slow
async def test_people_find_each_other_from_the_terminal(tmp_path: Path) -> None:
    async with served(tmp_path) as (game, matchmaker):
        note = {"pid": os.getpid(), "host": "127.0.0.1", "port_base": _port(game.address)}
        assert _port(matchmaker.address) == note["port_base"] + 1
        write_note(tmp_path, note)
        first, second = map(
            json.loads,
            await asyncio.gather(
                *(match(tmp_path, name, "--json", "--rated") for name in ("ann", "player/bob"))
            ),
        )
        assert first["match_id"] == second["match_id"]
        assert sorted(first["participants"]) == ["player/ann", "player/bob"]
        assert first["participants"][first["seat"]] == "player/ann"
        # Against a bot, in the terminal, for a move.
        printed = await match(tmp_path, "cid", "--bot-after", "0", keys=b".\nq\n")
        assert b"found: " in printed
        assert b"left; your seat stays until the game is over" in printed
