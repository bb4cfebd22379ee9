"""Every seat that a present version holds trains, no other does, and rows are whole play.

The games here show each seat where it is: game, seat, episode and step are its observation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from prometheus_client import CollectorRegistry

from actor.metrics import ActorMetrics
from actor.selfplay.seats.crew import Trainee
from actor.selfplay.seats.seat_plan import Part, Reseat, SeatPlan
from actor.selfplay.selfplay import TrainingGames
from mazemesh.client.game.games_session import Step
from mazemesh.collecting.acting import Collector, SoftmaxActing, method
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.sequences import SequenceCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import TRUNCATED
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.errors import NotFound
from mazemesh.experience import policy_digest, unroll_signature, with_global_state
from mazemesh.games import get_game
from mazemesh.games.spaces import Box, Discrete
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.onnx_policy import Float, Observation
from mazemesh.v1.model_pb2 import Collection, SequenceCollection
from tests.unit.actor.play import ACTIONS

SIZE, LENGTH = 4, 6
STATE = Box((0.0,), (255.0,), (3,), "uint8")
"""What a central critic is told: game, episode and step."""

Place = tuple[int, int, int]
"""Game, seat and episode."""


class ShownGames:
    """A session whose games tell where each seat is; a seat earns what its step's number is.

    Where seats take `turns`, one has a move in each step, and earns when it has one again.
    """

    def __init__(self, games: int, seats: int, seed: int, *, turns: bool = False) -> None:
        self._games, self._seats, self._turns = games, seats, turns
        self._rng = np.random.default_rng(seed)
        self._episode = np.zeros(games, np.int64)
        self._at = np.zeros(games, np.int64)
        self.reseats: list[Reseat] = []
        self.step = self._told(np.zeros(games, np.uint8), np.zeros(games, np.float32), [])

    def send(self, actions: npt.NDArray[np.int8], reseat: Reseat | None = None) -> None:
        assert actions.shape == (self._games, self._seats)
        if reseat is not None:
            self.reseats.append(reseat)

    def receive(self) -> Step:
        status = self._rng.choice([0, 1, 2], self._games, p=[0.7, 0.2, 0.1]).astype(np.uint8)
        reward = self._at.astype(np.float32)
        self._at += 1
        finals = [self._views()[game] for game in np.flatnonzero(status == TRUNCATED)]
        ended = status != 0
        self._episode[ended] += 1
        self._at[ended] = 0
        self.step = self._told(status, reward, finals)
        return self.step

    def _views(self) -> npt.NDArray[np.uint8]:
        shape = self._games, self._seats
        places = (np.arange(self._games)[:, None], np.arange(self._seats)[None])
        columns = (*places, self._episode[:, None], self._at[:, None])
        return np.stack([np.broadcast_to(one, shape) for one in columns], axis=2).astype(np.uint8)

    def _told(
        self, status: npt.NDArray[np.uint8], reward: Float, finals: Sequence[npt.NDArray[Any]]
    ) -> Step:
        games, seats = self._games, self._seats
        ended = np.flatnonzero(status).astype(np.int32)
        observation, final = self._views(), np.array(finals, np.uint8).reshape(-1, seats, SIZE)
        masks = np.ones((games, seats, ACTIONS), np.uint8)
        acting = np.zeros((0, seats), np.bool_)
        if self._turns:
            acting = np.arange(seats) == self._at[:, None] % seats
        return Step(
            sequence=0,
            observation=observation,
            action_mask=masks,
            reward=np.repeat(reward[:, None], seats, axis=1),
            status=status,
            ended_games=ended,
            ended_scores=np.tile(np.arange(seats, dtype=np.float32), (len(ended), 1)),
            ended_steps=np.zeros(len(ended), np.int32),
            ended_successes=np.tile(np.arange(seats) == 1, (len(ended), 1)),
            final_observation=final,
            final_action_mask=np.ones((len(finals), seats, ACTIONS), np.uint8),
            seat_status=np.zeros((0, seats), np.uint8),
            acting=acting,
            observations={"observation": observation},
            action_masks={"action_mask": masks},
            final_observations={"observation": final},
            final_action_masks={"action_mask": np.ones((len(final), seats, ACTIONS), np.uint8)},
            states={"state": observation[:, 0, [0, 2, 3]]},
            final_states={},
        )


class Valuing:
    """A policy whose value of what it sees names it: the observation's bytes as one number."""

    greedy = False
    state_size = 0
    deciding = Deciding(Discrete(ACTIONS))

    def __init__(self, digest: int) -> None:
        self.version, self.digest = 1, digest
        self.rows: list[npt.NDArray[np.uint8]] = []

    def infer(
        self, observation: Observation, action_mask: npt.NDArray[np.uint8], state: Float
    ) -> tuple[Float, Float, Float]:
        self.rows.append(observation)
        logits = np.zeros(action_mask.shape, np.float32)
        return logits, value_of(observation), np.zeros((len(logits), 0), np.float32)


