import json

from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.v1 import elo_pb2
from services.elo.log.match import Game, Match
from services.elo.wire.results.payloads import MANY, batch, decode, decode_all, encode
from tests.unit.elo.played import match

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=9)
games = st.builds(
    Game,
    game_id=texts,
    rotation=st.integers(0, 2**31 - 1),
    scores=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=4).map(tuple),
    steps=st.lists(st.integers(0, 2**31 - 1), max_size=4).map(tuple),
    termination=st.integers(0, 3),
    teams=st.lists(st.integers(0, 63), max_size=4).map(tuple),
)
matches = st.builds(
    Match,
    match_id=texts,
    ladder=texts,
    seed=st.integers(0, 2**64 - 1),
    rules_hash=texts,
    participants=st.lists(texts, min_size=2, max_size=4).map(tuple),
    games=st.lists(games, min_size=1, max_size=3).map(tuple),
    finish_nanoseconds=st.integers(0, 9 * 10**18),
)


@settings(max_examples=40, deadline=None)
@given(matches)
def test_what_is_decoded_is_what_was_encoded(one: Match) -> None:
    assert decode(encode(one)) == one
    assert encode(decode(encode(one))) == encode(one)


@settings(max_examples=40, deadline=None)
@given(matches, matches)
def test_different_matches_have_different_bytes(one: Match, other: Match) -> None:
    assert (encode(one) == encode(other)) == (one == other)


def test_the_form_of_the_log_does_not_change() -> None:
    """Whether a result is a duplicate depends on it."""
    assert encode(match("m", ("race:1", "bot/random"), 0.5)).hex() == (
        "0a016d1204726163651881808080808080808001220572756c65732a06726163653a312a0a626f742f72616e"
        "646f6d32140a036d2f301a080000003f0000003f22010a28013a0b0880e2cfaa0610959aef3a"
    )


def test_entries_of_before_are_read() -> None:
    one = match("m", ("race:1", "bot/random"), 0.5)
    content = one._asdict()
    content["games"] = [game._asdict() for game in one.games]
    del content["games"][0]["teams"]
    assert decode(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()) == one
    late = {**content, "finish_nanoseconds": 10**20}
    assert decode(json.dumps(late).encode()).finish_nanoseconds == 9 * 10**18


def test_many_duels_are_columns_and_few_or_others_are_not() -> None:
    duels = [match(f"m{n}", ("race:1", "bot/random"), 1.0, 0.0) for n in range(MANY)]
    three = match("t", ("race:1", "race:2", "bot/random"), (1.0, 0.5, 0.0))
    columns = decode_all(list(map(encode, duels)))
    assert not isinstance(columns, list)
    assert len(columns) == MANY
    assert decode_all(list(map(encode, duels[1:]))) == duels[1:]
    mixed = [*duels, three]
    assert decode_all(list(map(encode, mixed))) == mixed
    # An entry that takes a match back is no duel, though two played it.
    back = duels[0]._replace(match_id="retracted/m0", retracts="m0")
    assert decode_all(list(map(encode, [*duels, back]))) == [*duels, back]
    assert batch([*duels, back]).content == [*duels, back]


def test_fields_that_the_contract_does_not_know_are_left_out() -> None:
    from services.elo.wire.results.payloads import of_message

    one = encode(match("m", ("race:1", "bot/random"), 0.5))
    unknown = bytes([15 << 3 | 2, 1, 65])
    assert of_message(elo_pb2.MatchResult.FromString(one + unknown)) == one
