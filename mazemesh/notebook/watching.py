"""What a cell of a notebook asks for: to see something, or to watch it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mazemesh.errors import NotFound
from mazemesh.notebook import feeds
from mazemesh.notebook.board import Board
from mazemesh.notebook.curve import Curve
from mazemesh.notebook.live import Feed, Live, place
from mazemesh.notebook.picture import Picture
from mazemesh.notebook.standings import Standings
from mazemesh.v1 import game_pb2

if TYPE_CHECKING:
    from mazemesh.client.gateway.jobs import Job
    from mazemesh.client.mesh import Mesh
    from mazemesh.training.run import TrainingRun


def watch(
    mesh: Mesh,
    job: Job | str,
    *,
    figures: Sequence[str] = tuple(feeds.FIGURES),
    board: bool = True,
    seconds: float | None = None,
) -> Job:
    """Shows a training job's curve, and one of the games that it plays, until it has ended.

    Interrupting the cell ends the watching alone; the job goes on.

    ```pycon
    >>> from mazemesh import notebook
    >>> newest = next(mesh.training.jobs())
    >>> notebook.watch(mesh, newest, seconds=120).over
    True

    ```

    Args:
        mesh: Where it runs.
        job: It, or its `experiment_id`.
        figures: "reward", "success_rate", or names of losses and other figures.
        board: Whether to show a game too, where it has a maze.
        seconds: After which the cell ends in any case.

    Returns:
        The job as it is then.

    Raises:
        NotFound: there is no such job.
    """
    experiment_id = job if isinstance(job, str) else job.experiment_id
    asked = mesh.training.status(experiment_id)
    left = threading.Event()
    with mesh.again() as own:
        shown: list[Feed] = [partial(feeds.job_curves, own, experiment_id, figures)]
        if board and not asked.over:
            shown.append(partial(feeds.found_boards, own, _trains(asked), left))
        Live(shown, [place() for _ in shown], left, own.close).run(seconds)
    return mesh.training.status(experiment_id)


def watch_run(
    run: TrainingRun,
    *,
    figures: Sequence[str] = tuple(feeds.FIGURES),
    seconds: float | None = None,
) -> Curve | None:
    """Shows the curve of a run that `mazemesh.train` started, until it has ended.

    Interrupting the cell ends the watching alone; `run.stop()` ends the run.

    Args:
        run: It.
        figures: As of `watch`.
        seconds: After which the cell ends in any case.

    Returns:
        The last picture; None before there is any.

    Raises:
        TrainingFailed: it ended before it should.
    """
    shown = [partial(feeds.run_curves, run, figures)]
    [last] = Live(shown, [place()], threading.Event()).run(seconds)
    return last if isinstance(last, Curve) else None


def watch_board(mesh: Mesh, game: str = "", *, seconds: float | None = None) -> Board | None:
    """Shows a running game, move by move, until it has ended or the cell is interrupted.

    Args:
        mesh: Where it runs.
        game: Id of one (`mesh.game.list_active()`); or the name of a game or player, "": any, of
            which the newest is shown, and the next one when it has ended.
        seconds: After which the cell ends in any case.

    Returns:
        The last picture; None where there was none.

    Raises:
        NotFound: the game of that id is not running.
        FailedPrecondition: it has no maze.
    """
    left = threading.Event()
    with mesh.again() as own:
        named = any(one.game_id == game for one in mesh.game.list_active())
        feed: Callable[[], Iterator[Picture]] = (
            partial(feeds.boards, own, game)
            if named or "/" in game
            else partial(feeds.found_boards, own, partial(_is_of, game), left)
        )
        [last] = Live([feed], [place()], left, own.close).run(seconds)
    return last if isinstance(last, Board) else None


def watch_recording(mesh: Mesh, game_id: str = "", *, moves_a_second: float = 8.0) -> Board:
    """Shows a finished game once more.

    ```pycon
    >>> from mazemesh import notebook
    >>> last = notebook.watch_recording(mesh, moves_a_second=1_000)
    >>> last.note.startswith("over after")
    True

    ```

    Args:
        mesh: That has it.
        game_id: Which (`mesh.game.list_replays()`); "": the newest.
        moves_a_second: How fast.

    Returns:
        The last picture.

    Raises:
        NotFound: there is no recording of it (yet, or any more).
        FailedPrecondition: its file is damaged, or it has no maze.
    """
    if not game_id:
        newest = next(iter(mesh.game.list_replays()), None)
        if newest is None:
            raise NotFound("there is no recording yet; finished matches leave them")
        game_id = newest.game_id
    shown = place()
    with mesh.again() as own:
        frames = feeds.paced(feeds.recorded(own, game_id), moves_a_second)
        last: Board | None = None
        try:
            for last in frames:
                shown.show(last)
        except KeyboardInterrupt:
            pass  # enough was seen
    if last is None:
        raise NotFound(f"the recording of {game_id} has no move")
    return last


def leaderboard(mesh: Mesh, ladder: str = "race", *, top: int = 15) -> Standings:
    """A ladder as it is now, as a picture.

    ```pycon
    >>> from mazemesh import notebook
    >>> print(notebook.leaderboard(mesh, "race", top=3).ladder)
    race

    ```

    Args:
        mesh: That has it.
        ladder: Its name, usually the game's.
        top: How many players.
    """
    return feeds.standings(mesh.elo.leaderboard(ladder, page_size=top))


def watch_leaderboard(
    mesh: Mesh, ladder: str = "race", *, top: int = 15, seconds: float | None = None
) -> Standings | None:
    """Shows a ladder whenever it changes, until the cell is interrupted.

    Args:
        mesh: That has it.
        ladder: Its name, usually the game's.
        top: How many players.
        seconds: After which the cell ends in any case.

    Returns:
        The last picture.

    Raises:
        MazemeshError: it cannot be watched, as by a key that may not.
    """
    with mesh.again() as own:
        feed = partial(feeds.watched_standings, own, ladder, top)
        [last] = Live([feed], [place()], threading.Event(), own.close).run(seconds)
    return last if isinstance(last, Standings) else None


def _trains(job: Job) -> Callable[[game_pb2.ActiveGame], bool]:
    """Games of training, of the job's game, that began after it."""
    began = job.created.timestamp() if job.created else 0.0

    def fits(active: game_pb2.ActiveGame) -> bool:
        since = active.create_time.seconds + active.create_time.nanos / 1e9
        training = active.kind == game_pb2.ACTIVE_GAME_KIND_TRAINING
        return training and active.game == job.game and since >= began

    return fits


def _is_of(name: str, active: game_pb2.ActiveGame) -> bool:
    players = active.participants
    of_player = any(one == name or one.startswith(f"{name}:") for one in players)
    return not name or active.game == name or of_player
