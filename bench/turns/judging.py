"""How good the newest version of a run is, through the Game service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from bench.pinned import pinned_server
from bench.turns.perfect import PerfectPlayer
from mazemesh.analysis.tally import Tally
from mazemesh.client.game.game import GameClient
from mazemesh.client.model import ModelClient
from mazemesh.evaluation.duel import duel
from mazemesh.policy.cache import fetch_policy
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import GameSpec

PERFECT = "perfect-player:1"


class Judge:
    """Plays the newest version of a policy greedily, in both places as often."""

    def __init__(self, game: GameClient, spec: GameSpec, policy: OnnxPolicy) -> None:
        self._game, self._spec, self._policy = game, spec, policy

    @property
    def policy(self) -> str:
        """Whom it judges, "name:version"."""
        return self._policy.reference

    def against(self, other: str, games: int, seed: int = 0) -> Tally:
        """Wins, draws and losses against a bot or `PERFECT`."""
        rng = np.random.default_rng(seed)
        perfect = cast("OnnxPolicy", PerfectPlayer(rng))
        return duel(
            self._game,
            lambda name: perfect if name == PERFECT else self._policy,
            self._spec,
            (self._policy.reference, other),
            games,
            temperature=0.0,
            rng=rng,
        )


@contextmanager
def judging(data: Path, game: str, policy: str) -> Iterator[Judge]:
    """Judges the newest version of a policy in a run's data folder."""
    with served(data, game) as (model, client):
        yield Judge(client, client.spec(game).spec, fetch_policy(model, f"{policy}:latest"))


@contextmanager
def served(data: Path, game: str) -> Iterator[tuple[ModelClient, GameClient]]:
    """Clients of Model over a run's data folder, and of a Game service that plays its game."""
    with (
        pinned_server(partial(_serve_model, data)) as model_server,
        pinned_server(partial(_serve_game, game), 1) as game_server,
    ):
        model, client = ModelClient(model_server.address), GameClient(game_server.address)
        try:
            yield model, client
        finally:
            model.close()
            client.close()


@asynccontextmanager
async def _serve_model(data: Path) -> AsyncIterator[str]:
    from services._harness import serve
    from services.model.bind import bind
    from services.model.settings import ModelSettings

    async with serve(ModelSettings(port=0, data_dir=data), bind) as server:
        yield server.address


@asynccontextmanager
async def _serve_game(game: str) -> AsyncIterator[str]:
    from services._harness import serve
    from services.game.bind import bind
    from services.game.settings import GameServiceSettings

    settings = GameServiceSettings(
        port=0, database_url="sqlite+aiosqlite://", foreign_games=(game,), warm_games=()
    )
    async with serve(settings, bind) as server:
        yield server.address
