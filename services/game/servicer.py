"""GameService on the wire: validate, convert, call the core, convert."""

from __future__ import annotations

from mazemesh.games import BOTS, bot_policy, list_games
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceServicer
from mazemesh.wire import spec_to_proto
from services.game.run_games import Context, RunGamesStream


class GameServicer(GameServiceServicer):
    """Every RPC of GameService; the long streams have files of their own."""

    def __init__(self, run_games: RunGamesStream) -> None:
        self._run_games = run_games

    async def ListGames(  # noqa: N802
        self, request: pb.ListGamesRequest, context: Context
    ) -> pb.ListGamesResponse:
        """The games and bots of this version."""
        return pb.ListGamesResponse(
            games=[
                pb.GameInfo(
                    name=game.name,
                    description=game.summary,
                    min_seats=game.min_seats,
                    max_seats=game.max_seats,
                    default_spec=spec_to_proto(game),
                )
                for game in list_games()
            ],
            bots=[bot_policy(name) for name in BOTS],
        )

    # The stubs only know servicers that yield; this one writes by context.write.
    async def RunGames(  # type: ignore[override]  # noqa: N802
        self, requests: object, context: Context
    ) -> None:
        """One client's batch of games."""
        await self._run_games.serve(context)
