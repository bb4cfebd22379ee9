"""Recordings of the Game service over real sockets: everything that was played verifies."""

import asyncio
import dataclasses
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from mazemesh.game_replay import Difference, GameReplay, verify
from mazemesh.games import get_game
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from services.matchmaker.remotes import RemoteGame
from services.matchmaker.wire.results import outcome_of
from services.matchmaker.workers.events import Reported
from tests.servers.game_matches import BOT, play_match
from tests.servers.game_server import RunningGame, race, running_game
from tests.servers.running import eventually

SMALL = pb.GameSettings(width=5, height=4, step_limit=40)


def play_some(server: RunningGame) -> list[str]:
    """A rated match, bots alone, a friendly game seat by seat, a time trial; their game ids."""
    setups = [
        race("rated", settings=SMALL),
        race("bots", "bot/random", BOT, settings=SMALL),
        race("friendly", "player/ann", "bot/random", rated=False, settings=SMALL, rotations=1),
        race("trial", "solo:1", "bot/random", game="solo", settings=SMALL),
    ]
    played = []
    for setup in setups:
        created = server.client.create([setup])[0]
        if setup.match_id == "friendly":
            play_seat(server, created.games[0].seat_tokens[0])
        elif setup.match_id != "bots":
            play_match(server.client, setup)
        played += [game.game_id for game in created.games]
    eventually(lambda: len(list(server.client.list_replays())) == len(played))
    return played


def play_seat(server: RunningGame, token: str) -> None:
    with server.client.play(token) as seat:
        while isinstance(turn := seat.receive(), pb.Turn):
            seat.act(turn.step, int(np.frombuffer(turn.action_mask, np.uint8).argmax()))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_game(tmp_path_factory.mktemp("game")) as server:
        yield server, play_some(server)


def test_every_game_of_a_match_has_a_recording_that_verifies(
    played: tuple[RunningGame, list[str]],
) -> None:
    server, game_ids = played
    infos = {info.game_id: info for info in server.client.list_replays()}
    assert set(infos) == set(game_ids)
    for game_id in game_ids:
        replay = server.client.replay(game_id)
        assert verify(replay) is None
        assert replay.steps == infos[game_id].outcome.steps > 0
        assert len(replay.hashes) == -(-replay.steps // replay.hash_interval)
    assert [info.rated for info in infos.values() if info.match_id == "friendly"] == [False]
    rules = get_game("race").spec(server.client.replay("rated-r0").settings).rules_hash
    assert infos["rated-r1"].rules_hash == rules
    assert list(infos["trial-p1"].participants) == ["bot/random"]


async def test_the_service_verifies_and_the_matchmaker_compares_what_was_told(
    played: tuple[RunningGame, list[str]],
) -> None:
    server, game_ids = played
    for game_id in game_ids:
        assert await asyncio.to_thread(server.client.verify_replay, game_id) == ""
    infos = [one for one in server.client.list_replays() if one.match_id == "rated"]
    first = infos[0].participants[0]
    shown = {one.game_id: outcome_of(one, first) for one in infos}
    assert set(shown.values()) <= {1, 0, -1}
    players = (first, *({*infos[0].participants} - {first}))
    remote = RemoteGame(server.address)
    try:
        right = {one: outcome for one, outcome in shown.items() if outcome is not None}
        assert await remote.verify("rated", Reported(players, 0.5, 1, right)) == ""
        wrong = {one: 1 if outcome != 1 else -1 for one, outcome in right.items()}
        difference = await remote.verify("rated", Reported(players, 0.5, 1, wrong))
        assert "by its recording, told was" in difference
    finally:
        await remote.close()
    assert (
        outcome_of(
            next(one for one in server.client.list_replays() if one.match_id == "trial"), "solo:1"
        )
        is None
    )


def test_any_action_or_hash_that_was_changed_is_found(
    played: tuple[RunningGame, list[str]],
) -> None:
    server, _ = played
    replay = server.client.replay("rated-r0")
    for index in np.ndindex(replay.actions.shape):
        for flip in (1, 2, 4, 0x40):
            changed = replay.actions.copy()
            changed[index] ^= flip
            if not np.array_equal(changed, replay.actions):
                difference = verify(dataclasses.replace(replay, actions=changed))
                assert difference is not None
                assert index[0] < difference.step <= index[0] + replay.hash_interval
    for index in range(len(replay.hashes)):
        hashes = replay.hashes.copy()
        hashes[index] ^= np.uint64(1)
        difference = verify(dataclasses.replace(replay, hashes=hashes))
        assert difference is not None
        assert difference.step == min((index + 1) * replay.hash_interval, replay.steps)


Change = Callable[[GameReplay], dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda replay: {"rules_hash": "0" * 64}, "its rules hash is 000"),
        (lambda replay: {"game": "chess"}, "chess"),
        (lambda replay: {"seed": replay.seed + 1}, ""),
        (lambda replay: {"rotation": 1}, ""),
        (lambda replay: {"scores": (*replay.scores[::-1], 0.25)}, "scores"),
        (lambda replay: {"truncated": not replay.truncated}, "truncated"),
        (lambda replay: {"actions": replay.actions[:-1]}, ""),
        (lambda replay: {"actions": replay.actions[:, :1]}, "1 participants, but 2 seats"),
        (
            lambda replay: {"actions": np.concatenate([replay.actions, replay.actions[-1:]])},
            "was over",
        ),
    ],
)
def test_a_recording_of_something_else_is_found(
    played: tuple[RunningGame, list[str]], change: Change, words: str
) -> None:
    replay = played[0].client.replay("rated-r0")
    difference = verify(dataclasses.replace(replay, **change(replay)))
    assert isinstance(difference, Difference)
    assert words in difference.reason


