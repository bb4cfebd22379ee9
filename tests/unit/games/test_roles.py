import dataclasses

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, get_game
from mazemesh.games.roles import cast, roles

PURSUIT = get_game("pursuit").spec(GameSettings(seats=3))
TAG = dataclasses.replace(
    get_game("race").spec(GameSettings(seats=3)),
    name="pettingzoo:simple_tag_v3",
    agents=("adversary_0", "adversary_1", "agent_0"),
)


def test_places_of_pursuit_are_an_evader_and_hunters() -> None:
    assert PURSUIT.agents == ("evader", "hunter-1", "hunter-2")
    assert roles(PURSUIT)["hunter"] == (1, 2)
    assert cast(PURSUIT, {"hunter": "h", "evader": "e"}) == [
        ("evader", "e", (0,)),
        ("hunter", "h", (1, 2)),
    ]
    assert cast(PURSUIT, {"0": "e", "1": "h"}) == [("0", "e", (0,)), ("1", "h", (1, 2))]


def test_teams_of_ctf_are_the_first_and_the_second() -> None:
    spec = get_game("ctf").spec(GameSettings(seats=4))
    assert spec.agents == ("first-1", "second-1", "first-2", "second-2")
    assert cast(spec, {"first": "a", "second": "b"}) == [
        ("first", "a", (0, 2)),
        ("second", "b", (1, 3)),
    ]


def test_agents_of_an_environment_go_by_their_names_and_families() -> None:
    found = cast(TAG, {"adversary_0": "a", "adversary_1": "b", "agent": "c"})
    assert [seats for _, _, seats in found] == [(0,), (1,), (2,)]
    assert cast(TAG, {"agent_0": "c", "adversary": "a"})[0] == ("adversary", "a", (0, 1))


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ({}, "policies: none; expected two or more.*evader=pursuit-evader,hunter=pursuit-hunter"),
        ({"evader": "a"}, "expected two or more"),
        ({"evader": "a", "hunter": "a"}, "each of another name"),
        ({"evader": "a", "wolf": "b"}, "no role 'wolf'; there are 0, 1, evader, hunter"),
        ({"evader": "a", "hunter-1": "b"}, r"have the seats \[0, 1\]; each of the 3 seats"),
        ({"evader": "a", "hunter": "b", "1": "c"}, r"seats \[0, 1, 1, 2, 2\]"),
    ],
)
def test_what_gives_not_each_seat_one_policy_is_refused(
    policies: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        cast(PURSUIT, policies)