def value_of(observation: Observation) -> Float:
    return (observation @ np.array([1000.0, 100.0, 0.25, 1.0])).astype(np.float32)


class Names:
    """Opponents in turn."""

    def __init__(self, *names: str) -> None:
        self._names, self._at = names, 0

    def take(self) -> str:
        self._at += 1
        return self._names[self._at % len(self._names)]

    def report(self, opponent: str, score: float) -> None:
        pass


class Told:
    """Plays games and notes which seats train in each episode, and whom they meet."""

    def __init__(
        self,
        plan: SeatPlan,
        collectors: Sequence[Collector],
        digests: Sequence[int],
        seed: int = 0,
        *,
        turns: bool = False,
    ) -> None:
        games, rng = len(plan.student_seat), np.random.default_rng(seed)
        self.session = ShownGames(games, plan.seats, seed, turns=turns)
        self.opponent, self.registry = Valuing(77), CollectorRegistry()
        self.policies = [Valuing(digest) for digest in digests]
        trainees = [
            Trainee(lambda p=policy: p, SoftmaxActing(rng), collector)  # type: ignore[misc]
            for policy, collector in zip(self.policies, collectors, strict=True)
        ]
        self.plan = plan
        self.games = TrainingGames(
            self.session,
            self.session.step,
            plan,
            trainees,
            self.load,
            ActorMetrics(self.registry),
            rng,
            steady=not (plan.contested or turns),
        )
        self.met: dict[Place, int] = {}
        self._note(range(games))

    def load(self, name: str) -> Any:
        if name.startswith("gone"):
            raise NotFound(name)
        return self.opponent

    def play(self, turns: int) -> list[list[dict[str, npt.NDArray[np.generic]]]]:
        """Rows by trainee."""
        found: list[list[dict[str, npt.NDArray[np.generic]]]] = [[] for _ in self.policies]
        for _ in range(turns):
            batches = self.games.turn()
            self._note(self.session.step.ended_games.tolist())
            for rows, batch in zip(found, batches, strict=True):
                if batch is not None:
                    named = [
                        {name: column[row] for name, column in batch.columns.items()}
                        for row in range(batch.rows)
                    ]
                    rows += named
        return found

    def _note(self, games: Any) -> None:
        for game in games:
            for seat in np.flatnonzero(self.plan.trained[game]).tolist():
                name = self.plan.opponent[game]
                itself = self.plan.mirror[game]
                digest = policy_digest(name.encode()) if name.startswith("bot/") else 77
                if itself:
                    digest = self.policies[self.plan.adversary[seat]].digest
                self.met[game, seat, int(self.session._episode[game])] = digest


def own_pace(rows: int, ready: int = 1) -> OwnPaceUnrollCollector:
    plain = unroll_signature(LENGTH, SIZE, ACTIONS, opponents=True)
    signature = with_global_state(plain, LENGTH, STATE)
    return OwnPaceUnrollCollector(rows, signature, Shown.flat(SIZE, ACTIONS), ready)


def check_rows(rows: Sequence[dict[str, Any]], met: dict[Place, int]) -> dict[Place, list[int]]:
    """Each row is whole play of seats that train; the steps that there were, by episode."""
    steps: dict[Place, list[int]] = defaultdict(list)
    for row in rows:
        seen = [tuple(one.tolist()) for one in row["observation"]]
        for at, (game, seat, episode, step) in enumerate(seen):
            place = game, seat, episode
            assert row["opponent"][at] == met[place]
            assert row["reward"][at] == step
            steps[place].append(step)
            ended = row["terminated"][at] or row["truncated"][at]
            if "global_state" in row:
                assert row["global_state"][at].tolist() == [game, episode, step]
            last = np.array([game, seat, episode, step + 1], np.uint8)
            wanted = value_of(last) if row["truncated"][at] else 0
            assert row["bootstrap_value"][at] == wanted
            assert row["success"][at] == (ended and seat == 1)
        following = [*seen, tuple(row["last_observation"].tolist())]
        if "global_state" in row and not (row["terminated"][-1] or row["truncated"][-1]):
            game, _, episode, step = seen[-1]
            assert row["last_global_state"].tolist() == [game, episode, step + 1]
        for at, (before, after) in enumerate(pairwise(following)):
            if not (row["terminated"][at] or row["truncated"][at]):
                assert after == (*before[:3], before[3] + 1)
            elif at + 1 < len(seen):
                assert after[3] == 0
    return steps


