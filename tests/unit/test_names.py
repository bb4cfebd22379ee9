"""One grammar: what CreateGames accepts, RecordResults accepts."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mazemesh import names
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.v1 import elo_pb2
from services.elo.wire import validation
from services.game.matches.match import Match, lay_out
from services.game.matches.setup import MatchSetup
from services.game.play.outcome import Outcome
from services.game.wire.convert import match_result

SEED = seeds.seed(Purpose.EVALUATION, 1)

NAMES = st.one_of(
    st.text(max_size=70),
    st.text(alphabet="abz09._-:/@A 0", min_size=1, max_size=70),
    st.from_regex(names.PLAYER.pattern, fullmatch=True),
    st.sampled_from(
        ["race:0", "race:01", "race:1", "bot/random", "bot/nobody", "player/zoe", "a:1 "]
    ),
)
MATCH_IDS = st.one_of(
    st.text(max_size=130),
    st.from_regex(names.MATCH_ID.pattern, fullmatch=True),
    st.sampled_from(["a b", "m", "m" * 128, "m" * 129, "m\n", "é"]),
)


@st.composite
def setups(draw: st.DrawFn) -> MatchSetup | None:
    """A match that CreateGames accepts, or None."""
    game = get_game(
        draw(st.sampled_from(["solo", "race", "pursuit", "collect", "coop-keys", "ctf"]))
    )
    least, step = game.min_seats, game.seats_multiple
    choices = [n for n in range(least, game.max_seats + 1) if n % step == 0]
    settings = game.resolve(GameSettings(seats=draw(st.sampled_from(choices))))
    several = st.sampled_from([2, settings.seats, 17, 64, 65])
    number = draw(several)
    named = draw(st.lists(NAMES, max_size=3))
    participants = [*named, *(f"race:{index + 1}" for index in range(number))][:number]
    try:
        return MatchSetup(
            match_id=draw(MATCH_IDS),
            game=game,
            settings=settings,
            seed=SEED,
            participants=tuple(participants),
            rated=True,
            rotations=draw(st.sampled_from([0, 0, 1, settings.seats])),
            fence=1,
        )
    except InvalidArgument:
        return None


def scores_of(setup: MatchSetup, rotation: int, luck: float) -> tuple[float, ...]:
    """One score a seat, the same for all of a team."""
    teams = setup.teams_of(rotation) or range(setup.settings.seats)
    best = int(luck * setup.num_teams)
    return tuple(float(team == best) for team in teams)


@hypothesis_settings(deadline=None, max_examples=200)
@given(setups(), st.floats(0, 0.99))
def test_what_create_games_accepts_record_results_accepts(
    setup: MatchSetup | None, luck: float
) -> None:
    if setup is None:
        return
    match = Match(setup, create_time=1.0, touched=1.0)
    lay_out(match)
    for game in match.games:
        scores = scores_of(setup, game.rotation, luck)
        match.note(game, Outcome(scores, 9, False, scores, (False,) * len(scores)), 2.0)
    result = elo_pb2.MatchResult.FromString(match_result(match))
    (found,) = asyncio.run(validation.matches([result]))
    assert found.participants == setup.participants
    assert found.match_id == setup.match_id


@pytest.mark.parametrize(
    "participants", [("race:0", "race:1"), ("race:01", "race:1"), ("race:1", "bot/nobody")]
)
def test_who_could_not_be_rated_cannot_take_part(participants: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument, match=r"participants\[[01]\]"):
        setup_of("m", participants)


@pytest.mark.parametrize("match_id", ["", "a b", "a\n", "m" * 129, "é"])
def test_a_match_id_that_elo_refuses_is_refused_at_once(match_id: str) -> None:
    with pytest.raises(InvalidArgument, match="match_id = "):
        setup_of(match_id, ("race:1", "race:2"))


def setup_of(match_id: str, participants: tuple[str, ...]) -> MatchSetup:
    game = get_game("race")
    return MatchSetup(match_id, game, game.resolve(GameSettings()), SEED, participants, True, 0, 1)


@pytest.mark.parametrize("player", ["race:12", "bot/random", "player/Zoe@home", "a.b-c_9:1"])
def test_players(player: str) -> None:
    assert names.PLAYER.check("player", player) == player


@pytest.mark.parametrize(
    "player",
    ["race", "race:0", "Race:1", "race:latest", "player/", "player/a b", "x/y:1", "race:1\n"],
)
def test_what_is_no_player(player: str) -> None:
    with pytest.raises(InvalidArgument, match="field = "):
        names.PLAYER.check("field", player)


def test_an_alias_is_no_number() -> None:
    assert names.ALIAS.accepts("v2")
    assert not names.ALIAS.accepts("12")


def test_lengths() -> None:
    for grammar, most in (
        (names.POLICY, 64),
        (names.ALIAS, 64),
        (names.GAME, 64),
        (names.LADDER, 128),
        (names.MATCH_ID, 128),
        (names.GAME_ID, 160),
        (names.TABLE, 128),
        (names.REQUEST_ID, 128),
        (names.WORKER_ID, 128),
        (names.TICKET_ID, 128),
    ):
        assert grammar.accepts("a" * most)
        assert not grammar.accepts("a" * (most + 1))
        assert not grammar.accepts("")
        assert not grammar.accepts("a b")
