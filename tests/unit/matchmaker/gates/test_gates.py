"""Gates from the question to the moved alias, over peers and stores by hand."""

from dataclasses import replace

import pytest

from mazemesh.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)
from mazemesh.games import GameSettings
from services.matchmaker.gates.run import Asked, Hypotheses, RunState, Verdict
from services.matchmaker.rating.leases import Match, State
from tests.unit.matchmaker.fakes import snapshot
from tests.unit.matchmaker.gates_world import Instance, World, rating

QUESTION = Asked("race:4", "race:3", hypotheses=Hypotheses(max_matches=10))


@pytest.fixture
async def world() -> World:
    world = World()
    await world.publish(1, 2, 3, 4)
    return world


async def leased(instance: Instance, limit: int = 50, worker: str = "w") -> list[Match]:
    """Matches of gates among those that a worker is given."""
    issue = await instance.evaluation.lease(worker, limit)
    return [match for match, _ in issue.matches if match.run_id]


async def test_matches_are_numbered_and_bounded_and_come_first(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", QUESTION)
    issue = await one.evaluation.lease("w", 6)
    ids = [match.match_id for match, _ in issue.matches]
    assert ids[:4] == [f"{run.gate_id}/{number}" for number in range(4)]
    assert not [one for one in ids[4:] if one.startswith(run.gate_id)]
    first = [match for match, _ in issue.matches][:4]
    assert {match.participants for match in first} == {("race:4", "race:3")}
    assert len({match.seed for match in first}) == 4
    assert await leased(one) == []  # as many are out as may be
    await world.play(one, first[:2], 0.5)
    await one.driver.look()
    assert [match.match_id for match in await leased(one)] == [
        f"{run.gate_id}/4",
        f"{run.gate_id}/5",
    ]


async def test_those_against_ancestors_come_first(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", replace(QUESTION, ancestors=("race:1", "bot/random")))
    memories = await leased(one)
    assert [match.match_id for match in memories] == [
        f"{run.gate_id}/memory/{number}" for number in range(4)
    ]
    assert [match.participants[1] for match in memories] == ["race:1", "bot/random"] * 2
    await world.play(one, memories[:3], 1.0)
    assert await leased(one) == []
    await world.play(one, memories[3:], 1.0)
    assert (await leased(one))[0].match_id == f"{run.gate_id}/0"


async def test_what_is_asked_twice_is_one_gate(world: World) -> None:
    one, other = world.start(), world.start()
    run = await one.gates.start("r", QUESTION)
    again = await other.gates.start("r", replace(QUESTION, reason="another word"))
    assert again == run
    assert list(world.elo.gates) == [run.gate_id]
    with pytest.raises(AlreadyExists, match="another question needs another id"):
        await one.gates.start("r", replace(QUESTION, baseline="race:2"))


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (replace(QUESTION, candidate="race:9"), NotFound, "race:9"),
        (replace(QUESTION, candidate="race:5"), FailedPrecondition, "candidate: race:5 is no snap"),
        (replace(QUESTION, baseline="race:4"), InvalidArgument, "different players"),
        (replace(QUESTION, baseline="bot/none"), FailedPrecondition, "baseline: bot/none does not"),
        (replace(QUESTION, baseline="wide:1"), FailedPrecondition, "so they cannot meet"),
        (replace(QUESTION, candidate="crowd:1"), FailedPrecondition, "a game of two"),
        (replace(QUESTION, promote="champion"), FailedPrecondition, "race:champion is race:2"),
    ],
)
async def test_what_cannot_be_played_is_refused(
    world: World, asked: Asked, error: type[Exception], message: str
) -> None:
    world.model.keep(snapshot(5, kept=False))
    world.model.keep(snapshot(1, name="wide", settings=GameSettings(width=21, height=21)))
    world.model.keep(snapshot(1, name="crowd", settings=GameSettings(seats=4)))
    world.model.put("race", "champion", 2)
    with pytest.raises(error, match=message):
        await world.start().gates.start("r", asked)
    assert world.store.runs == {}
    assert world.elo.gates == {}


async def test_only_so_many_run_at_once(world: World) -> None:
    one = world.start()
    for number in range(2):
        await one.gates.start(f"r{number}", QUESTION)
    with pytest.raises(ResourceExhausted):
        await one.gates.start("r2", QUESTION)


async def passed(world: World, asked: Asked) -> str:
    """A gate whose matches are all won, before the driver looks; its id."""
    one = world.start()
    run = await one.gates.start("r", asked)
    await world.play(one, await leased(one), 1.0)
    return run.gate_id