def check_complete(steps: dict[Place, list[int]], met: dict[Place, int], unfinished: int) -> None:
    """No step twice, and all of what is long over."""
    for place, found in steps.items():
        assert sorted(found) == list(range(len(found))), place
    whole = {place for place, found in steps.items() if found}
    assert len(set(met) - whole) <= unfinished


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("teams", [(), (0, 1, 0, 1)])
def test_unrolls_are_whole_play_of_all_seats_that_train(seed: int, teams: tuple[int, ...]) -> None:
    games, seats = 7, len(teams) or 2
    names = Names("race:latest", "bot/random", "race:latest", "race:4", "gone:1")
    plan = SeatPlan(games, seats, names, teams, student="race")
    told = Told(plan, [own_pace(games * seats)], [5], seed)
    (rows,) = told.play(80)
    steps = check_rows(rows, told.met)
    # At most one unroll a row is unfinished, and an episode or two are in each.
    check_complete(steps, told.met, unfinished=2 * LENGTH * games)
    mirrors = sum(met == 5 for met in told.met.values())
    assert 0.3 < mirrors / len(told.met) < 0.95
    moved = told.registry.get_sample_value("mazemesh_actor_agent_steps_total")
    assert moved is not None
    assert moved - LENGTH * games * seats <= sum(map(len, steps.values())) <= moved


def test_no_unroll_waits_for_its_own_seat_to_be_the_students_again() -> None:
    """The rows of seats that went to opponents are filled by whoever comes next."""
    games = 16
    plan = SeatPlan(games, 2, Names("race:latest", *["race:4"] * 7), student="race")
    collector = own_pace(games * 2)
    told = Told(plan, [collector], [5])
    told.play(200)
    # Seldom do two of the sixteen games meet the latest at once, beyond that nothing is begun.
    used = np.flatnonzero(collector._at)
    assert used.max() < games + 8


@pytest.mark.parametrize("seed", range(2))
def test_transitions_begin_and_end_in_one_seats_episode(seed: int) -> None:
    games = 5
    collector = TransitionCollector(
        games * 2, 3, 1.0, Shown.flat(SIZE, ACTIONS), opponents=True, batch_rows=1
    )
    plan = SeatPlan(games, 2, Names("race:latest", "race:4"), student="race")
    told = Told(plan, [collector], [5], seed)
    (rows,) = told.play(60)
    begun: dict[Place, list[int]] = defaultdict(list)
    for row in rows:
        game, seat, episode, step = row["observation"].tolist()  # type: ignore[misc]
        begun[game, seat, episode].append(step)
        assert row["opponent"] == told.met[game, seat, episode]
        if row["bootstrap_discount"]:
            after = row["next_observation"].tolist()
            assert after[:3] == [game, seat, episode]  # type: ignore[index]
            reward = sum(range(step, after[3]))  # type: ignore[index, misc]
            assert row["n_step_return"] == reward
    check_complete(begun, told.met, unfinished=2 * games)


def test_sequences_are_whole_play_too() -> None:
    games, wanted = 5, SequenceCollection(length=LENGTH, burn_in=2, n_step=2, discount=0.9)
    collector = SequenceCollector(games * 2, wanted, Shown.flat(SIZE, ACTIONS), opponents=True)
    plan = SeatPlan(games, 2, Names("race:latest", "race:4"), student="race")
    told = Told(plan, [collector], [5])
    (rows,) = told.play(80)
    assert len(rows) > 50
    for row in rows:
        seen = [tuple(one.tolist()) for one in row["observation"]]
        for at, (before, after) in enumerate(pairwise(seen)):
            assert row["opponent"][at] == told.met[before[:3]]
            if not (row["terminated"][at] or row["truncated"][at]):
                assert after == (*before[:3], before[3] + 1)


