import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from actor.selfplay.opponents.supply import OpponentSupply
from actor.selfplay.seats.seat_plan import Part, SeatPlan
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
        sides: int = 2,
        adversaries: Sequence[str] = (),
        *,
        exploits_pool: bool = False,
    ) -> Sequence[Opponent]:
        self.sides, self.adversaries = sides, tuple(adversaries)
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


def plan_of(seats: int, teams: tuple[int, ...], names: Sequence[str], games: int) -> SeatPlan:
    supply, stop = supply_of(matchmaker := FakeMatchmaker(names))
    run_until_answered(supply, matchmaker, stop)
    return SeatPlan(games, seats, supply, teams)


def test_team_mates_are_not_given_to_the_opponent() -> None:
    plan = plan_of(4, (0, 1, 0, 1), ["bot/random"], 4)
    code = bot_code("bot/random")
    evens, odds = [-1, code, -1, code], [code, -1, code, -1]
    assert plan.controllers().tolist() == [evens, odds, evens, odds]
    assert plan.trained.tolist() == [[True, False] * 2, [False, True] * 2] * 2


def test_an_evader_has_no_mates_and_a_hunter_one_adversary() -> None:
    plan = plan_of(3, (0, 1, 1), ["race:1"], 3)
    assert plan.opposed.tolist() == [
        [False, True, True],
        [True, False, False],
        [True, False, False],
    ]
    assert (plan.trained == ~plan.opposed).all()


def test_where_all_win_together_nobody_is_opposed() -> None:
    plan = plan_of(2, (0, 0), ["bot/random"], 2)
    assert plan.opponent == ["", ""]
    assert plan.controllers().tolist() == [[-1, -1], [-1, -1]]
    assert plan.announce() is None
    assert plan.ended(np.array([0], np.int32), np.array([[1.0, 1.0]], np.float32)) is None
    assert plan.trained.all()
    assert not plan.mirror.any()


class Told:
    """A supply that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def take(self) -> str:
        return "race:1"

    def report(self, opponent: str, score: float) -> None:
        self.told.append(score)


def test_a_result_is_told_by_comparison_with_the_best_opponent() -> None:
    """Of three a draw has the score 1/3, and so is no loss."""
    supply = Told()
    plan = SeatPlan(3, 3, supply)
    scores = np.array([[1 / 3, 1 / 3, 1 / 3], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], np.float32)
    plan.ended(np.arange(3, dtype=np.int32), scores)
    assert supply.told == [0.5, 1.0, 0.0]
    team = Told()
    plan = SeatPlan(4, 4, team, (0, 1, 0, 1))
    scores = np.array([[1, 0, 1, 0], [1, 0, 1, 0], [0.5] * 4, [0, 1, 0, 1]], np.float32)
    plan.ended(np.arange(4, dtype=np.int32), scores)
    assert team.told == [1.0, 0.0, 0.5, 1.0]


def test_the_matchmaker_is_told_how_many_sides_there_are() -> None:
    matchmaker, stop = FakeMatchmaker(["race:latest"]), threading.Event()
    supply = OpponentSupply(matchmaker, "race", "race", stop, sides=3, stock=8)
    run_until_answered(supply, matchmaker, stop)
    assert matchmaker.sides == 3


def test_all_seats_train_where_the_opponent_is_the_student_itself() -> None:
    supply, stop = supply_of(matchmaker := FakeMatchmaker(["race:latest", "bot/random", "race:3"]))
    run_until_answered(supply, matchmaker, stop)
    plan = SeatPlan(3, 2, supply, student="race")
    assert plan.trained.tolist() == [[True, True], [False, True], [True, False]]
    assert plan.mirror.tolist() == [True, False, False]
    # Next come again the latest, the bot and version 3, then the latest for whoever ends first.
    plan.ended(np.array([2], np.int32), np.array([[1.0, 0.0]], np.float32))
    assert plan.opponent[2] == "race:3"
    plan.ended(np.array([0, 2], np.int32), np.array([[1.0, 0.0]] * 2, np.float32))
    assert plan.opponent[2] == "race:latest"
    assert plan.trained[2].all()
    assert matchmaker.requests[-1][1] == {}


def test_a_stand_in_is_the_student_itself() -> None:
    plan = SeatPlan(2, 2, Told(), student="race")
    plan.stand_in(1)
    assert plan.trained.tolist() == [[True, False], [True, True]]
    assert plan.opponent == ["race:1", ""]


class Fixed:
    """A supply of one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[tuple[str, float]] = []

    def take(self) -> str:
        return self.name

    def report(self, opponent: str, score: float) -> None:
        self.told.append((opponent, score))


def roles(of_evader: str, of_hunters: str) -> tuple[SeatPlan, Fixed, Fixed]:
    one, two = Fixed(of_evader), Fixed(of_hunters)
    parts = [Part("evader", (0,), one), Part("hunters", (1, 2), two)]
    return SeatPlan(4, 3, parts, (0, 1, 1)), one, two


def test_each_policy_of_a_run_is_the_student_in_its_share_of_the_games() -> None:
    plan, _, _ = roles("hunters:4", "evader:2")
    assert plan.part_of.tolist() == [0, 1, 1]
    assert plan.student_seat.tolist() == [0, 1, 0, 2]
    assert plan.trained.tolist() == [[True, False, False], [False, True, True]] * 2
    assert not plan.mirror.any()
    assert plan.adversary.tolist() == [1, 0, 0]


def test_where_all_policies_are_the_latest_all_train_and_each_outcome_is_told() -> None:
    plan, of_evader, of_hunters = roles("hunters:latest", "bot/random")
    assert plan.mirror.tolist() == [True, False] * 2
    assert plan.trained.tolist() == [[True] * 3, [False, True, True]] * 2
    plan.ended(np.arange(2, dtype=np.int32), np.array([[0, 1, 1], [0, 1, 1]], np.float32))
    assert of_evader.told == [("hunters:latest", 0.0)]
    assert of_hunters.told == [("bot/random", 1.0)]


def test_an_opponent_of_one_policy_leaves_the_others_their_seats() -> None:
    parts = [Part(name, (seat,), Fixed("b:7")) for seat, name in enumerate(("a", "b", "c"))]
    plan = SeatPlan(1, 3, parts)
    assert plan.trained.tolist() == [[True, False, True]]


def test_the_matchmaker_is_told_who_holds_the_other_sides() -> None:
    matchmaker, stop = FakeMatchmaker(["hunters:latest"]), threading.Event()
    supply = OpponentSupply(matchmaker, "evader", "pursuit", stop, adversaries=["hunters"], stock=8)
    assert supply.take() == "hunters:latest"
    run_until_answered(supply, matchmaker, stop)
    assert matchmaker.adversaries == ("hunters",)