async def test_a_passed_gate_moves_the_champion_and_keeps_the_previous_one(world: World) -> None:
    world.model.put("race", "champion", 3)
    gate_id = await passed(world, replace(QUESTION, baseline="race:champion", promote="champion"))
    driver = world.start().driver
    await driver.look()
    run = world.run(gate_id)
    assert (run.state, run.baseline, run.promoted_from) == (RunState.PROMOTED, "race:3", 3)
    assert run.finding.verdict is Verdict.PASSED
    assert "race:champion moved from race:3" in run.explanation
    assert "passed after 4 matches" in run.explanation
    assert world.model.aliases["race", "champion"].version == 4
    assert world.model.aliases["race", "previous"].version == 3
    ((name, alias, version, reason, of),) = world.model.moves
    assert (name, alias, version, of) == ("race", "champion", 4, gate_id)
    assert "race:4 against race:3: passed after 4 matches" in reason
    assert driver.ended == {RunState.PROMOTED: 1}
    assert not await driver.look()


async def test_the_first_champion_stood_nowhere(world: World) -> None:
    gate_id = await passed(world, replace(QUESTION, baseline="bot/random", promote="champion"))
    await world.start().driver.look()
    assert world.run(gate_id).state is RunState.PROMOTED
    assert ("race", "previous") not in world.model.aliases


async def test_without_an_alias_nothing_moves(world: World) -> None:
    gate_id = await passed(world, QUESTION)
    await world.start().driver.look()
    assert world.run(gate_id).state is RunState.PASSED
    assert world.model.moves == []


async def test_a_champion_that_moved_meanwhile_stays(world: World) -> None:
    world.model.put("race", "champion", 3)
    gate_id = await passed(world, replace(QUESTION, promote="champion"))
    world.model.put("race", "champion", 2)
    await world.start().driver.look()
    run = world.run(gate_id)
    assert run.state is RunState.OVERTAKEN
    assert "race:champion is race:2 by now and not race:3" in run.explanation
    assert world.model.aliases["race", "champion"].version == 2


async def test_a_swap_that_lost_is_tried_on_the_new_state(world: World) -> None:
    """Somebody moves it away and back between the look and the swap."""
    world.model.put("race", "champion", 3)
    gate_id = await passed(world, replace(QUESTION, promote="champion"))
    tries: list[int] = []

    def interfere() -> None:
        tries.append(1)
        if len(tries) == 1:
            world.model.put("race", "champion", 2)
            world.model.put("race", "champion", 3)

    world.model.moving = interfere
    await world.start().driver.look()
    assert (world.run(gate_id).state, len(tries)) == (RunState.PROMOTED, 2)


async def test_a_crash_after_the_swap_ends_as_promoted(world: World) -> None:
    world.model.put("race", "champion", 3)
    gate_id = await passed(world, replace(QUESTION, promote="champion"))
    world.model.put("race", "champion", 4)  # by the instance that is gone
    await world.start().driver.look()
    assert world.run(gate_id).state is RunState.PROMOTED


