"""Tournaments from the question to the end, with what may come in between."""

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
from services.matchmaker.rating.leases import Match, State
from services.matchmaker.tournaments.plan import End, Format
from services.matchmaker.tournaments.run import Seeding, TournamentRun, TournamentState
from tests.unit.matchmaker.gates_world import rating
from tests.unit.matchmaker.tournaments_world import Instance, World, asked

FOUR = ("race:1", "race:2", "race:3", "race:4")
BOTS = ("bot/random", "bot/wall-follower", "bot/shortest-path")


@pytest.fixture
def world() -> World:
    return World()


async def leased(instance: Instance, run: TournamentRun, limit: int = 8) -> list[Match]:
    issue = await instance.evaluation.lease("w", limit)
    return [match for match, _ in issue.matches if match.run_id == run.run_id]


async def test_a_double_elimination_from_the_question_to_the_champion(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.DOUBLE, *FOUR))
    over = await world.play_out(one, run)
    assert (over.state, over.winners, over.played) == (TournamentState.FINISHED, (0,), 6)
    assert over.explanation == "race:1 won after 6 matches"
    folded = (await one.books.of(over)).folded
    assert folded.places == (1, 2, 3, 4)
    assert len(world.store.log) == 6
    assert all(setup.rated and not setup.exhibition for setup in world.game.matches.values())
    assert one.driver.finished == 1
    assert not await one.driver.look()


async def test_another_instance_goes_on_and_nothing_is_issued_twice(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.ROUND_ROBIN, *FOUR, best_of=3))
    first = await leased(one, run, 4)
    await world.play(one, first[:2], 1.0)
    # Killed: two results are in Elo alone, two leases are out.
    two = world.start()
    world.clock.pass_seconds(10.0)
    await two.driver.look()
    assert world.run(run.run_id).played == 2
    again = await leased(two, run)
    assert not {match.match_id for match in first} & {match.match_id for match in again}
    world.clock.pass_seconds(200.0)
    expired = await leased(two, run)
    assert {match.match_id for match in first[2:]} <= {match.match_id for match in expired}
    assert all(match.fence == 2 for match in expired)
    await world.play(two, expired, 1.0)
    over = await world.play_out(two, run)
    assert over.state is TournamentState.FINISHED
    keys = [(entry.key, entry.number) for _, entry in world.store.log]
    assert len(keys) == len(set(keys)) == over.played


async def test_bots_meet_by_themselves(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create(
        "r", asked(Format.ROUND_ROBIN, *BOTS, game="race", rated=False)
    )
    assert run.ladder == "race/exhibition"
    await one.driver.look()
    assert not await leased(one, run)
    ids = [f"{run.run_id}/{out.key}/0" for out in world.run(run.run_id).out]
    assert len(ids) == 3
    assert all(world.game.matches[match].exhibition for match in ids)
    for match in ids:
        world.result(match, 0.75, 0.25)
    # Killed before it had heard: what was created is not created twice.
    two = world.start()
    world.clock.pass_seconds(10.0)
    await two.driver.look()
    await two.driver.look()
    assert world.run(run.run_id).state is TournamentState.FINISHED


async def test_matches_that_cannot_be_played_are_void(world: World) -> None:
    world.rounds = 1
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.SINGLE, *FOUR[:2]))
    for _ in range(2):
        for _ in range(2):
            (match,) = await leased(one, run)
            await one.evaluation.complete(match.match_id, match.fence, "w", "no")
        assert world.leases.rows[match.match_id].state is State.ABANDONED
        await one.driver.look()
    await one.driver.look()
    over = world.run(run.run_id)
    assert over.state is TournamentState.FINISHED
    (encounter,) = (await one.books.of(over)).folded.encounters
    assert (encounter.end, encounter.winner) == (End.VOID, 0)
    assert one.driver.forfeits["void"] == 1


async def test_a_result_that_elo_never_hears_of_is_void(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.SINGLE, *FOUR[:2]))
    (match,) = await leased(one, run)
    await one.evaluation.complete(match.match_id, match.fence, "w")
    await one.driver.look()
    world.clock.pass_seconds(500.0)
    await one.driver.look()
    assert "waits for the results of 1 matches" in world.run(run.run_id).explanation
    world.clock.pass_seconds(200.0)
    for _ in range(2):
        await one.driver.look()
    assert world.run(run.run_id).state is TournamentState.FINISHED


async def test_it_says_what_it_waits_for(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.SINGLE, *FOUR))
    world.clock.pass_seconds(20.0)
    await one.driver.look()
    assert "waits for an evaluator" in world.run(run.run_id).explanation
    await leased(one, run)
    world.elo.down = True
    await one.driver.look()
    assert "waits for another service: Elo is down" in world.run(run.run_id).explanation


