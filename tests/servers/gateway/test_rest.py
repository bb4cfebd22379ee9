"""The nouns of REST, asked over a socket in front of real services."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["detail"]
    return told


def test_a_leaderboard_has_intervals_and_pages(http: httpx.Client) -> None:
    assert [one["ladder"] for one in ok(http.get("/ladders"))["ladders"]] == ["race"]
    first = ok(http.get("/leaderboards/race", params={"page_size": 2}))
    assert first["total_players"] == 3
    row = first["players"][0]
    assert row["low"] < row["rating"] < row["high"]
    rest = ok(
        http.get(
            "/leaderboards/race",
            params={"page_size": 2, "page_token": first["next_page_token"]},
        )
    )
    names = [one["player"] for one in (*first["players"], *rest["players"])]
    assert sorted(names) == ["bot/random", "bot/wall-follower", "race:1"]
    bots = ok(http.get("/leaderboards/race", params={"kinds": "bot"}))
    assert {one["player"] for one in bots["players"]} == {"bot/random", "bot/wall-follower"}


def test_ratings_of_players_and_pairs(http: httpx.Client) -> None:
    of = {"ladder": "race", "player": "race:1"}
    assert ok(http.get("/ratings", params=of))["rating"]["matches"] == 6
    assert len(ok(http.get("/ratings/history", params=of))["points"]) == 6
    assert ok(http.get("/ratings/curves", params=of))["curves"][0]["player"] == "race:1"
    matrix = ok(http.get("/head-to-head", params={"ladder": "race"}))
    assert len(matrix["matches"]) == len(matrix["players"]) ** 2 == 9
    assert len(ok(http.get("/payoffs", params={"ladder": "race"}))["nash_shares"]) == 3
    assert problem(http.get("/ratings", params={**of, "player": "race:99"}), 404)


def test_results_of_matches(http: httpx.Client) -> None:
    found = ok(http.get("/matches", params={"ladder": "race"}))["results"]
    assert len(found) == 6
    one = ok(http.get(f"/matches/{found[0]['match_id']}"))
    assert one["participants"][0] == "race:1"
    assert "no result" in problem(http.get("/matches/unheard-of"), 404)["detail"]


def test_promotion_by_what_was_seen(http: httpx.Client) -> None:
    assert ok(http.get("/policies/race"))["version"] == 2
    assert ok(http.get("/policies/race/versions/1"))["state"] == "ready"
    problem(http.get("/policies/race/versions/99"), 404)
    where = "/policies/race/aliases/champion"
    problem(http.get(where), 404)
    assert problem(http.put(where, json={"version": 1}), 428)["field"] == "if_match"
    made = http.put(where, json={"version": 1}, headers={"if-match": '"0"'})
    ok(made)
    seen = http.get(where).headers["etag"]
    assert seen == made.headers["etag"]
    ok(http.put(where, json={"version": 2, "reason": "better"}, headers={"if-match": seen}))
    late = http.put(where, json={"version": 1}, headers={"if-match": seen})
    problem(late, 412)
    assert ok(http.get(where))["alias"]["version"] == 2
    problem(
        http.post("/policies/race/promote", json={"version": 1}, headers={"if-match": seen}), 412
    )
    back = ok(http.post("/policies/race/rollback", json={"reason": "it forgot"}))
    assert (back["from_version"], back["version"]) == (2, 1)
    moves = ok(http.get("/policies/race/history", params={"alias": "champion"}))["moves"]
    assert [move["reason"] for move in moves] == ["it forgot", "better", ""]
    again = ok(http.post("/policies/race/promote", json={"version": 2, "reason": "sure"}))
    assert again["version"] == 2


def test_a_versions_file(http: httpx.Client) -> None:
    answer = http.get("/policies/race/versions/1/file")
    assert answer.status_code == 200
    sha256 = ok(http.get("/policies/race/versions/1"))["sha256"]
    assert answer.headers["etag"] == f'"{sha256}"'
    assert len(answer.content) == ok(http.get("/policies/race/versions/1"))["size_bytes"]
    problem(http.get("/policies/race/versions/77/file"), 404)


def test_a_gate_is_started_once_and_cancelled(http: httpx.Client) -> None:
    asked = {"candidate": "race:2", "baseline": "race:1", "reason": "is it better?"}
    headers = {"idempotency-key": "gate-1"}
    run = ok(http.post("/gates", json=asked, headers=headers), 201)
    again = http.post("/gates", json=asked, headers=headers)
    gate = run["gate"]["gate_id"]
    assert ok(again, 201)["gate"]["gate_id"] == gate
    assert again.headers["location"] == f"/gates/{gate}"
    assert ok(http.get(f"/gates/{gate}"))["state"] == "running"
    assert ok(http.get(f"/gates/{gate}/path")) == {"points": []}
    problem(http.get("/gates/none-such/path"), 404)
    assert gate in {one["gate"]["gate_id"] for one in ok(http.get("/gates"))["runs"]}
    ended = ok(http.post(f"/gates/{gate}/cancel", json={"reason": "enough"}))
    assert ended["state"] == "cancelled"
    problem(http.get("/gates/none-such"), 404)
    told = problem(http.post("/gates", json={"candidate": "race:99", "baseline": "race:1"}), 404)
    assert "race:99" in told["detail"]


def test_a_gate_may_be_waited_for(http: httpx.Client) -> None:
    asked = {"candidate": "race:2", "baseline": "bot/random"}
    answer = http.post("/gates", json=asked, headers={"prefer": "wait=0.2"})
    assert answer.headers["preference-applied"] == "wait=0.2"
    gate = ok(answer, 201)["gate"]["gate_id"]
    ok(http.post(f"/gates/{gate}/cancel", json={}))


def test_a_tournament_of_bots(http: httpx.Client) -> None:
    asked = {
        "format": "round-robin",
        "game": "race",
        "entrants": ["bot/random", "bot/wall-follower"],
    }
    made = ok(http.post("/tournaments", json=asked), 201)
    name = made["summary"]["tournament_id"]
    assert ok(http.get(f"/tournaments/{name}"))["tournament"]["summary"]["format"] == "round_robin"
    assert name in {one["tournament_id"] for one in ok(http.get("/tournaments"))["tournaments"]}
    ok(http.post(f"/tournaments/{name}/cancel", json={"reason": "seen enough"}))
    problem(http.get("/tournaments/none"), 404)


def test_games_matches_and_recordings(http: httpx.Client) -> None:
    games = ok(http.get("/games"))
    assert "race" in {one["name"] for one in games["games"]}
    assert ok(http.get("/games/race/spec", params={"width": 5, "height": 5}))["spec"]["seats"] == 2
    assert "games" in ok(http.get("/games/running"))
    asked = {
        "game": "race",
        "participants": ["bot/random", "bot/shortest-path"],
        "settings": {"width": 3, "height": 3},
    }
    match = ok(http.post("/matches", json=asked), 201)
    played = ok(http.get("/recordings", params={"match_id": match["match_id"]}))["replays"]
    assert [one["participants"] for one in played] == [asked["participants"]]
    whole = ok(http.get(f"/recordings/{played[0]['game_id']}"))
    assert whole["info"]["game"] == "race"
    assert isinstance(whole["seed"], str)


def test_an_opponent_is_found(http: httpx.Client) -> None:
    asked = {"player": "player/zoe", "game": "race", "max_wait": 30, "bot_after": 0.1}
    seat = ok(http.post("/matches/find", json=asked))
    assert seat["seat_token"]
    assert "player/zoe" in seat["participants"]


@pytest.mark.parametrize(
    ("method", "path", "given", "field"),
    [
        ("GET", "/leaderboards/race?page_size=0", None, "page_size"),
        ("GET", "/leaderboards/race?model=guess", None, "model"),
        ("GET", "/ladders?page_token=nonsense", None, "page_token"),
        ("GET", "/ratings?ladder=race", None, "player"),
        ("GET", "/policies/RACE", None, "name"),
        ("POST", "/policies/race/promote", {"version": "two"}, "version"),
        ("POST", "/policies/race/promote", {"version": 1, "colour": "red"}, "colour"),
        ("POST", "/gates", {"candidate": "race:1"}, "baseline"),
        ("POST", "/tournaments", {"format": "single", "entrants": ["a"]}, "entrants"),
        (
            "POST",
            "/matches",
            {"game": "race", "participants": ["bot/random"], "settings": {"width": 1}},
            "settings.width",
        ),
    ],
)
def test_a_wrong_value_is_named(
    http: httpx.Client, method: str, path: str, given: Any, field: str
) -> None:
    answer = http.request(method, path, json=given)
    status = 400 if field == "page_token" else 422
    assert problem(answer, status)["field"] == field


def test_what_is_no_json_is_said(http: httpx.Client) -> None:
    told = problem(http.post("/gates", content=b"{", headers={"content-type": "text/json"}), 422)
    assert told["title"] == "the request is malformed"
