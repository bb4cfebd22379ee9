"""The core of the Game service: sequences, holds, watchers, scores and matches."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    ResourceExhausted,
)
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.v1 import game_pb2 as pb
from services.game.matches.match import Match, MatchGame, lay_out
from services.game.matches.matches import Matches
from services.game.matches.results import compared, results, time_trial_scores
from services.game.matches.setup import MatchSetup
from services.game.play.hold import Hold
from services.game.play.progress import Progress
from services.game.play.watching import Frame, Outcome, Watcher
from services.game.play_game import take_acts

SEED = seeds.seed(Purpose.EVALUATION, 0)


@given(st.lists(st.integers(0, 12), max_size=60))
def test_no_order_of_requests_plays_a_step_twice(requests: list[int]) -> None:
    progress = Progress("opened")
    played: list[int] = []
    for sequence in requests:
        try:
            if progress.is_next(sequence):
                played.append(sequence)
                progress.advance(f"response {sequence}")
        except FailedPrecondition:
            assert sequence not in (len(played), len(played) + 1) or sequence == 0
        else:
            assert sequence == len(played)
            assert progress.response == f"response {sequence}"
    assert played == list(range(1, len(played) + 1))


@pytest.mark.parametrize(("sequence", "fine"), [(0, False), (1, True), (2, True), (3, False)])
def test_who_lacks_at_most_the_last_response_may_resume(sequence: int, fine: bool) -> None:
    progress = Progress("opened")
    progress.advance("first")
    progress.advance("second")
    if fine:
        progress.check_resume(sequence)
    else:
        with pytest.raises(FailedPrecondition, match=f"{sequence}; the session has played 2"):
            progress.check_resume(sequence)


class Stream:
    """Something that holds and waits for ever."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self.waits = asyncio.Event()
        self.go_on = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        with self._hold.take() as holder:
            await self.go_on.wait()  # what must not be disturbed
            self.waits.set()
            await holder.wait(asyncio.Event().wait)


async def test_the_newest_stream_holds() -> None:
    hold = Hold("seat 1")
    streams = []
    for _ in range(3):
        streams.append(Stream(hold))
        streams[-1].go_on.set()
        await streams[-1].waits.wait()
    for stream in streams[:2]:
        with pytest.raises(Conflict, match="seat 1 was taken over"):
            await stream.task
    assert hold.held
    hold.end(FailedPrecondition("over"))
    with pytest.raises(FailedPrecondition, match="over"):
        await streams[2].task
    assert not hold.held


async def test_a_stream_is_ended_only_where_it_waits() -> None:
    hold = Hold("seat 1")
    stream = Stream(hold)
    await asyncio.sleep(0)
    hold.end(FailedPrecondition("over"))
    hold.end(FailedPrecondition("too late"))
    await asyncio.sleep(0)
    assert not stream.task.done()
    stream.go_on.set()
    with pytest.raises(FailedPrecondition, match="over"):
        await stream.task
    assert stream.waits.is_set()


class Player:
    """The other end of a PlayGame stream: what it sends, once it may."""

    def __init__(self, request: pb.PlayGameRequest, go_on: asyncio.Event) -> None:
        self.request = request
        self.go_on = go_on

    async def read(self) -> pb.PlayGameRequest:
        await self.go_on.wait()
        return self.request


class Refusing:
    """A game that takes no action."""

    def __init__(self) -> None:
        self.acted = 0
        self.holds = {0: Hold("seat 0")}

    def act(self, seat: int, step: int, action: int) -> None:
        self.acted += 1
        raise FailedPrecondition("act.step is 9")


async def test_a_stream_that_leaves_does_not_end_its_successor() -> None:
    seated, go_on = Refusing(), asyncio.Event()
    late = Player(pb.PlayGameRequest(act=pb.Act(step=9)), go_on)
    with seated.holds[0].take() as old:
        acts = asyncio.create_task(take_acts(late, old, seated, 0))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        with seated.holds[0].take() as successor:
            go_on.set()
            await acts
            successor.check()
            with pytest.raises(Conflict, match="taken over"):
                old.check()
    assert seated.acted == 0


async def test_a_cancelled_stream_is_cancelled() -> None:
    stream = Stream(Hold("seat 1"))
    stream.go_on.set()
    await stream.waits.wait()
    stream.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream.task


async def test_a_slow_watcher_loses_old_frames_but_never_the_last() -> None:
    watcher = Watcher()
    last = Frame(999, (1, 2), (), (), Outcome((1.0, 0.0), 999, truncated=False))
    for step in range(998):
        watcher.show(Frame(step, (0, 0), (), (), None))
    watcher.show(last)
    watcher.end()
    seen = []
    while (frame := await watcher.next()) is not None:
        seen.append(frame)
    assert len(seen) == 64
    assert seen[-1] == last
    assert [frame.step for frame in seen[:-1]] == list(range(935, 998))


SOLVED = st.tuples(st.booleans(), st.integers(1, 50))