def test_lists_page_and_filter(played: tuple[RunningGame, list[str]]) -> None:
    client = played[0].client

    def ids(**wanted: str) -> list[str]:
        return [info.game_id for info in client.list_replays(**wanted)]

    everything = ids()
    assert ids(game="solo") == ["trial-p1", "trial-p0"]
    assert ids(match_id="rated") == ["rated-r1", "rated-r0"]
    assert ids(participant="bot/random", game="race") == ["friendly-r0", "bots-r1", "bots-r0"]
    assert ids(participant="bot/rando") == ids(participant="race_1") == []
    request, paged = pb.ListReplaysRequest(page_size=2), []
    while True:
        page = GameServiceStub(client.channel).ListReplays(request, timeout=10)
        paged += [info.game_id for info in page.replays]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert paged == everything


def test_what_is_not_there_is_not_found(played: tuple[RunningGame, list[str]]) -> None:
    client = played[0].client
    for game_id in ("", "rated", "rated-r9"):
        with pytest.raises(NotFound, match="no recording of game"):
            client.replay(game_id)
    client.create([race("unfinished")])
    with pytest.raises(NotFound, match="finished matches"):
        client.replay("unfinished-r0")
    message = pb.GameReplay(info=pb.ReplayInfo(participants=["a"]), hash_interval=0)
    with pytest.raises(InvalidArgument, match="hash_interval 0"):
        GameReplay.from_proto(message)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    with running_game(tmp_path) as server:
        play_match(server.client, race("m", settings=SMALL))
        (file,) = (path for path in (tmp_path / "game-replays").rglob("*") if path.is_file())
        content = file.read_bytes()
        assert len(pb.ReplayFile.FromString(zlib.decompress(content)).games) == 2
        for position in range(0, len(content), 7):
            changed = bytearray(content)
            changed[position] ^= 1
            file.write_bytes(changed)
            with pytest.raises(FailedPrecondition, match="damaged"):
                server.client.replay("m-r0")
        file.unlink()
        with pytest.raises(NotFound, match="there is no file"):
            server.client.replay("m-r0")


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "game-replays"

    def files() -> int:
        return sum(path.is_file() for path in folder.rglob("*"))

    with running_game(tmp_path, max_recordings=5) as server:
        for number in range(4):
            play_match(server.client, race(f"m{number}", settings=SMALL))
        kept = ["m3-r1", "m3-r0", "m2-r1", "m2-r0", "m1-r1"]
        eventually(lambda: [one.game_id for one in server.client.list_replays()] == kept)
        assert verify(server.client.replay("m1-r1")) is None
        assert files() == 4  # another instance may know it
    (folder / "00").mkdir(exist_ok=True)
    (folder / "00" / ("0" * 64)).write_bytes(b"left behind by a crash")
    with running_game(tmp_path, max_recordings=2, blobs_grace_hours=0) as server:
        assert [one.game_id for one in server.client.list_replays()] == ["m3-r1", "m3-r0"]
        eventually(lambda: files() == 1)
    with running_game(tmp_path, max_recordings=0, blobs_grace_hours=0) as server:
        play_match(server.client, race("none", settings=SMALL))
        assert list(server.client.list_replays()) == []
        eventually(lambda: files() == 0)


