import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from actor.opponents import OpponentSupply, SeatPlan
from mazemesh.errors import Unavailable
from mazemesh.games import bot_code
from mazemesh.v1.matchmaker_pb2 import Opponent


class FakeMatchmaker:
    """Answers from a list over and over; notes what it was told; may be down for some calls."""

    def __init__(self, names: Sequence[str], down: int = 0) -> None:
        self._names = names
        self._down = down
        self.requests: list[tuple[str, dict[str, tuple[int, int, int]]]] = []
        self.answered = threading.Event()
        self.whom: tuple[tuple[str, ...], str] | None = None

    def sample_opponents(
        self,
        student: str,
        game: str,
        count: int,
        outcomes: Mapping[str, tuple[int, int, int]],
        request_id: str,
        pool: Sequence[str] = (),
        exploits: str = "",
    ) -> Sequence[Opponent]:
        self.whom = tuple(pool), exploits
        self.requests.append((request_id, dict(outcomes)))
        if len(self.requests) <= self._down:
            raise Unavailable("down")
        self.answered.set()
        return [Opponent(policy=self._names[i % len(self._names)]) for i in range(count)]


def supply_of(
    matchmaker: FakeMatchmaker, stock: int = 64
) -> tuple[OpponentSupply, threading.Event]:
    stop = threading.Event()
    return OpponentSupply(matchmaker, "race", "race", stock=stock, stop=stop), stop


def run_until_answered(
    supply: OpponentSupply, matchmaker: FakeMatchmaker, stop: threading.Event
) -> None:
    thread = threading.Thread(target=supply.fill)
    thread.start()
    assert matchmaker.answered.wait(10)
    stop.set()
    thread.join(10)


def test_an_empty_stock_gives_the_latest_version() -> None:
    supply, _ = supply_of(FakeMatchmaker(["bot/random"]))
    assert supply.take() == "race:latest"


def test_the_stock_holds_what_the_matchmaker_gave() -> None:
    matchmaker = FakeMatchmaker(["bot/random", "race:3"])
    supply, stop = supply_of(matchmaker)
    run_until_answered(supply, matchmaker, stop)
    assert Counter(supply.take() for _ in range(64)) == {"bot/random": 32, "race:3": 32}


def test_whom_to_meet_is_passed_on_and_holds_without_the_matchmaker_too() -> None:
    matchmaker, stop = FakeMatchmaker(["race:latest"]), threading.Event()
    supply = OpponentSupply(matchmaker, "spy", "race", stop, exploits="race", stock=8)
    assert supply.take() == "race:latest"
    run_until_answered(supply, matchmaker, stop)
    assert matchmaker.whom == ((), "race")
    matchmaker, stop = FakeMatchmaker(["race:latest"]), threading.Event()
    pool: list[str] = []
    supply = OpponentSupply(matchmaker, "race", "race", stop, pool=lambda: pool, stock=8)
    pool.append("spy")  # by a version that came since
    run_until_answered(supply, matchmaker, stop)
    assert matchmaker.whom == (("spy",), "")


def test_outcomes_are_sent_again_under_the_same_request_until_they_arrive() -> None:
    matchmaker = FakeMatchmaker(["race:latest"], down=2)
    supply, stop = supply_of(matchmaker)
    for score in (1.0, 1.0, 0.5, 0.0):
        supply.report("race:2", score)
    run_until_answered(supply, matchmaker, stop)
    ids = {request_id for request_id, _ in matchmaker.requests[:3]}
    assert len(ids) == 1
    assert all(told == {"race:2": (2, 1, 1)} for _, told in matchmaker.requests[:3])


def test_the_student_keeps_its_seat_and_bots_take_the_others() -> None:
    matchmaker = FakeMatchmaker(["bot/wall-follower"])
    supply, stop = supply_of(matchmaker)
    run_until_answered(supply, matchmaker, stop)
    plan = SeatPlan(4, 2, supply)
    assert plan.student_seat.tolist() == [0, 1, 0, 1]
    code = bot_code("bot/wall-follower")
    assert plan.controllers().tolist() == [[-1, code], [code, -1], [-1, code], [code, -1]]


def test_an_opponent_is_fixed_one_episode_ahead() -> None:
    matchmaker = FakeMatchmaker(["bot/random", "race:1", "race:2"])
    supply, stop = supply_of(matchmaker)
    run_until_answered(supply, matchmaker, stop)
    plan = SeatPlan(2, 2, supply)
    # Drawn in turn: the present episodes, then the next ones, then the one after of game 1.
    assert plan.opponent == ["bot/random", "race:1"]
    reseat = plan.ended(np.array([1], np.int32), np.array([[0.0, 1.0]], np.float32))
    assert plan.opponent == ["bot/random", "bot/random"]
    assert reseat is not None
    games, controllers = reseat
    assert games.tolist() == [1]
    assert controllers.tolist() == [[-1, -1]]


def test_a_game_of_one_seat_has_no_opponents() -> None:
    matchmaker = FakeMatchmaker(["bot/random"])
    supply, _ = supply_of(matchmaker)
    plan = SeatPlan(3, 1, supply)
    assert plan.ended(np.array([0], np.int32), np.array([[1.0]], np.float32)) is None
    assert plan.announce() is None
    assert plan.controllers().tolist() == [[-1], [-1], [-1]]