async def test_people_are_waited_for_and_take_their_seats(world: World) -> None:
    one = world.start()
    entrants = ("player/ann", "bot/random", "player/ben", "race:1")
    run = await one.tournaments.create(
        "r", asked(Format.ROUND_ROBIN, *entrants, game="race", patience=60.0)
    )
    assert not run.rated  # people take part
    await one.driver.look()
    called = {out.key: out for out in world.run(run.run_id).out}
    # Each is in one match at a time.
    assert len(called) == 2
    assert all(out.called and out.deadline == world.clock.now + 60.0 for out in called.values())
    # Others need not wait for them.
    (alone,) = await leased(one, run)
    assert set(alone.participants) == {"bot/random", "race:1"}
    # The first round: ann against race:1, the bot against ben.
    for person in ("player/ann", "player/ben"):
        await world.store.beat(run.run_id, person, world.clock.now + 15.0)
    await one.driver.look()
    by_person = {person: out for out in world.run(run.run_id).out for person in out.seats}
    assert list(by_person) == ["player/ben"]
    seats = by_person["player/ben"].seats["player/ben"]
    assert len(seats) == 2
    assert len({seat.game_id for seat in seats}) == 2
    # An evaluator holds the policy's seats, and gets those alone.
    issue = await one.evaluation.lease("w", 8)
    ((match, made),) = [each for each in issue.matches if each[0].run_id == run.run_id]
    assert match.expire_time >= world.clock.now + 100.0
    tokens = [token for game in made.games for token in game.seat_tokens]
    assert len([token for token in tokens if token]) == 2
    own = next(out for out in world.run(run.run_id).out if "player/ann" in out.seats)
    theirs = {seat.seat_token for seat in own.seats["player/ann"]}
    assert len(theirs) == 2
    assert not theirs & set(tokens)
    world.result(match.match_id, 0.0, 1.0)
    await one.evaluation.complete(match.match_id, match.fence, "w")
    world.result(f"{run.run_id}/{by_person['player/ben'].key}/0", 1.0, 0.0)
    await one.driver.look()
    assert world.run(run.run_id).played == 2


@pytest.mark.parametrize(
    ("present", "absent"),
    [((), (0, 1)), (("player/ann",), (1,)), (("player/ben",), (0,))],
)
async def test_who_does_not_come_forfeits(
    world: World, present: tuple[str, ...], absent: tuple[int, ...]
) -> None:
    one = world.start()
    run = await one.tournaments.create(
        "r", asked(Format.SINGLE, "player/ann", "player/ben", game="race", patience=60.0)
    )
    await one.driver.look()
    world.clock.pass_seconds(59.0)
    await one.driver.look()
    assert "waits for people" in world.run(run.run_id).explanation
    world.clock.pass_seconds(2.0)
    for person in present:
        await world.store.beat(run.run_id, person, world.clock.now + 15.0)
    for _ in range(2):
        await one.driver.look()
    over = world.run(run.run_id)
    assert over.state is TournamentState.FINISHED
    (encounter,) = (await one.books.of(over)).folded.encounters
    assert (encounter.end, encounter.absent) == (End.FORFEIT, absent)
    assert world.game.calls == 0


