"""Where live news come from: one watch of a service for each topic that somebody follows.

| topic | what | news |
|---|---|---|
| `games` | running games, the newest first | `games` |
| `games/ID` | one game, at most ten moves a second | `episode`, `frame` |
| `leaderboards/LADDER` | its first page | `leaderboard` |
| `gates` | gate runs, the newest first | `gates` |
| `gates/ID` | one gate between its bounds | `gate` |
| `tournaments`, `tournaments/ID` | all, and one as it goes | `tournaments`, `tournament` |
| `policies`, `policies/NAME` | versions and aliases as they change | `policy`, `alias` |
| `tables` | Replay's tables and their limiters | `tables` |

What has no watch of its own is asked every second while somebody follows it. The gateway's own key
is shown, a viewer's: what a topic tells every viewer may see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final

from mazemesh.errors import NotFound
from mazemesh.v1 import elo_pb2, game_pb2, matchmaker_pb2, model_pb2, replay_pb2
from services.gateway.live.feed import Source
from services.gateway.live.news import News
from services.gateway.live.pacing import paced
from services.gateway.rest.messages import all_as_json, as_json
from services.gateway.rpcs import Rpcs

_ASK_SECONDS: Final = 1.0
_ROWS: Final = 100
_GAMES: Final = 200
_NEXT_EPISODE_SECONDS: Final = 0.05


def sources(rpcs: Rpcs) -> dict[str, Source]:
    """By the first part of a topic's name."""
    return {
        "games": partial(_games, rpcs),
        "leaderboards": partial(_leaderboard, rpcs),
        "gates": partial(_gates, rpcs),
        "tournaments": partial(_tournaments, rpcs),
        "policies": partial(_policies, rpcs),
        "tables": partial(_tables, rpcs),
    }


async def _asked(kind: str, ask: Callable[[], Awaitable[Any]]) -> AsyncIterator[News]:
    """What is asked again and again, told when it has changed."""
    before: Any = None
    while True:
        found = await ask()
        if found != before:
            yield News(kind, found)
        before = found
        await asyncio.sleep(_ASK_SECONDS)


def _games(rpcs: Rpcs, name: str) -> AsyncIterator[News]:
    return (
        paced(_episodes(rpcs, name)) if name else _asked("games", partial(running_games, rpcs, ""))
    )


async def running_games(rpcs: Rpcs, key: str) -> list[dict[str, Any]]:
    """Games of matches and training sessions, of all instances, the newest first."""
    request = game_pb2.ListActiveGamesRequest(page_size=_GAMES)
    found: dict[str, dict[str, Any]] = {}
    for one in rpcs.games:
        answer = await rpcs.ask(one.ListActiveGames, request, key)
        found.update((game.game_id, as_json(game)) for game in answer.games)
    newest = sorted(found.values(), key=lambda game: str(game["create_time"]), reverse=True)
    return newest[:_GAMES]


async def _episodes(rpcs: Rpcs, game_id: str) -> AsyncIterator[News]:
    """A game to its end; one of training from episode to episode."""
    seen = False
    while True:
        try:
            async for news in _game(rpcs, game_id):
                seen = True
                yield news
        except NotFound:
            if not seen:
                raise
            return
        if "/" not in game_id:
            return
        await asyncio.sleep(_NEXT_EPISODE_SECONDS)


async def _game(rpcs: Rpcs, game_id: str) -> AsyncIterator[News]:
    async for frame in rpcs.follow_game(game_pb2.WatchGameRequest(game_id=game_id)):
        told = as_json(frame)
        if frame.passages:
            episode = ("passages", "width", "height", "exit_cell", "participants", "step")
            yield News("episode", {name: told[name] for name in episode})
        moved = ("step", "positions", "goals", "items", "finished")
        yield News("frame", {name: told[name] for name in moved})


