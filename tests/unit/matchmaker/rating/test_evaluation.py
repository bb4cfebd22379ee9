import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, Unavailable
from mazemesh.games import GameSettings
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.evaluation import Evaluation, Issue, LeaseEvent, Throttle
from services.matchmaker.rating.leases import State, Terms
from services.matchmaker.rating.pairing import PairingRules
from services.matchmaker.rating.players import Rating
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.store import RATING
from services.matchmaker.training.snapshots import SnapshotRoster
from tests.unit.matchmaker.fakes import (
    BOT_POLICIES,
    FakeClock,
    FakeElo,
    FakeGame,
    roster_of,
    snapshot,
)
from tests.unit.matchmaker.memory_stores import MemoryLeases, MemoryNumbers

LEASE = 120.0


@dataclass
class World:
    """A matchmaker's rating matches and everything around them; `start` is a (re)start."""

    roster: SnapshotRoster
    clock: FakeClock = field(default_factory=FakeClock)
    game: FakeGame = field(default_factory=FakeGame)
    elo: FakeElo = field(default_factory=FakeElo)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    numbers: MemoryNumbers = field(default_factory=MemoryNumbers)
    max_outstanding: int = 64
    started: int = 0

    async def start(self) -> Evaluation:
        self.started += 1
        return Evaluation(
            self.leases,
            self.leases.leaders,
            Numbers(self.numbers),
            self.roster,
            Ratings(self.elo, 2.0, self.clock),
            self.game,
            instance=f"instance-{self.started}",
            terms=Terms(LEASE, 5),
            keep_ended=3600.0,
            cooldowns=Cooldowns(30.0, 3600.0),
            rules=PairingRules(),
            throttle=Throttle(self.max_outstanding, retry=1.0, settled_retry=10.0),
            clock=self.clock,
            rng=np.random.default_rng(0),
        )

    async def play(self, issue: Issue, evaluation: Evaluation) -> None:
        for match, _ in issue.matches:
            self.game.finished.add(match.match_id)
            await evaluation.complete(match.match_id, match.fence, match.worker)


@pytest.fixture
async def world() -> World:
    world = World(roster_of("race"))
    await world.roster.replace([snapshot(1)])
    return world


async def test_bots_alone_are_never_handed_out(world: World) -> None:
    evaluation = await world.start()
    for _ in range(5):
        issue = await evaluation.lease("w", 50)
        assert all("race:1" in match.participants for match, _ in issue.matches)
        await world.play(issue, evaluation)


def ids(issue: Issue) -> list[str]:
    return [match.match_id for match, _ in issue.matches]


async def test_without_a_snapshot_there_is_nothing_to_play_yet(world: World) -> None:
    await world.roster.replace([])
    issue = await (await world.start()).lease("w", 5)
    assert (issue.matches, issue.retry_after) == ([], 1.0)


async def test_games_exist_when_the_lease_is_answered(world: World) -> None:
    await world.roster.replace([snapshot(1), snapshot(2)])
    evaluation = await world.start()
    issue = await evaluation.lease("w", 8)
    assert len(issue.matches) == 8
    for match, created in issue.matches:
        setup = world.game.matches[match.match_id]
        assert setup.rated
        assert setup.fence == match.fence == 1
        assert setup.settings.shaping == 0.0
        assert tuple(setup.participants) == match.participants
        assert [game.rotation for game in created.games] == [0, 1]
    assert len({match.seed for match, _ in issue.matches}) == 8
    assert world.game.calls == 1


async def test_a_new_snapshot_comes_first(world: World) -> None:
    world.elo.known["race"] = {"race:1": Rating(1000, 500, 1500, 10)}
    evaluation = await world.start()
    await world.roster.apply(snapshot(2))
    issue = await evaluation.lease("w", 8)
    placed = [match for match, _ in issue.matches if match.rule == "placement"]
    assert len(placed) >= 3
    assert all("race:2" in match.participants for match in placed)


