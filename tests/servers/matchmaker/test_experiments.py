"""An alias that plays: the experiment chooses the version, and hears how the match ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.elo import EloClient
from mazemesh.client.game.game import GameClient
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.policies.experiments import Experiments
from mazemesh.errors import NotFound
from mazemesh.v1 import game_pb2, model_pb2
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness import serve
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.matchmaker.bind import bind
from services.matchmaker.settings import MatchmakerSettings
from tests.servers.model_policies import publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually

LONG = 120.0


@pytest.fixture
def model(tmp_path: Path) -> Iterator[RunningModel]:
    with running_model(tmp_path) as model:
        for seed in range(2):
            publish(model.client, seed=seed, snapshot=True)
        model.client.set_alias("race", "champion", 1, 0)
        yield model


def play(game: GameClient, matched: pb.Matched) -> float:
    """Plays a seat to the end; its score."""
    with game.play(matched.seat_token) as seat:
        while isinstance(message := seat.receive(LONG), game_pb2.Turn):
            mask = np.frombuffer(message.action_mask, np.uint8)
            seat.act(message.step, int(mask.nonzero()[0][-1]))
    return float(message.scores[matched.seat])


async def test_a_rated_match_of_an_alias_is_an_outcome(model: RunningModel, tmp_path: Path) -> None:
    mesh = Experiments(model.client)
    # All sessions are the second arm's, whatever they are called.
    mesh.ab("race:champion", {"race:2": 1.0}, weight=0.0, experiment_id="seat")
    async with serve(EloSettings(port=0, data_dir=tmp_path), bind_elo) as elo:
        game_settings = GameServiceSettings(
            port=0, data_dir=tmp_path, elo_address=elo.address, outbox_max_backoff=0.5
        )
        async with serve(game_settings, bind_game) as game_server:
            settings = MatchmakerSettings(
                port=0,
                data_dir=tmp_path,
                game_address=game_server.address,
                elo_address=elo.address,
                model_address=model.address,
                anchor_matches=0,
            )
            async with serve(settings, bind) as matchmaker_server:
                matchmaker = MatchmakerClient(matchmaker_server.address)
                game, ratings = GameClient(game_server.address), EloClient(elo.address)

                def seek(player: str) -> tuple[pb.Matched, float]:
                    *_, last = matchmaker.find(
                        player, "race", rated=True, request_id=f"ask-{player[-3:]}"
                    )
                    return last.matched, play(game, last.matched)

                async with asyncio.timeout(LONG):
                    (own, score), (other, _) = await asyncio.gather(
                        *(asyncio.to_thread(seek, one) for one in ("race:champion", "player/zoe"))
                    )
                assert (own.player, other.player) == ("race:2", "player/zoe")
                assert set(own.participants) == {"race:2", "player/zoe"}

                def outcomes() -> list[int]:
                    return [arm.outcomes for arm in mesh.get("seat").figures]

                await asyncio.to_thread(eventually, lambda: outcomes() == [0, 1], LONG)
                (_, second) = (await asyncio.to_thread(mesh.get, "seat")).figures
                assert second.mean_score == pytest.approx(score)
                (result,) = await asyncio.to_thread(ratings.results, [own.match_id])
                assert set(result.participants) == {"race:2", "player/zoe"}
                # What is told again is known.
                told = await asyncio.to_thread(mesh.record, "seat", {"ask-ion": 1.0})
                assert told == 0

                # Once it has ended the alias stands for what it stands for.
                await asyncio.to_thread(mesh.stop, "seat")
                found = await asyncio.to_thread(model.client.assign, "race:champion", "later")
                assert found == model_pb2.AssignSessionResponse(name="race", version=1)
                with pytest.raises(NotFound, match="race:nobody does not exist"):
                    await asyncio.to_thread(seek, "race:nobody")
                for client in (matchmaker, game, ratings):
                    client.close()
