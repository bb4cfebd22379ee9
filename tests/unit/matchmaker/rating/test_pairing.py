import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.games import GameSettings
from services.matchmaker.rating.information import duel_bits, expected_score, match_bits
from services.matchmaker.rating.ladders import Snapshot, ladder_of, ladders, unshaped
from services.matchmaker.rating.pairing import Pairing, PairingRules, Pick
from services.matchmaker.rating.players import (
    START_RATING,
    UNKNOWN_DEVIATION,
    Player,
    Rating,
    nearest_bots,
    players_of,
)
from services.matchmaker.rating.rota import THREE, Rota, Rule
from tests.game_specs import known
from tests.unit.matchmaker.fakes import BOT_POLICIES

RACE = ladder_of(known("race"))
RULES = PairingRules(uniform_share=0.0, max_live=10_000)
BOTS = [Player(bot, 1000.0, 20.0, 100, bot=True) for bot in BOT_POLICIES]


def rated(
    version: int, rating: float = 1000.0, deviation: float = 60.0, matches: int = 50
) -> Player:
    return Player(f"race:{version}", rating, deviation, matches)


def many(pairing: Pairing, count: int, seed: int = 0) -> list[tuple[str, ...]]:
    rng = np.random.default_rng(seed)
    found = [pairing.next_match(rng) for _ in range(count)]
    return [match.participants for match in found if match is not None]


def firsts(players: list[Player], count: int, rules: PairingRules = RULES) -> list[Pick]:
    """The first match that is chosen, again and again: nothing is ever under way."""
    rng, rota = np.random.default_rng(0), Rota()
    found = [Pairing(players, {}, 2, rules, rota).next_match(rng) for _ in range(count)]
    return [match for match in found if match is not None]


def focus_counts(players: list[Player], count: int = 600) -> Counter[str]:
    """How often each player is in the first match that is chosen."""
    return Counter(policy for pick in firsts(players, count) for policy in pick.participants)


def test_bots_alone_have_nothing_to_play() -> None:
    pairing = Pairing(BOTS, {}, 2, RULES)
    assert pairing.next_match(np.random.default_rng(0)) is None
    assert pairing.settled()


def test_a_newcomer_meets_all_bots_and_the_last_snapshots_first() -> None:
    players = [*(rated(version) for version in range(1, 6)), rated(6, matches=0), *BOTS]
    matches = many(Pairing(players, {}, 2, RULES), 20)[: 3 * RULES.placement_matches]
    met = {policy for match in matches if "race:6" in match for policy in match} - {"race:6"}
    assert met >= {*BOT_POLICIES, "race:3", "race:4", "race:5"}
    assert sum("race:6" in match for match in matches) >= RULES.placement_matches


def test_where_nobody_has_a_result_all_is_placement_the_newest_first() -> None:
    players = [rated(1, matches=0), rated(2, matches=0), *BOTS]
    matches = many(Pairing(players, {}, 2, RULES), 2 * RULES.placement_matches)
    first, second = matches[: RULES.placement_matches], matches[RULES.placement_matches :]
    assert all("race:2" in match for match in first)
    met = sum("race:1" in match for match in first)
    assert all("race:1" in match for match in second[: RULES.placement_matches - met])


def test_a_newcomer_with_enough_under_way_gives_way() -> None:
    waiting = replace(rated(2, matches=0), pending=RULES.placement_matches)
    players = [rated(1, deviation=200.0, matches=1), waiting, *BOTS]
    matches = many(Pairing(players, {}, 2, RULES), 60)
    times = Counter(policy for match in matches for policy in match)
    assert times["race:1"] > times["race:2"]


def test_the_three_rules_have_equal_parts() -> None:
    # Each rule has another favourite, and the three never draw one another as opponents.
    highest = rated(1, rating=4000.0, deviation=50.0, matches=100)
    widest = rated(2, rating=-4000.0, deviation=300.0, matches=100)
    fewest = rated(3, rating=1000.0, deviation=50.0, matches=10)
    fillers = [
        *(rated(10 + i, rating=3990.0, deviation=49.0, matches=300) for i in range(3)),
        *(rated(20 + i, rating=-3990.0, deviation=49.0, matches=300) for i in range(3)),
        *(rated(30 + i, rating=990.0, deviation=49.0, matches=300) for i in range(3)),
    ]
    times = focus_counts([highest, widest, fewest, *fillers, *BOTS], 900)
    for player in (highest, widest, fewest):
        assert times[player.policy] == pytest.approx(300, abs=60)