async def test_with_game_down_matches_stay_queued_and_cost_no_attempt(world: World) -> None:
    evaluation = await world.start()
    world.game.down = True
    for _ in range(7):
        with pytest.raises(Unavailable, match="Game is down"):
            await evaluation.lease("w", 4)
    world.game.down = False
    issue = await evaluation.lease("w", 4)
    assert [match.attempts for match, _ in issue.matches] == [1] * 4
    assert [match.fence for match, _ in issue.matches] == [8] * 4
    assert len(world.leases.matches) == 4


async def test_an_expired_lease_is_issued_again_first(world: World) -> None:
    evaluation = await world.start()
    lost = await evaluation.lease("lost", 2)
    world.clock.pass_seconds(LEASE + 1)
    issue = await evaluation.lease("w", 3)
    assert sorted(ids(issue)[:2]) == sorted(ids(lost))
    assert [match.fence for match, _ in issue.matches] == [2, 2, 1]
    with pytest.raises(FailedPrecondition, match="fence: 1"):
        await evaluation.complete(ids(lost)[0], 1, "lost")


async def test_a_restart_continues_every_lease(world: World) -> None:
    first = await world.start()
    issue = await first.lease("w", 3)
    second = await world.start()
    await second.complete(ids(issue)[0], 1, "w")
    await second.tidy()
    world.clock.pass_seconds(LEASE + 1)
    third = await world.start()
    again = await third.lease("w", 2)
    assert sorted(ids(again)) == sorted(ids(issue)[1:])
    assert {match.fence for match, _ in again.matches} == {2}


async def test_a_lost_completion_is_learnt_from_game(world: World) -> None:
    first = await world.start()
    issue = await first.lease("w", 3)
    world.game.finished.update(ids(issue))  # and the worker dies before it says so
    second = await world.start()
    world.clock.pass_seconds(LEASE + 1)
    again = await second.lease("w", 3)
    assert again.matches == []
    await second.tidy()
    states = {match.match_id: match.state for match in world.leases.matches}
    assert [states[match_id] for match_id in ids(issue)] == [State.COMPLETED] * 3


async def test_what_is_refused_for_another_cause_was_not_played(world: World) -> None:
    """Whatever Game finds wrong with the present state, only "finished" means played."""
    evaluation = await world.start()
    world.game.refusal = FailedPrecondition("this server has no such method")
    assert (await evaluation.lease("w", 3)).matches == []
    world.game.refusal = None
    issue = await evaluation.lease("w", 3)
    assert [match.attempts for match, _ in issue.matches] == [1] * 3
    await evaluation.tidy()
    assert {match.state for match in world.leases.matches} == {State.LEASED}


async def test_an_error_before_the_games_are_created_gives_the_leases_back(world: World) -> None:
    evaluation = await world.start()
    await evaluation.lease("lost", 2)
    world.clock.pass_seconds(LEASE + 1)
    world.leases.broken = True
    with pytest.raises(OSError, match="disk full"):
        await evaluation.lease("w", 4)
    world.leases.broken = False
    issue = await evaluation.lease("w", 2)
    assert [match.attempts for match, _ in issue.matches] == [2, 2]


async def test_a_caller_who_leaves_while_it_is_decided_keeps_no_lease(world: World) -> None:
    evaluation = await world.start()
    await evaluation.lease("lost", 2)
    world.clock.pass_seconds(LEASE + 1)
    world.elo.answering.clear()
    leaving = asyncio.create_task(evaluation.lease("w", 4))
    await world.elo.waited.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    world.elo.answering.set()
    issue = await evaluation.lease("w", 2)
    assert [match.attempts for match, _ in issue.matches] == [2, 2]


async def test_one_match_that_game_refuses_does_not_keep_the_others(world: World) -> None:
    await world.roster.apply(snapshot(2))
    world.game.unplayable = {"race:1"}
    evaluation = await world.start()
    issue = await evaluation.lease("w", 16)
    assert 0 < len(issue.matches) < 16
    assert all("race:1" not in match.participants for match, _ in issue.matches)
    await evaluation.tidy()
    abandoned = [one for one in world.leases.matches if one.state is State.ABANDONED]
    assert len(abandoned) == 16 - len(issue.matches)


