from hypothesis import given
from hypothesis import strategies as st

from services.elo.log.match import Game, Match
from services.elo.log.payload import decode, digest, encode
from tests.unit.elo.played import match

games = st.builds(
    Game,
    game_id=st.text(max_size=9),
    rotation=st.integers(0, 2**31 - 1),
    scores=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=4).map(tuple),
    steps=st.lists(st.integers(0, 2**31 - 1), max_size=4).map(tuple),
    termination=st.integers(0, 3),
)
matches = st.builds(
    Match,
    match_id=st.text(min_size=1, max_size=9),
    ladder=st.text(min_size=1, max_size=9),
    seed=st.integers(0, 2**64 - 1),
    rules_hash=st.text(max_size=9),
    participants=st.lists(st.text(), min_size=2, max_size=4).map(tuple),
    games=st.lists(games, min_size=1, max_size=3).map(tuple),
    finish_nanoseconds=st.integers(-(2**62), 2**63),
)


@given(matches)
def test_what_is_decoded_is_what_was_encoded(one: Match) -> None:
    assert decode(encode(one)) == one
    assert encode(decode(encode(one))) == encode(one)


@given(matches, matches)
def test_different_matches_have_different_hashes(one: Match, other: Match) -> None:
    assert (digest(encode(one)) == digest(encode(other))) == (one == other)


def test_the_form_of_the_log_does_not_change() -> None:
    """Hashes in existing databases depend on it."""
    assert encode(match("m", ("race:1", "bot/random"), 0.5)) == (
        '{"finish_nanoseconds":1700000000123456789,"games":[{"game_id":"m/0","rotation":0,'
        '"scores":[0.5,0.5],"steps":[10],"termination":1}],"ladder":"race","match_id":"m",'
        '"participants":["race:1","bot/random"],"rules_hash":"rules","seed":9223372036854775809}'
    )
