"""How long it takes until one instance tells what another one recorded."""

from __future__ import annotations

import statistics
import time
from typing import Final

from mazemesh.client.elo import EloClient
from mazemesh.v1 import elo_pb2

_ROUNDS: Final = 10
_LONGEST: Final = 60.0
_LADDER: Final = "converging"


def converge_seconds(addresses: tuple[str, str]) -> dict[str, float]:
    """Seconds from a result that was recorded to the other instance's fit of it, either way."""
    clients = [EloClient(address) for address in addresses]
    seconds: list[float] = []
    try:
        for number in range(1, 2 * _ROUNDS + 1):
            one, other = clients if number % 2 else reversed(clients)
            one.record([_result(number)])
            began = time.perf_counter()
            _await_fit(other, number)
            if number > 2:  # the first of each way loads and compiles what it needs
                seconds.append(time.perf_counter() - began)
    finally:
        for client in clients:
            client.close()
    return {"median": round(statistics.median(seconds), 3), "most": round(max(seconds), 3)}


def _await_fit(client: EloClient, matches: int) -> None:
    """Returns when the instance has fitted so many matches; an instance is asked as users ask."""
    until = time.monotonic() + _LONGEST
    while client.leaderboard(_LADDER).fitted_matches < matches:
        if time.monotonic() > until:
            raise RuntimeError(
                f"the other instance has not fitted {matches} matches in {_LONGEST} s"
            )
        time.sleep(0.005)


def _result(number: int) -> elo_pb2.MatchResult:
    scores = [number % 2, 1 - number % 2]
    return elo_pb2.MatchResult(
        match_id=f"converging-{number}",
        ladder=_LADDER,
        rules_hash="converging",
        participants=["run:1", "bot/random"],
        games=[elo_pb2.GameOutcome(game_id=f"converging-{number}-r0", scores=scores)],
        finish_time={"seconds": 1_700_000_000 + number},
    )