async def test_a_match_that_nobody_can_play_is_abandoned(world: World) -> None:
    evaluation = await world.start()
    (first,) = ids(await evaluation.lease("w", 1))
    await evaluation.complete(first, 1, "w", "no such file")
    for fence in range(2, 6):
        assert ids(await evaluation.lease("w", 1)) == [first]
        await evaluation.complete(first, fence, "w", "no such file")
    assert ids(await evaluation.lease("w", 1)) != [first]
    with pytest.raises(FailedPrecondition, match="abandoned"):
        await evaluation.complete(first, 5, "w")


async def test_a_snapshot_whose_match_was_abandoned_rests_and_longer_the_second_time(
    world: World,
) -> None:
    world.game.unplayable = {"race:1"}
    evaluation = await world.start()
    for seconds in (30.0, 60.0, 120.0):
        assert ids(await evaluation.lease("w", 1)) == []  # refused by Game, and so abandoned
        calls = world.game.calls
        world.clock.pass_seconds(seconds - 0.1)
        assert ids(await evaluation.lease("w", 1)) == []
        assert world.game.calls == calls
        world.clock.pass_seconds(0.2)
    world.game.unplayable.clear()
    issue = await evaluation.lease("w", 1)
    assert "race:1" in issue.matches[0][0].participants
    await world.play(issue, evaluation)
    world.game.unplayable = {"race:1"}
    await evaluation.lease("w", 1)
    world.clock.pass_seconds(30.1)  # clear of blame, it rests as long as the first time
    world.game.unplayable.clear()
    assert len(ids(await evaluation.lease("w", 1))) == 1


async def test_while_one_snapshot_rests_the_others_go_on(world: World) -> None:
    await world.roster.apply(snapshot(2))
    world.game.unplayable = {"race:2"}
    evaluation = await world.start()
    await evaluation.lease("w", 8)
    world.clock.pass_seconds(29.0)
    await world.roster.apply(snapshot(3))
    issue = await evaluation.lease("w", 8)
    assert len(issue.matches) == 8
    assert all("race:2" not in match.participants for match, _ in issue.matches)


async def test_no_more_than_so_many_are_under_way(world: World) -> None:
    world.max_outstanding = 10
    evaluation = await world.start()
    assert len((await evaluation.lease("a", 7)).matches) == 7
    issue = await evaluation.lease("b", 7)
    assert len(issue.matches) == 3
    full = await evaluation.lease("c", 7)
    assert (full.matches, full.retry_after) == ([], 1.0)
    await world.play(issue, evaluation)
    assert len((await evaluation.lease("c", 7)).matches) == 3


async def test_a_settled_ladder_rests_until_a_new_snapshot(world: World) -> None:
    narrow = {bot: Rating(1000, 990, 1010, 100) for bot in BOT_POLICIES}
    world.elo.known["race"] = {**narrow, "race:1": Rating(1100, 1070, 1130, 60)}
    evaluation = await world.start()
    rest = await evaluation.lease("w", 10)
    assert (rest.matches, rest.retry_after) == ([], 10.0)
    await world.roster.apply(snapshot(2))
    assert len((await evaluation.lease("w", 10)).matches) == 10


async def test_every_ladder_has_its_turn_and_a_worker_may_choose(world: World) -> None:
    small = GameSettings(width=6, height=6)
    await world.roster.replace([snapshot(1), snapshot(1, name="small", settings=small)])
    evaluation = await world.start()
    issues = [await evaluation.lease("w", 4) for _ in range(2)]
    ladders = [{match.ladder for match, _ in issue.matches} for issue in issues]
    assert sorted(map(list, ladders)) == [["race"], ["race-6x6"]]
    assert (await evaluation.lease("w", 4, "solo")).matches == []


async def test_a_time_trial_is_a_match_of_two(world: World) -> None:
    await world.roster.replace([snapshot(1, name="runner", game="solo")])
    evaluation = await world.start()
    issue = await evaluation.lease("w", 4, "solo")
    for match, created in issue.matches:
        assert len(match.participants) == 2
        assert len(created.games) == 2