def test_opponents_of_even_odds_are_preferred() -> None:
    focus = rated(1, deviation=100.0, matches=5)
    even = rated(2, rating=1000.0, deviation=20.0, matches=400)
    hopeless = rated(3, rating=2500.0, deviation=20.0, matches=400)
    times = focus_counts([focus, even, hopeless], 300)
    assert times[even.policy] > 290


def test_of_two_equal_opponents_the_less_known_tells_more() -> None:
    focus = rated(1, deviation=50.0, matches=5)
    known = rated(2, deviation=10.0, matches=400)
    unknown = rated(3, deviation=200.0, matches=400)
    times = focus_counts([focus, known, unknown], 1000)
    ratio = times[unknown.policy] / times[known.policy]
    assert ratio == pytest.approx((50**2 + 200**2) / (50**2 + 10**2), rel=0.25)


def test_a_share_is_uniform_so_that_old_versions_meet() -> None:
    # All but one are settled, and would not meet again.
    old = [rated(version, rating=0.0, deviation=10.0, matches=400) for version in range(1, 10)]
    players = [*old, rated(99, rating=3000.0, deviation=100.0, matches=50), *BOTS]
    uniform = [
        pick
        for pick in firsts(players, 1000, replace(RULES, uniform_share=0.08))
        if pick.rule is Rule.UNIFORM
    ]
    assert len(uniform) == pytest.approx(80, abs=1)
    times = Counter(policy for pick in uniform for policy in pick.participants)
    assert set(times) == {one.policy for one in players if not one.bot}
    assert all(count == pytest.approx(16, abs=12) for count in times.values())


@given(
    st.dictionaries(st.sampled_from(Rule), st.floats(0.01, 1.0), min_size=1),
    st.integers(1, 400),
)
def test_a_rule_never_strays_from_its_share_by_more_than_a_turn_a_rule(
    shares: dict[Rule, float], turns: int
) -> None:
    rota, total = Rota(), sum(shares.values())
    had = Counter(rota.turn(shares) for _ in range(turns))
    for rule, share in shares.items():
        assert had[rule] < turns * share / total + 1.0 + 1e-6
        assert had[rule] > turns * share / total - len(shares)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.booleans(), st.booleans())
def test_the_mix_has_its_shares_whoever_is_there(
    seed: int, versions: int, newcomer: bool, champion: bool
) -> None:
    rng = np.random.default_rng(seed)
    players = [
        rated(version, rng.normal(1200, 300), rng.uniform(40, 150), int(rng.integers(1, 60)))
        for version in range(1, versions + 1)
    ]
    if champion:
        players[0] = replace(players[0], champion=True)
    if newcomer:
        players.append(rated(versions + 1, matches=0))
    picks = firsts([*players, *BOTS], 300, PairingRules(starved_matches=10**6))
    had = Counter(pick.rule for pick in picks)
    fixed = {Rule.UNIFORM: 0.07}
    fixed |= {Rule.PLACEMENT: 0.4} if newcomer else {}
    fixed |= {Rule.CHAMPION: 0.1} if champion else {}
    for rule, share in fixed.items():
        assert had[rule] == pytest.approx(300 * share, abs=2)
    for rule in THREE:
        assert had[rule] == pytest.approx(100 * (1 - sum(fixed.values())), abs=2)
    assert sum(had.values()) == 300
    assert all(len(set(pick.participants)) == 2 and pick.bits >= 0.0 for pick in picks)


