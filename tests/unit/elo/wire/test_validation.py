import asyncio
from collections.abc import Callable

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import elo_pb2
from services.elo.log.match import Game, Match
from services.elo.wire import validation

Result = elo_pb2.MatchResult


def matches(results: list[Result]) -> list[Match]:
    return asyncio.run(validation.matches(results))


def result() -> Result:
    return Result(
        match_id="m",
        ladder="race-15x15",
        seed=2**64 - 1,
        rules_hash="ab",
        participants=["race:12", "bot/wall-follower"],
        games=[
            elo_pb2.GameOutcome(
                game_id="g", rotation=rotation, scores=[0.1, 0.9], steps=[7], termination=2
            )
            for rotation in range(2)
        ],
        finish_time=Timestamp(seconds=3, nanos=5),
    )


def test_a_result_becomes_a_match() -> None:
    (found,) = matches([result()])
    # Scores are 32-bit floats on the wire.
    scores = tuple(result().games[0].scores)
    games = tuple(Game("g", rotation, scores, (7,), 2) for rotation in range(2))
    assert found == Match(
        "m", "race-15x15", 2**64 - 1, "ab", ("race:12", "bot/wall-follower"), games, 3_000_000_005
    )


def test_a_time_trial_has_steps_for_each() -> None:
    trial = result()
    del trial.games[1]
    trial.games[0].steps[:] = [7, 9]
    assert matches([trial])[0].games[0].steps == (7, 9)


@pytest.mark.parametrize("player", ["race:1", "a.b-c_d:99", "bot/random", "player/Zoe"])
def test_names_of_players(player: str) -> None:
    assert validation.check_player("player", player) == player


@pytest.mark.parametrize(
    "player",
    [
        *(
            "",
            "race",
            "race:",
            "race:0",
            "race:01",
            "race:-1",
            "race:latest",
            ":1",
            "bot/",
            "player/",
        ),
        *(
            "race: 1",
            "player/a b",
            "player/a\n",
            "a/b:1",
            "player/a:1",
            "race:1\n",
            "x" * 127 + ":1",
        ),
    ],
)
def test_what_is_no_player(player: str) -> None:
    with pytest.raises(InvalidArgument, match=r"player = .* is wrong: must be \"name:version\""):
        validation.check_player("player", player)


def change(**fields: object) -> Callable[[Result], None]:
    def apply(one: Result) -> None:
        for name, value in fields.items():
            if isinstance(value, list):
                getattr(one, name)[:] = value
            else:
                setattr(one, name, value)

    return apply


def change_game(**fields: object) -> Callable[[Result], None]:
    return lambda one: change(**fields)(one.games[1])  # type: ignore[arg-type]


WRONG = [
    (change(match_id=""), "results[1].match_id = '' is wrong"),
    (change(match_id="m" * 129), "results[1].match_id = 'mmm"),
    (change(match_id="a b"), "results[1].match_id = 'a b' is wrong"),
    (change(ladder=""), "results[1].ladder = '' is wrong"),
    (change(rules_hash="f" * 129), "results[1].rules_hash"),
    (change(participants=["race:1"]), "results[1].participants has 1 entries; send 2 to 64"),
    (change(participants=["race:1"] * 2), "results[1].participants = 'race:1' is wrong: must not"),
    (change(participants=["race:1", "x"]), "results[1].participants[1] = 'x' is wrong"),
    (change(participants=[f"race:{n}" for n in range(1, 66)]), "has 65 entries"),
    (lambda one: one.ClearField("games"), "results[1].games has 0 entries; send 1 to 64"),
    (lambda one: one.ClearField("finish_time"), "results[1].finish_time is missing"),
    (lambda one: one.finish_time.CopyFrom(Timestamp(nanos=-1)), "results[1].finish_time"),
    (
        change_game(scores=[1.0]),
        "results[1].games[1].scores = [1.0] is wrong: needs one for each of 2",
    ),
    (change_game(scores=[float("nan"), 1.0]), "results[1].games[1].scores[0] = nan is wrong"),
    (change_game(scores=[0.0, float("inf")]), "results[1].games[1].scores[1] = inf is wrong"),
    (change_game(scores=[1.5, -0.5]), "results[1].games[1].scores[0] = 1.5 is wrong"),
    (change_game(scores=[1.0, -0.5]), "results[1].games[1].scores[1] = -0.5 is wrong"),
    (change_game(scores=[1.0, 0.5]), "results[1].games[1].scores = [1.0, 0.5] is wrong: two"),
    (change_game(rotation=-1), "results[1].games[1].rotation = -1 is wrong"),
    (change_game(rotation=0), "results[1].games.rotation = 0 is wrong: must not occur twice"),
    (change_game(game_id="g" * 161), "results[1].games[1].game_id"),
    (change_game(steps=[1, 2, 3]), "results[1].games[1].steps = [1, 2, 3] is wrong"),
    (change_game(steps=[-1]), "results[1].games[1].steps = [-1] is wrong"),
    (change_game(termination=9), "results[1].games[1].termination = 9 is wrong: must be one of"),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG, ids=[message[:60] for _, message in WRONG])
def test_a_malformed_result_is_named(spoil: Callable[[Result], None], message: str) -> None:
    spoiled = result()
    spoil(spoiled)
    with pytest.raises(InvalidArgument) as caught:
        matches([result(), spoiled])
    assert message in str(caught.value)


@pytest.mark.parametrize("count", [0, 1001])
def test_a_request_has_1_to_1000_results(count: int) -> None:
    with pytest.raises(InvalidArgument, match=f"results has {count} entries; send 1 to 1000"):
        matches([result()] * count)


def test_players_to_compare() -> None:
    validation.check_compared([], 64)
    validation.check_compared(["race:1", "race:2"], 64)
    for players in (["race:1"], ["race:1", "race:1"], [f"race:{n}" for n in range(1, 66)]):
        with pytest.raises(InvalidArgument, match="players"):
            validation.check_compared(players, 64)
