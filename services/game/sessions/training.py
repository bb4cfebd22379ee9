"""Endless training episodes: from what a client asks for to running games."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings, Purpose, seeds
from services.game.play.batch import Batch, Int8Array, NewEngine, check_controllers
from services.game.play.message_size import check_answer_fits
from services.game.play.share import Share

MAX_GAMES = 16384


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSetup:
    """Episodes (seed, first_game_id + g, e) of games g = 0..num_games-1, e = 0, 1, 2, ...

    `controllers` int8 [num_games, seats]: -1 the client, else a bot's code; None: all the client.
    `with_state`: whether steps carry the state of whole games.

    Raises:
        InvalidArgument: at construction; a field is out of range, or a step would not fit into one
            message.
    """

    game: Game
    settings: GameSettings
    num_games: int
    seed: int
    first_game_id: int
    controllers: Int8Array | None
    with_state: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.num_games <= MAX_GAMES:
            raise InvalidArgument(f"num_games: {self.num_games} is outside 1..{MAX_GAMES}")
        if seeds.purpose_of(self.seed) is not Purpose.TRAINING:
            raise InvalidArgument(
                f"seed: {self.seed} is of the {seeds.purpose_of(self.seed).name.lower()} range; "
                f"training takes seeds of the training range, 0..{seeds.NUMBERS - 1}"
            )
        if self.first_game_id + self.num_games > 1 << 32:
            raise InvalidArgument(
                f"first_game_id: {self.first_game_id} + num_games {self.num_games} is above 2**32"
            )
        if self.with_state and self.game.spec(self.settings).state_space is None:
            raise InvalidArgument(f"with_state: game {self.game.name} has no state of the whole")
        check_answer_fits(self.game, self.settings, self.num_games, with_state=self.with_state)
        if self.controllers is not None:
            check_controllers("controllers", self.controllers, self.game)

    def make(self, new_engine: NewEngine, share: Share | None = None) -> Batch:
        """Begins the episodes in memory that was reserved.

        It takes a while at first use, as it loads the compiled engine.
        """
        engine = new_engine(self.game, self.settings, self.num_games, with_state=self.with_state)
        if self.controllers is not None:
            engine.next_controller[...] = self.controllers
        ids = np.arange(self.first_game_id, self.first_game_id + self.num_games, dtype=np.uint64)
        engine.reset(seed=self.seed, game_id=ids)
        return Batch(engine, share, with_state=self.with_state)
