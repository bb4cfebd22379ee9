"""Pictures as the mesh tells what they are of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mazemesh.errors import FailedPrecondition, NotFound, Unavailable
from mazemesh.notebook.board import Board
from mazemesh.notebook.curve import Curve, Point
from mazemesh.notebook.picture import Picture
from mazemesh.notebook.standings import Standing, Standings
from mazemesh.v1 import elo_pb2, game_pb2

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh
    from mazemesh.training.run import TrainingRun

FIGURES: Final = {"reward": "episode_reward", "success_rate": "episode_success"}
"""What a curve shows unless something else is asked for; by the names of a job's progress."""

_LOOK_SECONDS: Final = 0.25
_NO_GAME_SECONDS: Final = 0.5
_OVER: Final = frozenset({"finished", "cancelled", "budget", "failed"})


def job_curves(mesh: Mesh, experiment_id: str, figures: Sequence[str]) -> Iterator[Curve]:
    """Curves of a training job, from what its run has written already to its end."""
    job = mesh.training.status(experiment_id)
    title = job.title or f"{job.algorithm} learns {job.game} as {job.policy}"
    run_id = job.progress.run_id if job.progress else ""
    known = {name: _written(mesh, run_id, name) for name in figures}
    for told in mesh.training.follow(experiment_id):
        now = {**told, **told["losses"]}
        for name, points in known.items():
            _add(points, told["agent_steps"], now.get(name))
        yield Curve(title, _told(known), note=_how(told))


def _written(mesh: Mesh, run_id: str, figure: str) -> list[Point]:
    """What the run's journal has by now."""
    if not run_id:
        return []
    metric = FIGURES.get(figure, figure)
    for curve in mesh.runs.curves(metric, [run_id], buckets=200):
        x, y = curve.points()
        return [*zip(x.tolist(), y.tolist(), strict=True)]
    return []


def _add(points: list[Point], x: float, y: float | None) -> None:
    if y is not None and (not points or x > points[-1][0]):
        points.append((float(x), float(y)))


def _told(known: Mapping[str, list[Point]]) -> dict[str, tuple[Point, ...]]:
    """Figures that the run has; all of them while it has told none."""
    some = any(known.values())
    return {name: tuple(points) for name, points in known.items() if points or not some}


def _how(told: Mapping[str, Any]) -> str:
    said = f"{told['status']}, {told['agent_steps']:,} agent steps, {told['episode']:,} episodes"
    return f"{said}: {told['reason']}" if told["status"] in _OVER and told["reason"] else said


def run_curves(run: TrainingRun, figures: Sequence[str]) -> Iterator[Curve]:
    """Curves of a run that `mazemesh.train` started, to its end.

    Raises:
        TrainingFailed: it ended before it should.
    """
    title = f"{', '.join(run.policies)} learns"
    known: dict[str, list[Point]] = {name: [] for name in figures}
    before: object = None
    while True:
        running = run.running
        now = run.wait(_LOOK_SECONDS)
        if now is not None and now is not before:
            before = now
            for name, points in known.items():
                _add(points, now.agent_steps, now.figures.get(FIGURES.get(name, name)))
        how = f"{now.agent_steps:,} agent steps, version {now.version}" if now else "starting"
        note = how if running else f"ended, {how}"
        yield Curve(title, _told(known), note=note)
        if not running:
            return


def boards(mesh: Mesh, game_id: str, *, endless: bool = False) -> Iterator[Board]:
    """A running game to its end; one of training, with `endless`, from episode to episode.

    Raises:
        NotFound: the game is not running.
        FailedPrecondition: it has no maze.
    """
    game = next((one.game for one in mesh.game.list_active() if one.game_id == game_id), "")
    seen = False
    while True:
        try:
            for board in _episode(mesh.game.watch(game_id), game):
                seen = True
                yield board
        except NotFound:
            if not seen:
                raise
            return
        if not endless:
            return


def recorded(mesh: Mesh, game_id: str) -> Iterator[Board]:
    """A finished game once more.

    Raises:
        NotFound: there is no recording of it (yet, or any more).
        FailedPrecondition: its file is damaged, or it has no maze.
    """
    frames = mesh.game.watch_replay(game_id)
    first = next(frames)

    def all_frames() -> Iterator[game_pb2.WatchGameResponse]:
        yield first.frame
        for told in frames:
            yield told.frame

    yield from _episode(all_frames(), first.game)


def found_boards(
    mesh: Mesh, fits: Callable[[game_pb2.ActiveGame], bool], left: threading.Event
) -> Iterator[Board]:
    """The newest running game that fits, and the next one when it has ended; waits for one.

    `left` ends that.
    """
    while True:
        active = max(filter(fits, mesh.game.list_active()), key=_time, default=None)
        if active is not None:
            try:
                yield from boards(mesh, active.game_id, endless=True)
            except NotFound:
                pass  # it has ended meanwhile
            except FailedPrecondition:
                return  # it has no maze
        if left.wait(_NO_GAME_SECONDS):  # nothing tells when the next one begins
            return


def paced(boards: Iterator[Board], moves_a_second: float) -> Iterator[Board]:
    """The same no faster than that; one comes as soon as it is there."""
    due = time.monotonic()
    for board in boards:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - 1.0) + 1.0 / moves_a_second
        yield board


def _time(game: game_pb2.ActiveGame) -> tuple[int, int]:
    return game.create_time.seconds, game.create_time.nanos


def _episode(frames: Iterator[game_pb2.WatchGameResponse], game: str) -> Iterator[Board]:
    board: Board | None = None
    for frame in frames:
        if frame.passages:
            board = Board(
                frame.width,
                frame.height,
                tuple(frame.passages),
                tuple(frame.positions),
                tuple(frame.goals),
                tuple(frame.items),
                tuple(frame.participants),
                frame.step,
                game,
                _ended(frame),
            )
        elif board is None:
            raise FailedPrecondition(f"game {game or frame.game_id} has no maze to be shown")
        else:
            board = board.moved(
                frame.positions,
                step=frame.step,
                goals=frame.goals,
                items=frame.items,
                note=_ended(frame),
            )
        yield board


def _ended(frame: game_pb2.WatchGameResponse) -> str:
    if not frame.HasField("finished"):
        return ""
    scores = ", ".join(f"{score:g}" for score in frame.finished.scores)
    late = " (out of time)" if frame.finished.truncated else ""
    return f"over after {frame.finished.steps} steps{late}: {scores}"


def standings(told: elo_pb2.GetLeaderboardResponse) -> Standings:
    """A page of a leaderboard as a picture."""
    rows = (Standing(one.player, one.rating, one.low, one.high, one.games) for one in told.players)
    return Standings(told.ladder, tuple(rows), told.total_players, told.matches)


def watched_standings(mesh: Mesh, ladder: str, top: int) -> Iterator[Picture]:
    """A leaderboard whenever it has changed, until the service stops.

    Raises:
        MazemeshError: it cannot be watched: a name that is none, a key that may not, no service.
    """
    seen = False
    try:
        for told in mesh.elo.watch_leaderboard(ladder, top):
            seen = True
            yield standings(told)
    except Unavailable:
        if not seen:
            raise