async def _leaderboard(rpcs: Rpcs, ladder: str) -> AsyncIterator[News]:
    request = elo_pb2.WatchLeaderboardRequest(ladder=ladder, page_size=_ROWS)
    before: Any = None
    async for answer in rpcs.follow(rpcs.elo.WatchLeaderboard, request):
        if answer != before:  # it is sent again from time to time
            yield News("leaderboard", as_json(answer.leaderboard))
        before = answer


async def _gates(rpcs: Rpcs, gate_id: str) -> AsyncIterator[News]:
    if gate_id:
        request = matchmaker_pb2.WatchGateRunRequest(gate_id=gate_id)
        async for answer in rpcs.follow(rpcs.matchmaker.WatchGateRun, request):
            yield News("gate", as_json(answer.run))
        return
    listing = matchmaker_pb2.ListGateRunsRequest(page_size=_ROWS)

    async def ask() -> list[dict[str, Any]]:
        return all_as_json((await rpcs.ask(rpcs.matchmaker.ListGateRuns, listing)).runs)

    async for news in _asked("gates", ask):
        yield news


async def _tournaments(rpcs: Rpcs, tournament_id: str) -> AsyncIterator[News]:
    if tournament_id:
        view = TournamentView()
        request = matchmaker_pb2.WatchTournamentRequest(tournament_id=tournament_id)
        async for answer in rpcs.follow(rpcs.matchmaker.WatchTournament, request):
            view.take(answer)
            if not answer.more:
                yield News("tournament", view.told())
        return
    listing = matchmaker_pb2.ListTournamentsRequest(page_size=_ROWS)

    async def ask() -> list[dict[str, Any]]:
        found = await rpcs.ask(rpcs.matchmaker.ListTournaments, listing)
        return all_as_json(found.tournaments)

    async for news in _asked("tournaments", ask):
        yield news


class TournamentView:
    """A tournament as its watch tells it: entrants once, then what has changed."""

    def __init__(self) -> None:
        self._tournament: dict[str, Any] = {}
        self._encounters: dict[str, dict[str, Any]] = {}

    def take(self, answer: matchmaker_pb2.WatchTournamentResponse) -> None:
        """One message."""
        told = as_json(answer.tournament)
        told["entrants"] = told["entrants"] or self._tournament.get("entrants", [])
        self._tournament = told
        self._encounters.update((one.key, as_json(one)) for one in answer.encounters)

    def told(self) -> dict[str, Any]:
        """All of it as it is now."""
        return {**self._tournament, "encounters": list(self._encounters.values())}


async def _policies(rpcs: Rpcs, name: str) -> AsyncIterator[News]:
    listing = model_pb2.ListPoliciesRequest(name=name, page_size=_ROWS)
    known = await rpcs.ask(rpcs.model.ListPolicies, listing)
    yield News("policies", all_as_json(known.policies))
    request = model_pb2.WatchPoliciesRequest(
        name=name, since_revision=known.revision, together=True
    )
    async for answer in rpcs.follow(rpcs.model.WatchPolicies, request):
        for event in (answer, *answer.also):
            match event.WhichOneof("event"):
                case "policy":
                    version = event.policy
                    label = f"{version.name}:{version.version}"
                    yield News("policy", as_json(version), label)
                case "alias":
                    alias = event.alias
                    yield News("alias", as_json(alias), f"{alias.name}:{alias.alias}")


def _tables(rpcs: Rpcs, _name: str) -> AsyncIterator[News]:
    return _asked("tables", partial(tables, rpcs, ""))


async def tables(rpcs: Rpcs, key: str) -> list[dict[str, Any]]:
    """Replay's tables, of each shard."""
    request = replay_pb2.ListTablesRequest()
    found = []
    for shard, one in enumerate(rpcs.replays):
        answer = await rpcs.ask(one.ListTables, request, key)
        for info in answer.tables:
            told = as_json(info)
            told["table"].pop("signature")  # large, and the same all the time
            found.append({"shard": shard, **told})
    return found
