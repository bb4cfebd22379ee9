"""`python -m bench game`: agent-steps a second of the games, in process and through the service.

An agent-step is one seat's move with its reward, action mask and next observation; resets of
finished games are part of it.
"""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from bench.game.engine import compile_seconds, engine_rate, reference_rate, reset_seconds
from bench.game.peers import PEERS, measure_peer
from bench.game.wire import serve_game, wire_rate
from bench.pinned import pin, pinned_server
from mazemesh.games import Game, get_game, list_games

app = typer.Typer()

_SERVER_CORE, _CLIENT_CORE = 0, 1


@app.command()
def game(
    *,
    seconds: Annotated[float, typer.Option(help="of each load", min=0.1)] = 3.0,
    num_games: Annotated[int, typer.Option("--games", help="of a batch", min=2)] = 512,
    wire_games: Annotated[int, typer.Option(help="of both half-batches together", min=2)] = 2048,
    peer: Annotated[
        list[str],
        typer.Option(
            help="to measure too, each in an own environment that is installed first "
            "(minutes); `none` measures none"
        ),
    ] = list(PEERS),  # noqa: B006
    cold: Annotated[bool, typer.Option(help="also compile each game without a cache")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Race 10 x 10 with a 7 x 7 view, each other game, the wire, and peers.

    In process one core plays everything, but for "short_episodes": race of shortest-path bots whose
    mazes are drawn in place, and ahead by a thread, which pays where a second core is free.

    Through the wire the Game service has a process and a core of its own, and one client on another
    core keeps two half-batches in flight.
    """
    short = {
        where: engine_rate(get_game("race"), num_games, seconds, "shortest-path", draw_ahead=ahead)
        for where, ahead in (("in_place", False), ("ahead", True))
    }
    pinned = (os.cpu_count() or 1) > 1 and pin(_CLIENT_CORE)
    games = {one.name: _figures(one, num_games, seconds) for one in list_games()}
    if cold:
        for name, figures in games.items():
            figures["cold_compile_seconds"] = compile_seconds(name)
    in_process = games["race"]["agent_steps_per_second"]
    with pinned_server(serve_game, _SERVER_CORE) as server:
        wire = wire_rate(server, wire_games, seconds)
    report = {
        "bench": "game",
        "in_process_agent_steps_per_second": in_process,
        "wire_agent_steps_per_second": wire["agent_steps_per_second"],
        "python_env_ratio": in_process / reference_rate(seconds),
        "short_episodes": {where: rate for where, (rate, _) in short.items()},
        "peers": [measure_peer(name, seconds) for name in peer if name != "none"],
        "games": games,
        "wire": wire,
        "pinned": pinned,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "seconds": seconds,
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _figures(one: Game, num_games: int, seconds: float) -> dict[str, float]:
    rate, cpu_rate = engine_rate(one, num_games, seconds)
    return {
        "seats": one.spec().seats,
        "agent_steps_per_second": rate,
        "agent_steps_per_cpu_second": cpu_rate,
        "reset_microseconds": 1e6 * reset_seconds(one, num_games),
    }


def _as_text(report: dict[str, Any]) -> str:
    lines = ["game         seats   agent-steps/s  reset us"]
    lines += [
        f"{name:<12} {figures['seats']:>5} {figures['agent_steps_per_second']:>15,.0f} "
        f"{figures['reset_microseconds']:>9.2f}"
        for name, figures in report["games"].items()
    ]
    lines.append(f"race, wire         {report['wire_agent_steps_per_second']:>15,.0f}")
    lines.append(f"engine / plain Python {report['python_env_ratio']:>12,.0f}")
    lines += [f"{peer['name']:<12} {peer}" for peer in report["peers"]]
    return "\n".join(lines)
