"""A finished game once more, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.game_replay import GameReplay, play
from mazemesh.games import Catalogue, GameSpec
from services.game.play.outcome import Outcome
from services.game.play.picture import picture
from services.game.play.watching import Frame


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment of a finished game.

    Attributes:
        frame: Its picture.
        actions: What each seat did in the step that led here; empty in the first moment.
        spec: Of the game.
        passages: uint8 [height, width], the maze.
        exit: Row and column of the exit.
    """

    frame: Frame
    actions: tuple[int, ...]
    spec: GameSpec
    passages: npt.NDArray[np.uint8]
    exit: tuple[int, int]


def frames(
    replay: GameReplay, games: Catalogue, outcome: Outcome, *, observed: bool
) -> Iterator[Shown]:
    """Before the first step, then after each; the last one tells `outcome`.

    Raises:
        FailedPrecondition: it was played by other rules than those of this version, it has no maze,
            or what is seen is several columns and `observed` is wished.
    """
    try:
        for step, engine in enumerate(play(replay, games)):
            if not step:
                _check(replay, engine.spec, engine.passages.size, observed=observed)
            last = outcome if step == replay.steps else None
            row, column = engine.exit[0].tolist()
            yield Shown(
                picture(engine, 0, step, last, observed=observed),
                tuple(engine.taken[0].tolist()) if step else (),
                engine.spec,
                engine.passages[0],
                (row, column),
            )
    except InvalidArgument as error:
        raise FailedPrecondition(str(error)) from error


def _check(replay: GameReplay, spec: GameSpec, cells: int, *, observed: bool) -> None:
    if not cells:
        raise FailedPrecondition(
            f"game {replay.game_id!r} of {replay.game} has no maze that could be shown; "
            "GetReplay has its actions"
        )
    if observed and not spec.observation_size:
        raise FailedPrecondition(
            f"with_observations: what seats of {replay.game} see is several columns; only one "
            "column can be shown"
        )