def test_who_was_left_out_gets_a_match() -> None:
    # By the three rules never: not the best, not the widest, not the fewest; and nobody's match.
    dull = rated(1, rating=-3000.0, deviation=35.0, matches=60)
    others = [rated(version, 1000.0, 60.0, 31) for version in range(2, 6)]
    rules = replace(RULES, starved_matches=30, starved_share=0.1)
    picks = firsts([dull, *others], 400, rules)
    starved = [place for place, pick in enumerate(picks) if pick.rule is Rule.STARVED]
    assert starved
    assert any(dull.policy in picks[place].participants for place in starved)
    waits, last = [], 0
    for place, pick in enumerate(picks):
        if dull.policy in pick.participants:
            waits.append(place - last)
            last = place
    assert max(waits) <= 30 + 15
    none = firsts([dull, *others], 400, replace(RULES, starved_share=0.0))
    assert not any(dull.policy in pick.participants for pick in none)


def test_a_new_champion_gets_its_games_until_it_is_known() -> None:
    settled = [rated(version, 1000.0, 15.0, 60) for version in range(1, 5)]
    assert not firsts([*settled, *BOTS], 5)
    crowned = [*settled[:-1], replace(settled[-1], champion=True), *BOTS]
    pairing = Pairing(crowned, {}, 2, RULES)
    assert not pairing.settled()
    matches = many(pairing, 200)
    assert 40 <= len(matches) <= 200  # up to champion_matches, and not one more of its own
    assert all("race:4" in match for match in matches)
    assert pairing.settled()


def test_no_snapshot_has_more_matches_under_way_than_it_may() -> None:
    players = [rated(version, deviation=100.0, matches=5) for version in range(1, 4)]
    pairing = Pairing([*players, *BOTS], {}, 2, replace(RULES, max_live=6))
    times = Counter(policy for match in many(pairing, 100) for policy in match)
    assert all(times[one.policy] == 6 for one in players)
    full = [replace(one, live=6) for one in players]
    assert (
        Pairing([*full, *BOTS], {}, 2, replace(RULES, max_live=6)).next_match(
            np.random.default_rng(0)
        )
        is None
    )


def test_information_is_half_the_logarithm_of_how_much_the_variance_shrinks() -> None:
    one, other = rated(1, deviation=60.0), rated(2, deviation=80.0)
    scale = math.log(10) / 400
    variance = 60.0**2 + 80.0**2
    after = 1.0 / (1.0 / variance + 2 * scale**2 / 4)
    assert duel_bits(one, other, 2) == pytest.approx(0.5 * math.log2(variance / after))
    assert duel_bits(one, rated(3, rating=3000.0, deviation=80.0), 2) < 0.01
    assert match_bits(one, [other, other], 2) == pytest.approx(2 * duel_bits(one, other, 2))


def test_pending_matches_narrow_the_interval_by_the_square_root_law() -> None:
    player = replace(rated(1, rating=1000.0, deviation=60.0, matches=25), pending=75)
    assert player.expected_deviation == pytest.approx(30.0)
    assert player.upper == pytest.approx(1000.0 + 1.96 * 30.0)
    assert player.half_width == pytest.approx(1.96 * 60.0)
    newcomer = replace(rated(1, deviation=UNKNOWN_DEVIATION, matches=0), pending=4)
    assert newcomer.expected_deviation == pytest.approx(UNKNOWN_DEVIATION / 5**0.5)


def test_pending_matches_count_so_that_a_batch_is_spread() -> None:
    players = [*(rated(version, deviation=100.0, matches=5) for version in range(1, 21)), *BOTS]
    matches = many(Pairing(players, {}, 2, RULES), 60)
    times = Counter(policy for match in matches for policy in match)
    assert all(times[f"race:{version}"] >= 2 for version in range(1, 21))


def test_a_ladder_rests_when_every_interval_is_narrow() -> None:
    narrow = [rated(version, deviation=15.0, matches=60) for version in range(1, 4)]
    pairing = Pairing([*narrow, *BOTS], {}, 2, RULES)
    assert pairing.settled()
    assert pairing.next_match(np.random.default_rng(0)) is None
    wide = [*narrow, rated(4, deviation=30.0, matches=60), *BOTS]
    assert not Pairing(wide, {}, 2, RULES).settled()
    few = [*narrow, rated(4, deviation=15.0, matches=29), *BOTS]
    assert not Pairing(few, {}, 2, RULES).settled()
    hopeless = [*narrow, rated(4, deviation=300.0, matches=400), *BOTS]
    assert Pairing(hopeless, {}, 2, RULES).settled()