async def test_who_leaves_before_the_end_forfeits(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create(
        "r", asked(Format.SINGLE, "player/ann", "player/ben", game="race")
    )
    await one.driver.look()
    for person in ("player/ann", "player/ben"):
        await world.store.beat(run.run_id, person, world.clock.now + 15.0)
    await one.driver.look()
    assert set(world.run(run.run_id).out[0].seats) == {"player/ann", "player/ben"}
    world.clock.pass_seconds(101.0)
    await world.store.beat(run.run_id, "player/ben", world.clock.now + 15.0)
    for _ in range(2):
        await one.driver.look()
    over = world.run(run.run_id)
    (encounter,) = (await one.books.of(over)).folded.encounters
    assert (encounter.end, encounter.absent, encounter.winner) == (End.FORFEIT, (0,), 1)
    # What comes late changes nothing.
    world.result(f"{run.run_id}/w1.1/0", 1.0, 0.0)
    await one.driver.look()
    assert world.run(run.run_id) == over


async def test_teams_of_several_members(world: World) -> None:
    one = world.start()
    game = {"game": "ctf", "settings": GameSettings(seats=4)}
    teams = ("reds=bot/random,player/cy", "blues=player/ann,player/ben")
    run = await one.tournaments.create("r", asked(Format.SINGLE, *teams, **game))
    assert run.sides == (0, 1, 0, 1)
    folded = (await one.books.of(run)).folded
    assert run.participants(folded.encounters[0]) == (
        "bot/random",
        "player/ann",
        "player/cy",
        "player/ben",
    )
    for wrong in ("reds=player/cy", "reds=player/cy,player/di,player/ed"):
        with pytest.raises(InvalidArgument, match=r"entrants\[1\].members has 2 entries"):
            await one.tournaments.create("x", asked(Format.SINGLE, wrong, teams[1], **game))
    three = ("a=player/a,player/b,player/c", "b=player/d,player/e,player/f")
    with pytest.raises(InvalidArgument, match="one for each seat of a team, of which ctf has 2"):
        await one.tournaments.create("x", asked(Format.SINGLE, *three, **game))
    with pytest.raises(FailedPrecondition, match="a person holds one seat"):
        await one.tournaments.create("x", asked(Format.SINGLE, "player/a", "player/b", **game))
    hunted = {"game": "pursuit", "settings": GameSettings(seats=4)}
    with pytest.raises(FailedPrecondition, match="do not stay together"):
        await one.tournaments.create("x", asked(Format.SINGLE, *teams, **hunted))


async def test_seeds_are_by_rating_given_or_drawn(world: World) -> None:
    one = world.start()
    world.elo.known["race"] = {"race:3": rating(1200), "race:2": rating(900)}

    async def order(name: str, seeding: Seeding, format_: Format = Format.SINGLE) -> list[str]:
        question = asked(format_, *FOUR, seeding=seeding, seed=5)
        run = await one.tournaments.create(name, question)
        plan = run.plan
        await one.tournaments.cancel(run.run_id, "")
        return [plan.entrants[index] for index in plan.order]

    assert await order("a", Seeding.RATING) == ["race:3", "race:1", "race:4", "race:2"]
    assert await order("b", Seeding.GIVEN) == list(FOUR)
    drawn = await order("c", Seeding.RANDOM)
    assert sorted(drawn) == list(FOUR)
    assert await order("d", Seeding.RANDOM) == drawn
    assert (await order("e", Seeding.RATING, Format.GAUNTLET))[0] == "race:1"


async def test_what_is_asked_again_is_there_already(world: World) -> None:
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.SWISS, *FOUR, title="one"))
    assert await one.tournaments.create("r", asked(Format.SWISS, *FOUR, title="two")) == run
    with pytest.raises(AlreadyExists, match="of 4 entrants"):
        await one.tournaments.create("r", asked(Format.SINGLE, *FOUR))
    await one.tournaments.create("s", asked(Format.SWISS, *FOUR))
    with pytest.raises(ResourceExhausted):
        await one.tournaments.create("t", asked(Format.SWISS, *FOUR))
    over = await one.tournaments.cancel(run.run_id, "by mistake")
    assert (over.state, over.explanation) == (
        TournamentState.CANCELLED,
        "cancelled: by mistake",
    )
    assert await one.tournaments.cancel(run.run_id, "again") == over
    with pytest.raises(NotFound):
        await one.tournaments.cancel("none", "")


@pytest.mark.parametrize(
    ("entrants", "given", "error", "message"),
    [
        (("race:1", "race:99"), {}, NotFound, "race:99"),
        (("race:1", "race:1"), {}, InvalidArgument, "race:1 is named twice"),
        (("race:1", "race:champion"), {}, InvalidArgument, "race:1 is named twice"),
        (("race:1", "bot/nobody"), {}, FailedPrecondition, r"entrants\[1\]: bot/nobody"),
        (("race:1", "solo:1"), {}, FailedPrecondition, r"entrants\[1\]: solo:1 is rated on"),
        (("bot/random", "player/ann"), {}, InvalidArgument, "game: is empty"),
        (("bot/random", "player/ann"), {"game": "solo"}, None, ""),
        (("race:1", "race:2"), {"rounds": 3}, InvalidArgument, "rounds: 3"),
        (("race:1", "race:2"), {"best_of": 2}, InvalidArgument, "best_of: 2"),
        (("a=race:1", "a=race:2"), {}, InvalidArgument, "'a' is named twice"),
        (("bot/random", "player/ann"), {"game": "nothing"}, InvalidArgument, "nothing"),
        (("bot/random", "player/ann"), {"game": "coop-keys"}, FailedPrecondition, "one seat"),
    ],
)
async def test_what_cannot_be_played_is_refused(
    world: World,
    entrants: tuple[str, ...],
    given: dict[str, object],
    error: type[Exception] | None,
    message: str,
) -> None:
    from tests.unit.matchmaker.fakes import snapshot

    world.model.keep(snapshot(1, name="solo", game="solo"))
    world.model.put("race", "champion", 1)
    question = asked(Format.SINGLE, *entrants, **given)
    one = world.start()
    if error is None:
        await one.tournaments.create("r", question)
        return
    with pytest.raises(error, match=message):
        await one.tournaments.create("r", question)
    assert not world.store.runs


async def test_evaluators_have_no_more_than_so_many(world: World) -> None:
    world.outstanding = 3
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.ROUND_ROBIN, *FOUR))
    assert len(await leased(one, run)) == 3
    assert not await leased(one, run)
    assert (await one.evaluation.lease("w", 8)).retry_after <= 1.0


async def test_a_tournament_of_many_is_folded_beside_the_loop(world: World) -> None:
    names = [f"race:{number}" for number in range(1, 301)]
    for number in range(9, 301):
        world.model.keep(replace(world.model.versions["race", 1], version=number))
    one = world.start()
    run = await one.tournaments.create("r", asked(Format.SWISS, *names))
    matches = await leased(one, run)
    assert len(matches) == 8
    await world.play(one, matches, 1.0)
    await one.driver.look()
    book = await one.books.of(world.run(run.run_id))
    assert len({(encounter.key, number) for encounter, number in book.ready()}) == 142