def test_the_command_line_lists_shows_and_verifies(
    played: tuple[RunningGame, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = played
    monkeypatch.setenv("MAZEMESH_GAME_ADDRESS", server.address)

    def run(*arguments: str) -> Any:
        port = str(server.port)
        return CliRunner().invoke(app, [*arguments, "--host", "127.0.0.1", "--port-base", port])

    listed = run("recordings", "--game", "race", "--limit", "2")
    assert listed.exit_code == 0
    assert "friendly-r0\trace\tplayer/ann bot/random" in listed.stdout
    assert len(listed.stdout.splitlines()) == 3
    shown = run("recordings", "show", "rated-r0")
    assert shown.exit_code == 0
    steps = server.client.replay("rated-r0").steps
    assert f"step {steps} of {steps}: 1 " in shown.stdout
    assert shown.stdout.count("◆") >= 1
    verified = run("recordings", "verify", "rated-r0")
    assert (verified.exit_code, "agree" in verified.stdout) == (0, True)
    assert run("recordings", "show", "unknown").exit_code == 1


def test_verifying_tells_the_first_step_that_differs(
    played: tuple[RunningGame, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = played
    replay = server.client.replay("rated-r0")
    wrong = dataclasses.replace(replay, hashes=replay.hashes ^ np.uint64(1))
    monkeypatch.setattr("mazemesh.client.game.game.GameClient.replay", lambda *_: wrong)
    arguments = ["recordings", "verify", "rated-r0", "--port-base", str(server.port)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    first = min(replay.hash_interval, replay.steps)
    assert f"differs at step {first} of {replay.steps}" in result.stderr


def test_a_finished_game_is_watched_once_more(played: tuple[RunningGame, list[str]]) -> None:
    server, game_ids = played
    for game_id in game_ids:
        replay = server.client.replay(game_id)
        moments = list(server.client.watch_replay(game_id, with_observations=True))
        assert [one.frame.step for one in moments] == list(range(replay.steps + 1))
        first, *after = moments
        assert (first.game, first.spec.name) == (replay.game, replay.game)
        assert (first.frame.width, first.frame.height) == (5, 4)
        assert tuple(first.frame.participants) == replay.participants
        assert [list(one.actions) for one in after] == replay.actions.tolist()
        seats, size = len(replay.participants), first.spec.observation_size
        assert {len(one.frame.observations) for one in moments[:-1]} == {seats * size}
        assert {len(one.frame.action_masks) for one in moments[:-1]} == {seats * 5}
        last = moments[-1].frame
        assert (last.observations, tuple(last.finished.scores)) == (b"", replay.scores)
    plain = next(server.client.watch_replay(game_ids[0]))
    assert plain.frame.observations == b""
    with pytest.raises(NotFound):
        next(server.client.watch_replay("nobody"))


def test_only_so_many_look_at_recordings(tmp_path: Path) -> None:
    with running_game(tmp_path, max_replay_watchers=1) as server:
        game_ids = play_some(server)
        looking = server.client.watch_replay(game_ids[0])
        next(looking)
        with pytest.raises(ResourceExhausted, match="1 look at recordings"):
            next(server.client.watch_replay(game_ids[0]))
        assert len(list(looking)) == server.client.replay(game_ids[0]).steps
        eventually(lambda: bool(next(server.client.watch_replay(game_ids[0]))))