async def test_a_broken_disk_hands_out_nothing_and_loses_nothing(world: World) -> None:
    evaluation = await world.start()
    lost = await evaluation.lease("lost", 2)
    world.clock.pass_seconds(LEASE + 1)
    games = dict(world.game.matches)
    world.leases.broken = True
    with pytest.raises(OSError, match="disk full"):
        await evaluation.lease("w", 3)
    assert world.game.matches == games
    world.leases.broken = False
    issue = await evaluation.lease("w", 3)
    assert sorted(ids(issue)[:2]) == sorted(ids(lost))
    assert [match.fence for match, _ in issue.matches] == [2, 2, 1]
    assert len(world.leases.matches) == 3


async def test_two_instances_share_leases_and_what_ended(world: World) -> None:
    world.max_outstanding = 6
    first, second = await world.start(), await world.start()
    issues = await asyncio.gather(*(each.lease("w", 4) for each in (first, second) * 2))
    leased = [match_id for issue in issues for match_id in ids(issue)]
    assert len(leased) == len(set(leased)) == 6
    (match, _), *_ = next(issue.matches for issue in issues if issue.matches)
    await second.complete(match.match_id, match.fence, match.worker)
    await first.complete(match.match_id, match.fence, match.worker)
    assert first.events[LeaseEvent.COMPLETED] + second.events[LeaseEvent.COMPLETED] == 1


async def test_who_was_abandoned_at_one_instance_rests_at_the_other(world: World) -> None:
    first, second = await world.start(), await world.start()
    world.game.unplayable = {"race:1"}
    assert ids(await first.lease("w", 1)) == []
    world.game.unplayable.clear()
    assert ids(await second.lease("w", 1)) == []
    world.clock.pass_seconds(30.1)
    assert len(ids(await second.lease("w", 1))) == 1


async def test_who_was_stopped_while_it_chose_queues_nothing(world: World) -> None:
    evaluation = await world.start()
    world.elo.answering.clear()
    stopped = asyncio.create_task(evaluation.lease("w", 2))
    await world.elo.waited.wait()
    world.clock.pass_seconds(60.0)
    world.leases.leaders.clock = world.clock
    assert await world.leases.leaders.hold(RATING, "another", 1.0) == 2
    world.elo.answering.set()
    assert (await stopped).matches == []
    assert world.leases.matches == []


async def test_without_elo_rating_matches_go_on(world: World) -> None:
    world.elo.down = True
    evaluation = await world.start()
    assert len((await evaluation.lease("w", 5)).matches) == 5


async def test_elo_is_asked_once_for_a_while(world: World) -> None:
    evaluation = await world.start()
    for _ in range(5):
        await evaluation.lease("w", 2)
    assert world.elo.asked == 1
    world.clock.pass_seconds(3.0)
    await evaluation.lease("w", 2)
    assert world.elo.asked == 2


async def test_what_was_just_played_counts_before_elo_shows_it(world: World) -> None:
    await world.roster.apply(snapshot(2))
    evaluation = await world.start()
    placed = await evaluation.lease("w", PairingRules().placement_matches)
    assert all("race:2" in match.participants for match, _ in placed.matches)
    await world.play(placed, evaluation)
    world.clock.pass_seconds(1.0)
    other = await evaluation.lease("w", 4)
    assert all("race:1" in match.participants for match, _ in other.matches)
    world.clock.pass_seconds(10.0)  # its results seem to be lost: it is placed anew
    again = await evaluation.lease("w", 4)
    assert all("race:2" in match.participants for match, _ in again.matches)


async def test_ended_matches_are_forgotten_after_a_while(world: World) -> None:
    evaluation = await world.start()
    issue = await evaluation.lease("w", 2)
    await world.play(issue, evaluation)
    await evaluation.tidy()
    assert len(world.leases.matches) == 2
    world.clock.pass_seconds(3601.0)
    await evaluation.tidy()
    assert world.leases.matches == []


async def test_no_id_and_no_seed_comes_twice_over_restarts(world: World) -> None:
    seen: set[str] = set()
    seeds: set[int] = set()
    for _ in range(3):
        evaluation = await world.start()
        issue = await evaluation.lease("w", 20)
        await world.play(issue, evaluation)
        await evaluation.tidy()
        seen |= set(ids(issue))
        seeds |= {match.seed for match, _ in issue.matches}
    assert len(seen) == len(seeds) == 60