def test_more_seats_take_more_players_and_too_few_players_none() -> None:
    players = [rated(1, matches=5), rated(2, matches=5), *BOTS]
    for match in many(Pairing(players, {}, 4, RULES), 20):
        assert len(match) == len(set(match)) == 4
    assert Pairing(players, {}, 6, RULES).next_match(np.random.default_rng(0)) is None


def test_the_seats_are_drawn() -> None:
    matches = many(Pairing([rated(1, deviation=400.0), *BOTS], {}, 2, RULES), 60)
    first = sum(match[0] == "race:1" for match in matches)
    assert 15 < first < 45


PLAYERS = st.lists(
    st.builds(
        Player,
        st.just(""),
        st.floats(-3000, 5000),
        st.floats(0, 400),
        st.integers(0, 500),
        st.integers(0, 20),
    ),
    max_size=12,
)


@given(PLAYERS, st.integers(2, 4), st.integers(0, 2**32 - 1), st.booleans())
def test_whatever_the_ladder_a_match_has_different_known_players(
    raw: list[Player], size: int, seed: int, with_bots: bool
) -> None:
    players = [replace(one, policy=f"race:{index}") for index, one in enumerate(raw)]
    players += BOTS if with_bots else []
    known = {player.policy for player in players}
    for match in many(Pairing(players, {}, size, PairingRules()), 20, seed):
        assert len(match) == len(set(match)) == size
        assert set(match) <= known


def test_expected_score_is_on_the_elo_scale() -> None:
    assert expected_score(1400, 1000) == pytest.approx(10 / 11)
    assert expected_score(1000, 1000) == 0.5


def test_players_have_their_ratings_and_newcomers_that_of_their_parent() -> None:
    ladder = replace(
        RACE, snapshots=tuple(Snapshot("race", version, RACE) for version in (1, 2, 3))
    )
    ratings = {
        "race:2": Rating(1200.0, 1100.0, 1300.0, 40),
        "bot/random": Rating(700.0, 690.0, 710.0, 60),
        "race:3": Rating(0.0, 0.0, 0.0, 0),
    }
    players = {one.policy: one for one in players_of(ladder, ratings, {"race:3": 4})}
    assert list(players) == ["race:1", "race:2", "race:3", *BOT_POLICIES]
    assert players["race:1"].rating == START_RATING
    assert players["race:1"].deviation == UNKNOWN_DEVIATION
    assert players["race:2"].half_width == pytest.approx(100.0)
    assert players["race:3"] == Player("race:3", 1200.0, UNKNOWN_DEVIATION, 0, pending=4)
    assert players["bot/random"].bot


def test_the_nearest_bot_by_rating() -> None:
    ratings = {
        "bot/random": Rating(600.0, 590.0, 610.0, 60),
        "bot/shortest-path": Rating(1500.0, 1490.0, 1510.0, 60),
    }
    best_first = ["bot/shortest-path", "bot/wall-follower", "bot/random"]
    assert nearest_bots(RACE.bots, 1450.0, ratings) == best_first
    assert nearest_bots(RACE.bots, 500.0, ratings)[0] == "bot/random"


def test_ladders_of_default_games_and_of_what_snapshots_play() -> None:
    small = ladder_of(known("race", unshaped(GameSettings(width=6, height=6, shaping=0.3))))
    coop_keys, solo = ladder_of(known("coop-keys")), ladder_of(known("solo"))
    found = ladders(
        [RACE, coop_keys],
        [
            Snapshot("b", 2, RACE),
            Snapshot("b", 1, RACE),
            Snapshot("a", 1, small),
            Snapshot("c", 1, solo),
            Snapshot("e", 1, coop_keys),
        ],
    )
    by_name = {one.name: one for one in found}
    assert list(by_name) == ["coop-keys", "race", "race-6x6", "solo"]
    assert [one.policy for one in by_name["coop-keys"].snapshots] == ["e:1"]
    assert by_name["coop-keys"].players == 2  # a time trial of whole teams
    assert [one.policy for one in by_name["race"].snapshots] == ["b:1", "b:2"]
    assert by_name["race-6x6"].settings.shaping == 0.0
    assert by_name["solo"].players == 2  # a time trial
