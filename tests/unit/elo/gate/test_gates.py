import asyncio
from dataclasses import replace

import pytest

from mazemesh.errors import AlreadyExists, FailedPrecondition
from services.elo.gate.gate import Gate
from services.elo.gate.gates import Gates
from services.elo.gate.sequential import Hypotheses, Verdict
from services.elo.log.match import Match
from services.elo.wire.results.payloads import batch
from tests.unit.elo.memory_log import MemoryGates, MemoryLog
from tests.unit.elo.played import match

ASKED = Gate("g", "race", "race:2", "race:1", Hypotheses(elo1=200.0, games=0), (), 5.0)


def pair(number: int, *scores: float, gate_id: str = "g") -> Match:
    """Every other one names the baseline first."""
    players = ("race:2", "race:1")
    if number % 2:
        players, scores = players[::-1], tuple(1.0 - score for score in scores)
    return match(f"{gate_id}/{number}", players, *scores)


class Known:
    """What candidate and ancestors did."""

    def __init__(self) -> None:
        self.meetings: dict[str, tuple[float, int]] = {}

    def met(self, ladder: str, player: str, opponent: str) -> tuple[float, int]:
        assert (ladder, player) == ("race", "race:2")
        return self.meetings.get(opponent, (0.0, 0))


class House:
    """A log, a store, and as many instances over them as a test wants."""

    def __init__(self) -> None:
        self.log, self.store, self.known, self.now = MemoryLog(), MemoryGates(), Known(), 7.0

    def instance(self) -> Gates:
        return Gates(self.store, self.log, self.known, lambda: self.now)

    async def play(self, *matches: Match) -> None:
        await self.log.append([batch(matches)])


@pytest.fixture
def house() -> House:
    return House()


async def test_a_gate_is_opened_before_its_first_match(house: House) -> None:
    assert await house.instance().evaluate(ASKED) == ASKED
    assert house.store.gates == {"g": ASKED}


async def test_matches_are_seen_up_to_the_first_that_is_missing(house: House) -> None:
    gates = house.instance()
    await house.play(*(pair(number, 1.0, 0.5) for number in (0, 1, 3, 4)))
    first = await gates.evaluate(ASKED)
    assert (first.finding.matches, first.hypotheses.games) == (2, 2)
    assert first.finding.counts == (0, 0, 0, 2, 0)
    await house.play(pair(2, 0.0, 0.0))
    assert (await gates.evaluate(ASKED)).finding.counts == (1, 0, 0, 4, 0)


async def test_the_order_of_arrival_decides_nothing(house: House) -> None:
    scores = [(1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (1.0, 1.0)] * 20
    matches = [pair(number, *each) for number, each in enumerate(scores)]
    await house.play(*matches)
    whole = await house.instance().evaluate(ASKED)
    other = House()
    for each in reversed(matches):
        await other.play(each)
        last = await other.instance().evaluate(ASKED)
    assert last == whole
    assert whole.finding.verdict is Verdict.PASSED


async def test_a_verdict_stays_whatever_comes(house: House) -> None:
    gates = house.instance()
    await house.play(*(pair(number, 1.0, 1.0) for number in range(50)))
    passed = await gates.evaluate(ASKED)
    assert (passed.finding.verdict, passed.end_seconds) == (Verdict.PASSED, 7.0)
    assert passed.finding.matches < 50
    house.now = 9.0
    await house.play(*(pair(number, 0.0, 0.0) for number in range(50, 400)))
    assert await gates.evaluate(ASKED) == passed


async def test_many_instances_find_the_same(house: House) -> None:
    instances = [house.instance() for _ in range(5)]
    for number in range(30):
        await house.play(pair(number, 0.5, 1.0 if number % 3 else 0.0))
        await asyncio.gather(*(each.evaluate(ASKED) for each in instances))
    assert house.store.gates["g"].finding.matches == 30


@pytest.mark.parametrize(
    ("meeting", "verdict"),
    [((1.0, 12), Verdict.FORGOTTEN), ((9.0, 12), Verdict.PASSED), (None, Verdict.PASSED)],
)
async def test_an_ancestor_that_wins_again_keeps_it_out(
    house: House, meeting: tuple[float, int] | None, verdict: Verdict
) -> None:
    if meeting is not None:
        house.known.meetings["race:0"] = meeting
    await house.play(*(pair(number, 1.0, 1.0) for number in range(50)))
    gate = await house.instance().evaluate(replace(ASKED, ancestors=("race:0",)))
    assert gate.finding.verdict is verdict
    assert [memory.games for memory in gate.memories] == ([12] if meeting else [])


async def test_one_id_is_one_question(house: House) -> None:
    gates = house.instance()
    await house.play(pair(0, 1.0, 1.0))
    first = await gates.evaluate(ASKED)
    assert await gates.evaluate(replace(ASKED, create_seconds=99.0)) == first
    for other in (
        replace(ASKED, candidate="race:3"),
        replace(ASKED, hypotheses=Hypotheses(elo1=100.0, games=0)),
        replace(ASKED, ancestors=("race:0",)),
    ):
        with pytest.raises(AlreadyExists, match="gate_id: 'g' is a gate of race:2"):
            await gates.evaluate(other)


async def test_matches_of_others_are_not_taken_for_its_own(house: House) -> None:
    await house.play(match("g/0", ("race:2", "race:9"), 1.0, 1.0))
    with pytest.raises(FailedPrecondition, match="'g/0' was played by race:2, race:9"):
        await house.instance().evaluate(ASKED)
    assert house.store.gates["g"] == ASKED