@pytest.mark.parametrize("seed", range(4))
def test_where_seats_take_turns_a_row_goes_from_a_seats_move_to_its_next(seed: int) -> None:
    games, seats = 5, 2
    plan = SeatPlan(games, seats, Names("race:latest", "race:4"), student="race")
    told = Told(plan, [own_pace(games * seats)], [5], seed, turns=True)
    (rows,) = told.play(150)
    steps: dict[Place, list[int]] = defaultdict(list)
    for row in rows:
        seen = [tuple(one.tolist()) for one in row["observation"]]
        following = [*seen, tuple(row["last_observation"].tolist())]
        for at, (before, after) in enumerate(pairwise(following)):
            game, seat, episode, step = before
            assert step % seats == seat
            assert row["opponent"][at] == told.met[game, seat, episode]
            steps[game, seat, episode].append(step)
            if not (row["terminated"][at] or row["truncated"][at]):
                assert after == (game, seat, episode, step + seats)
                assert row["reward"][at] == step + seats - 1
            elif at + 1 < len(seen):
                assert after[3] in range(seats)
            if row["truncated"][at]:
                # It saw the end one or two steps after its move, whoever made the last one.
                last = [
                    np.array([game, seat, episode, step + more]) for more in range(1, seats + 1)
                ]
                assert row["bootstrap_value"][at] in {float(value_of(one)) for one in last}
    for place, found in steps.items():
        assert sorted(found) == list(range(place[1], max(found) + 1, seats))
    moved = told.registry.get_sample_value("mazemesh_actor_agent_steps_total")
    assert moved is not None
    assert moved - LENGTH * games * seats <= sum(map(len, steps.values())) <= moved


def test_where_all_win_together_every_seat_trains_in_step() -> None:
    games, seats = 3, 2
    collector = UnrollCollector(
        games * seats, LENGTH, Shown.flat(SIZE, ACTIONS), opponents=True, state_space=STATE
    )
    plan = SeatPlan(games, seats, Names("race:latest"), (0, 0), student="race")
    told = Told(plan, [collector], [5])
    (rows,) = told.play(3 * LENGTH)
    assert len(rows) == 3 * games * seats
    assert "last_global_state" in rows[0]
    steps = check_rows(rows, dict.fromkeys(told.met, 0))
    assert sum(map(len, steps.values())) == 3 * LENGTH * games * seats


def test_each_policy_of_a_run_learns_from_its_own_seats_and_meets_the_others() -> None:
    games = 8
    parts = [
        Part("evader", (0,), Names("hunters:latest", "hunters:9", "bot/random")),
        Part("hunters", (1, 2), Names("evader:latest", "evader:3")),
    ]
    plan = SeatPlan(games, 3, parts, (0, 1, 1))
    told = Told(plan, [own_pace(games), own_pace(2 * games)], [5, 6])
    rows = told.play(80)
    for own, seats, adversary in zip(rows, ({0}, {1, 2}), (6, 5), strict=True):
        steps = check_rows(own, told.met)
        assert {seat for _, seat, _ in steps} == seats
        assert adversary in {told.met[place] for place in steps}
        mine = {place: met for place, met in told.met.items() if place[1] in seats}
        check_complete(steps, mine, unfinished=2 * LENGTH * games)


def test_all_that_a_policy_plays_is_inferred_at_once() -> None:
    plan = SeatPlan(6, 2, Names("race:latest"), student="race")
    told = Told(plan, [own_pace(12)], [5])
    told.play(10)
    assert len(told.policies[0].rows) == 11
    assert all(len(rows) >= 12 for rows in told.policies[0].rows)
    assert not told.opponent.rows


@pytest.mark.parametrize("seats", [1, 2])
def test_unrolls_are_filled_in_step_where_no_seat_changes_hands(seats: int) -> None:
    collection = Collection(game="race")
    collection.unroll.length = LENGTH
    spec, rng = get_game("race").spec(), np.random.default_rng(0)
    _, steady = method(collection, spec, 4, rng, seats=seats)
    _, changing = method(collection, spec, 4, rng, seats=seats, steady=False)
    assert isinstance(steady, UnrollCollector)
    assert isinstance(changing, OwnPaceUnrollCollector)


def test_transitions_of_a_policy_of_several_come_from_its_own_seats() -> None:
    games, shown = 6, Shown.flat(SIZE, ACTIONS)
    parts = [
        Part("evader", (0,), Names("hunters:latest", "hunters:9")),
        Part("hunters", (1, 2), Names("evader:latest", "evader:3")),
    ]
    collectors = [
        TransitionCollector(rows, 1, 1.0, shown, opponents=True, batch_rows=1)
        for rows in (games, 2 * games)
    ]
    told = Told(SeatPlan(games, 3, parts, (0, 1, 1)), collectors, [5, 6])
    evaders, hunters = told.play(40)
    for rows, seats in ((evaders, {0}), (hunters, {1, 2})):
        places = [row["observation"].tolist() for row in rows]
        assert {seat for _, seat, _, _ in places} == seats  # type: ignore[misc]
        for row, (game, seat, episode, _) in zip(rows, places, strict=True):  # type: ignore[misc]
            assert row["opponent"] == told.met[game, seat, episode]
