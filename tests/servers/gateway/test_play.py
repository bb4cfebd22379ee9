"""A person plays in a browser: bots, policies, whoever waits; and comes back to a broken game."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.servers.gateway.world import SECONDS, Services, gateway

SIZE = {"width": 4, "height": 4}


class Player:
    """A browser's end of /ws/play."""

    def __init__(self, url: str, **first: Any) -> None:
        # It is closed by the fixture, as its test goes on with it.
        where = f"ws{url.removeprefix('http')}/ws/play"
        self.socket: ClientConnection = connect(where).__enter__()
        self.say(**first)

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.socket.recv(2 * SECONDS))
        return told

    def until(self, kind: str) -> dict[str, Any]:
        while (told := self.hear())["type"] != kind:
            assert told["type"] != "problem", told
        return told

    def play_on(self, moves: int = 10_000) -> dict[str, Any]:
        """Answers so many turns by the first legal move; what came last."""
        told = self.hear()
        while told["type"] == "turn" and moves:
            self.say(type="act", step=told["step"], action=told["action_mask"].index(1))
            moves -= 1
            told = self.hear()
        return told

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def players(url: str) -> Iterator[Any]:
    made: list[Player] = []

    def enter(**wish: Any) -> Player:
        made.append(Player(url, **{"type": "play", "game": "race", "size": SIZE, **wish}))
        return made[-1]

    yield enter
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("game", "opponent"),
    [("race", "bot/random"), ("solo", ""), ("ctf", "bot/random"), ("coop-keys", "bot/random")],
)
def test_any_maze_game_is_played_to_its_end(players: Any, game: str, opponent: str) -> None:
    player = players(game=game, opponent=opponent, name="zoe")
    joined = player.until("joined")
    assert joined["participants"][0] == "player/zoe"
    spec = joined["spec"]
    assert (spec["game"], spec["width"], spec["height"]) == (game, 4, 4)
    assert {"passage_east", "players", "compass"} <= {field["name"] for field in spec["layout"]}
    finished = player.play_on()
    assert finished["type"] == "finished"
    assert len(finished["scores"]) == spec["seats"]


def test_a_policy_sits_opposite_and_its_recording_tells_what_it_thought(
    world: Services, http: Any, players: Any
) -> None:
    player = players(opponent="race:latest", size={"width": 3, "height": 3}, name="ann")
    joined = player.until("joined")
    assert joined["participants"] == ["player/ann", "race:2"]
    assert player.play_on()["type"] == "finished"
    game_id = joined["game_id"]
    frames = http.get(f"/recordings/{game_id}/frames")
    assert frames.status_code == 200, frames.text
    told = frames.json()
    steps = told["finished"]["steps"]
    assert [one["step"] for one in told["frames"]] == list(range(steps + 1))
    assert told["participants"] == joined["participants"]
    thoughts = http.get(f"/recordings/{game_id}/thoughts", params={"seat": 1}).json()
    assert thoughts["policy"] == "race:2"
    assert len(thoughts["values"]) == len(thoughts["probabilities"]) == steps
    assert all(abs(sum(row) - 1) < 0.01 for row in thoughts["probabilities"])
    # The person's own seat: asked of another policy, or of nobody.
    other = http.get(f"/recordings/{game_id}/thoughts", params={"seat": 0, "policy": "race:1"})
    assert other.json()["policy"] == "race:1"
    refused = http.get(f"/recordings/{game_id}/thoughts", params={"seat": 0})
    assert refused.status_code == 400
    assert "name a version" in refused.json()["detail"]
    assert http.get(f"/recordings/{game_id}/thoughts", params={"seat": 9}).status_code == 400
    assert http.get("/recordings/nobody/frames").status_code == 404


def test_no_more_policies_play_than_may_however_many_ask_at_once(world: Services) -> None:
    wish = {"type": "play", "game": "race", "size": SIZE, "opponent": "race:1"}
    with gateway(world, max_partners=1) as url:
        asked = [Player(url, **wish, name=f"many{number}") for number in range(6)]
        try:
            first = [player.hear() for player in asked]
        finally:
            for player in asked:
                player.close()
    assert sorted(told["type"] for told in first) == ["joined", *["problem"] * 5]
    assert {told.get("status", 429) for told in first} == {429}


def test_who_comes_back_goes_on_with_the_same_game(url: str, players: Any) -> None:
    player = players(opponent="race:1", name="bea")
    joined = player.until("joined")
    player.play_on(moves=1)
    player.close()
    back = Player(url, type="return", seat_token=joined["seat_token"])
    again = back.until("joined")
    assert again["game_id"] == joined["game_id"]
    assert back.play_on()["type"] == "finished"
    back.close()


def test_two_people_find_each_other(players: Any) -> None:
    one = players(name="carl", rated=True)
    waiting = one.until("queued")
    assert waiting["rating"] > 0
    other = players(name="dora", rated=True)
    seats = [player.until("joined") for player in (one, other)]
    assert sorted(seats[0]["participants"]) == ["player/carl", "player/dora"]
    assert {seat["seat"] for seat in seats} == {0, 1}


def test_a_ranked_game_against_a_policy_goes_through_the_queue(players: Any) -> None:
    player = players(name="emil", rated=True, opponent="race:1", size={})
    player.until("queued")
    assert sorted(player.until("joined")["participants"]) == ["player/emil", "race:1"]


def test_who_leaves_the_queue_waits_no_more(players: Any) -> None:
    player = players(name="finn")
    player.until("queued")
    player.say(type="leave")
    with pytest.raises(ConnectionClosed):
        player.hear()
    # Withdrawn: the same player may wait again at once.
    assert players(name="finn").until("queued")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"game": "nothing"}, "nothing"),
        ({"opponent": "race:99"}, "race"),
        ({"opponent": "bot/nobody"}, "bot/nobody"),
        ({"size": {"width": 1000}}, "width"),
        ({"name": "has spaces"}, "name"),
        ({"type": "act"}, "act"),
    ],
)
def test_what_is_wrong_is_named(players: Any, wish: dict[str, Any], field: str) -> None:
    told = players(**wish).hear()
    assert told["type"] == "problem"
    assert field in told["detail"]


@pytest.mark.parametrize(
    ("move", "field"),
    [
        ({"step": 2**40, "action": 0}, "step"),
        ({"step": -1, "action": 0}, "step"),
        ({"step": 0, "action": 2**70}, "action"),
        ({"step": 0, "action": "\ud800"}, "message"),
    ],
)
def test_a_move_that_is_none_is_named(players: Any, move: dict[str, Any], field: str) -> None:
    player = players(game="solo", opponent="")
    player.until("turn")
    player.say(type="act", **move)
    while (told := player.hear())["type"] != "problem":
        assert told["type"] == "turn"
    assert told["detail"].startswith(field), told


def test_another_sites_page_may_not_play(url: str) -> None:
    where = f"ws{url.removeprefix('http')}/ws/play"
    elsewhere = {"Origin": "https://elsewhere.example"}
    with (
        connect(where, additional_headers=elsewhere) as socket,
        pytest.raises(ConnectionClosed, match="another site"),
    ):
        socket.recv(SECONDS)