async def test_a_failed_gate_tells_its_figures(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", replace(QUESTION, promote="champion"))
    await world.play(one, await leased(one), 0.0)
    await one.driver.look()
    run = world.run(run.gate_id)
    assert run.state is RunState.FAILED
    assert "failed after 4 matches" in run.explanation
    assert world.model.moves == []


async def test_an_abandoned_match_is_issued_again_and_then_the_gate_is_given_up(
    world: World,
) -> None:
    one = world.start()
    run = await one.gates.start("r", QUESTION)
    for round_number in range(2):
        for _ in range(2):  # attempts of a lease
            (match, *others) = await leased(one)
            await world.play(one, others, 0.5) if not round_number else None
            await one.evaluation.complete(match.match_id, match.fence, "w", "cannot")
            one.evaluation._cooldowns.played(match.participants)
        assert world.leases.rows[f"{run.gate_id}/0"].state is State.ABANDONED
        await one.driver.look()
    over = world.run(run.gate_id)
    assert over.state is RunState.GIVEN_UP
    assert f"match {run.gate_id}/0 was abandoned 2 times" in over.explanation
    assert not any(match.state is State.QUEUED and match.run_id for match in world.leases.matches)


async def test_what_stands_still_says_why(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", QUESTION)

    async def told(seconds: float) -> str:
        world.clock.pass_seconds(seconds)
        await one.driver.look()
        return world.run(run.gate_id).explanation

    assert await told(5) == ""
    assert "none has asked for its matches" in await told(10)
    matches = await leased(one)
    assert await told(1) == ""
    assert f"{run.gate_id}/0, which is leased" in await told(20)
    await one.evaluation.complete(matches[0].match_id, matches[0].fence, "w")
    assert "was played and is on its way to Elo" in await told(1)
    world.elo.down = True
    assert "waits for another service: Elo is down" in await told(1)
    world.elo.down = False
    assert "Elo was not told" in await told(601)
    assert world.run(run.gate_id).state is RunState.GIVEN_UP


async def test_what_elo_refuses_for_good_is_given_up(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", QUESTION)
    await leased(one)
    world.elo.refusal = FailedPrecondition("played by others")
    await one.driver.look()
    assert world.run(run.gate_id).state is RunState.GIVEN_UP
    assert "played by others" in world.run(run.gate_id).explanation


async def test_one_instance_drives(world: World) -> None:
    gate_id = await passed(world, QUESTION)
    assert await world.leases.leaders.hold("gates", "somebody", 30.0)
    other = world.start().driver
    await other.look()
    assert world.run(gate_id).running
    world.clock.pass_seconds(31)
    await other.look()
    assert not world.run(gate_id).running


async def test_a_cancelled_gate_issues_nothing(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", QUESTION)
    over = await one.gates.cancel(run.gate_id, "by mistake")
    assert (over.state, over.explanation) == (RunState.CANCELLED, "cancelled: by mistake")
    assert await leased(one) == []
    assert await one.gates.cancel(run.gate_id, "again") == over
    with pytest.raises(NotFound, match="no gate 'g'"):
        await one.gates.cancel("g", "")


async def test_a_cap_bounds_what_is_issued(world: World) -> None:
    one = world.start()
    run = await one.gates.start("r", replace(QUESTION, hypotheses=Hypotheses(max_matches=3)))
    assert len(await leased(one)) == 3
    world.elo.decides_after = 99
    assert world.run(run.gate_id).issued == 3


async def test_two_instances_issue_no_match_twice(world: World) -> None:
    one, other = world.start(), world.start()
    await one.gates.start("r", QUESTION)
    given = [match.match_id for each in (one, other) for match in await leased(each, 3)]
    assert len(given) == len(set(given)) == 4


TESTED = Hypotheses(elo0=0.0, elo1=50.0, max_matches=40)


async def test_a_snapshot_rated_above_the_champion_gets_a_gate_by_itself(world: World) -> None:
    world.automatic = TESTED
    world.model.put("race", "champion", 2)
    world.model.put("race", "previous", 1)
    world.elo.known["race"] = {
        "race:1": rating(900),
        "race:2": rating(1000),
        "race:3": rating(1015),  # not surely better
        "race:4": rating(1100),
    }
    one = world.start()
    await one.driver.look_for_candidates()
    (run,) = world.store.runs.values()
    assert (run.candidate, run.baseline, run.ancestors) == ("race:4", "race:2", ("race:1",))
    assert (run.automatic, run.asked.promote, run.asked.hypotheses) == (True, "champion", TESTED)
    await one.driver.look_for_candidates()
    assert len(world.store.runs) == 1  # one at a time
    await one.gates.cancel(run.gate_id, "")
    for _ in range(2):
        await world.start().driver.look_for_candidates()
    assert len(world.store.runs) == 1  # and once for a pair


async def test_the_first_champion_has_beaten_a_bot(world: World) -> None:
    world.automatic = TESTED
    world.elo.known["race"] = {
        "race:1": rating(1000, 200),
        "race:2": rating(1100),
        "bot/random": rating(800),
        "bot/wall-follower": rating(1050),
        "bot/shortest-path": rating(1300),
    }
    one = world.start()
    await one.driver.look_for_candidates()
    (run,) = world.store.runs.values()
    assert (run.candidate, run.baseline) == ("race:2", "bot/wall-follower")


async def test_exploiters_are_no_champions(world: World) -> None:
    world.automatic = TESTED
    for version in (1, 2):
        world.model.keep(replace(snapshot(version, name="spy"), exploits=True))
    await world.publish()
    world.elo.known["race"] = {"spy:1": rating(1200), "bot/random": rating(800)}
    await world.start().driver.look_for_candidates()
    assert world.store.runs == {}


async def test_nobody_who_is_surely_better_no_gate(world: World) -> None:
    world.automatic = TESTED
    world.model.put("race", "champion", 2)
    world.elo.known["race"] = {"race:2": rating(1000), "race:3": rating(1010)}
    one = world.start()
    await one.driver.look_for_candidates()
    world.automatic = None
    world.elo.known["race"]["race:4"] = rating(1500)
    await world.start().driver.look_for_candidates()
    assert world.store.runs == {}
