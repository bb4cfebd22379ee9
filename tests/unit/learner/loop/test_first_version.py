"""Version 1 can be made for every game of mazes, and is checked on what its seats really see."""

from __future__ import annotations

import numpy as np
import pytest

from learner.loop.first_version import first_draft
from learner.network.architecture import initial_parameters
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.games import Game, list_games
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.wire.tensors import from_tensor


@pytest.mark.parametrize("game", list_games(), ids=lambda game: game.name)
@pytest.mark.slow
def test_every_game_has_a_first_version(game: Game) -> None:
    run = Run.of(LearnerSettings(game=game.name))
    draft = first_draft(run, initial_parameters(run.architecture, 0))
    seen = from_tensor(draft.parity.observation, "observation")
    engine = BatchEngine(game, run.game_settings, len(seen))
    engine.reset(seed=0, game_id=np.arange(len(seen)))
    np.testing.assert_array_equal(seen, engine.observation[:, 0])
