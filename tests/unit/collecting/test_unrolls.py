import numpy as np

from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import TERMINATED, TRUNCATED
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.policy.sampling import log_probability
from tests.unit.actor.play import ACTIONS, SIZE, random_play


def test_an_unroll_is_the_games_steps_in_order() -> None:
    games, length = 3, 8
    played = random_play(2 * length, games, seed=5)
    collector = UnrollCollector(games, length, Shown.flat(SIZE, ACTIONS))
    pairs = zip(played.decisions, played.consequences, strict=True)
    batches = [batch for d, c in pairs if (batch := collector.add(d, c)) is not None]
    assert len(batches) == 2
    for number, batch in enumerate(batches):
        assert batch.rows == games
        assert batch.priorities is None
        assert (batch.policy_versions == number * length).all()
        for at in range(length):
            decision = played.decisions[number * length + at]
            consequence = played.consequences[number * length + at]
            columns = batch.columns
            assert (columns["observation"][:, at] == decision.observation).all()
            assert (columns["action_mask"][:, at] == decision.action_mask).all()
            assert (columns["action"][:, at] == decision.action).all()
            logged = columns["behaviour_log_probability"][:, at]
            expected = log_probability(decision.logits, decision.action)
            np.testing.assert_allclose(logged, expected, rtol=1e-6)
            assert (columns["reward"][:, at] == consequence.reward).all()
            ended = consequence.status
            assert (columns["terminated"][:, at] == (ended == TERMINATED)).all()
            assert (columns["truncated"][:, at] == (ended == TRUNCATED)).all()
            bootstrap = np.zeros(games, np.float32)
            bootstrap[consequence.truncated_games] = consequence.final_value
            assert (columns["bootstrap_value"][:, at] == bootstrap).all()
        last = played.consequences[(number + 1) * length - 1]
        assert (batch.columns["last_observation"] == last.observation).all()
        assert (batch.columns["last_action_mask"] == last.action_mask).all()


def test_clearing_forgets_the_unfinished_unroll() -> None:
    played = random_play(6, 2, seed=6)
    collector = UnrollCollector(2, 4, Shown.flat(SIZE, ACTIONS))
    for at in range(3):
        assert collector.add(played.decisions[at], played.consequences[at]) is None
    collector.clear()
    for at in range(3):
        assert collector.add(played.decisions[at], played.consequences[at]) is None
    batch = collector.add(played.decisions[3], played.consequences[3])
    assert batch is not None
    assert (batch.columns["observation"][:, 0] == played.decisions[0].observation).all()


def test_whom_the_student_met_goes_with_every_step() -> None:
    played = random_play(4, 3, seed=5)
    collector = UnrollCollector(3, 4, Shown.flat(SIZE, ACTIONS), opponents=True)
    pairs = zip(played.decisions, played.consequences, strict=True)
    (batch,) = [batch for d, c in pairs if (batch := collector.add(d, c)) is not None]
    expected = np.stack([one.opponent for one in played.decisions], axis=1)
    np.testing.assert_array_equal(batch.columns["opponent"], expected)