@pytest.mark.parametrize(
    ("runs", "scores"),
    [
        ([(True, 10), (True, 12)], (1.0, 0.0)),
        ([(True, 12), (True, 12)], (0.5, 0.5)),
        ([(False, 50), (True, 49)], (0.0, 1.0)),
        ([(False, 50), (False, 50)], (0.5, 0.5)),
        ([(True, 5), (True, 5), (False, 50)], (0.75, 0.75, 0.0)),
        ([(True, 5)], (1.0,)),
        ([(False, 5)], (0.0,)),
    ],
)
def test_time_trials_score_by_steps(
    runs: Sequence[tuple[bool, int]], scores: tuple[float, ...]
) -> None:
    assert time_trial_scores(outcomes(runs)) == scores


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((1.0, 0.0), (1.0, 0.0)),
        ((0.5, 0.5), (0.5, 0.5)),
        ((0.25, 0.75), (0.25, 0.75)),
        ((1.0, 1.0), (0.5, 0.5)),
        ((0.0, 0.0), (0.5, 0.5)),
        ((0.2, 0.4), (0.0, 1.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ],
)
def test_scores_of_two_add_up_for_elo(
    scores: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert compared(scores) == expected


@given(st.lists(SOLVED, min_size=2, max_size=8))
def test_time_trial_scores_add_up(runs: list[tuple[bool, int]]) -> None:
    scores = time_trial_scores(outcomes(runs))
    assert sum(scores) == pytest.approx(len(runs) / 2)
    assert all(0 <= score <= 1 for score in scores)


def outcomes(runs: Sequence[tuple[bool, int]]) -> list[Outcome]:
    return [Outcome((float(solved),), steps, not solved) for solved, steps in runs]


EIGHT = get_game("race").resolve(GameSettings(seats=8))
PLAYERS = tuple(f"race:{number}" for number in range(1, 9))


def setup(match_id: str, fence: int = 0) -> MatchSetup:
    game = get_game("race")
    settings = game.resolve(GameSettings())
    return MatchSetup(match_id, game, settings, SEED, ("race:1", "race:2"), True, 0, fence)


def test_all_or_none_of_the_matches_are_made() -> None:
    dropped: list[tuple[MatchGame, MazemeshError]] = []
    matches = Matches(3, 8, count(1), lambda game, reason: dropped.append((game, reason)))
    (first,) = matches.create(matches.lay_out([setup("a", fence=5)], 0.0, 0.0), (), 0.0)
    for wrong in (setup("a", fence=4), setup("finished")):
        with pytest.raises(FailedPrecondition):
            matches.create(matches.lay_out([setup("b"), wrong], 0.0, 0.0), ("finished",), 0.0)
    with pytest.raises(ResourceExhausted):
        matches.create(matches.lay_out([setup(name) for name in "bcd"], 0.0, 0.0), (), 0.0)
    wide = matches.lay_out([replace(setup("b"), settings=EIGHT, participants=PLAYERS)], 0.0, 0.0)
    with pytest.raises(ResourceExhausted, match="games of matches"):
        matches.create(wide, (), 0.0)
    assert list(matches) == [first]
    assert not dropped
    (again,) = matches.create(matches.lay_out([setup("a", fence=6)], 0.0, 0.0), (), 0.0)
    assert list(matches) == [again]
    assert [game for game, _ in dropped] == first.games
    serials = [game.serial for game in first.games + again.games]
    assert serials == sorted(set(serials))


def test_only_matches_that_nobody_touched_are_dropped() -> None:
    matches = Matches(9, 99, count(1), lambda game, reason: None)
    matches.create(matches.lay_out([setup("old")], 0.0, 0.0), (), 0.0)
    matches.create(matches.lay_out([setup("asked-for-again")], 0.0, 0.0), (), 0.0)
    (young,) = matches.create(matches.lay_out([setup("young")], 10.0, 0.0), (), 10.0)
    (again,) = matches.create(matches.lay_out([setup("asked-for-again")], 7.0, 0.0), (), 7.0)
    assert [match.setup.match_id for match in matches.drop_unplayed(5.0, 9)] == ["old"]
    assert list(matches) == [again, young]
    assert matches.game("old-r0") is None


def team_match(game: str, seats: int, *participants: str, rotations: int = 0) -> Match:
    rules = get_game(game)
    settings = rules.resolve(GameSettings(seats=seats))
    setup = MatchSetup("m", rules, settings, SEED, participants, True, rotations, 1)
    match = Match(setup, create_time=0.0, touched=0.0)
    lay_out(match)
    return match


def test_a_participant_holds_a_whole_team_and_every_role_in_turn() -> None:
    capture = team_match("ctf", 4, "ctf:1", "bot/random")
    assert [game.participants for game in capture.games] == [(0, 1, 0, 1), (1, 0, 1, 0)]
    assert [bool(token) for token in capture.games[0].tokens] == [True, False, True, False]
    hunt = team_match("pursuit", 4, "pursuit:1", "pursuit:2")
    assert [game.participants for game in hunt.games] == [(0, 1, 1, 1), (1, 0, 0, 0)]
    assert len({game.game_id for game in hunt.games}) == 2
    assert len(team_match("pursuit", 4, "pursuit:1", "pursuit:2", rotations=1).games) == 1


def test_elo_is_told_scores_by_participant_where_each_holds_a_team() -> None:
    match = team_match("pursuit", 4, "pursuit:1", "pursuit:2")
    for game in match.games:  # the evader wins
        match.note(game, Outcome((1.0, 0.0, 0.0, 0.0), 9, False), 1.0)
    told = results(match)
    assert [one.scores for one in told] == [(1.0, 0.0), (0.0, 1.0)]
    assert [one.rotation for one in told] == [0, 1]
    assert [one.teams for one in told] == [(), ()]


def test_elo_is_told_the_teams_of_those_who_hold_one_seat_each() -> None:
    names = [f"pursuit:{number}" for number in range(1, 4)]
    match = team_match("pursuit", 3, *names)
    for game in match.games:
        match.note(game, Outcome((1.0, 0.0, 0.0), 9, False), 1.0)
    assert [one.teams for one in results(match)] == [(0, 1, 1), (1, 1, 0), (1, 0, 1)]


@pytest.mark.parametrize("number", [1, 3, 5])
def test_participants_are_one_for_each_seat_or_team(number: int) -> None:
    names = [f"ctf:{index + 1}" for index in range(number)]
    with pytest.raises(InvalidArgument, match="one for each, or one for each of its 2 teams"):
        team_match("ctf", 4, *names)
