"""`python -m bench.leaderboard.queries`: asks for pages of a leaderboard and times the answers.

Reads one JSON object from standard input, see `Wanted`, and prints one. A process of its own, so
that making requests takes nothing from the server or from the ingest.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import grpc

from mazemesh.v1 import elo_pb2
from mazemesh.v1.elo_pb2 import GetLeaderboardRequest, GetLeaderboardResponse

METHOD = "/mazemesh.v1.EloService/GetLeaderboard"
_DEADLINE = 30.0
_KINDS = ("first", "around", "next", "run")
_SHARES = (40, 40, 10, 10)


@dataclass
class Wanted:
    """What to ask.

    Attributes:
        address: Of the server.
        players: Versions `run:1` to `run:players`.
        page: Players of a page.
        seconds: For how long.
        clients: Connections, each of which asks again once it has its answer.
        rate: Questions a second of all together, by a clock: an answer's time counts from when its
            question was due. 0: as fast as answers come.
    """

    address: str
    players: int
    page: int
    seconds: float
    clients: int
    rate: float


def measure(wanted: Wanted) -> dict[str, Any]:
    """Answers a second, and quantiles of the milliseconds that each took, by kind."""
    taken: list[tuple[str, float]] = []
    lock = threading.Lock()
    start = threading.Barrier(wanted.clients + 1)

    def ask(number: int) -> None:
        rng = random.Random(number)
        own: list[tuple[str, float]] = []
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(wanted.address, options) as channel:
            call: Any = channel.unary_unary(
                METHOD,
                request_serializer=GetLeaderboardRequest.SerializeToString,
                response_deserializer=GetLeaderboardResponse.FromString,
            )
            call(GetLeaderboardRequest(ladder="race", page_size=1), timeout=_DEADLINE)
            start.wait()
            began = time.perf_counter()
            pause = wanted.clients / wanted.rate if wanted.rate else 0.0
            due, token = began + pause * rng.random(), ""
            while due < began + wanted.seconds:
                if pause:
                    time.sleep(max(0.0, due - time.perf_counter()))
                kind = rng.choices(_KINDS, _SHARES)[0]
                answer = call(_request(kind, token, rng, wanted), timeout=_DEADLINE)
                now = time.perf_counter()
                own.append((kind, now - due))
                if kind in ("first", "next"):
                    token = answer.next_page_token
                due = due + pause if pause else now
        with lock:
            taken.extend(own)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(wanted.clients)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    every = [each for _, each in taken]
    return {
        "queries_per_second": round(len(taken) / seconds, 1),
        "queries": len(taken),
        "p50_ms": quantile(every, 0.5),
        "p99_ms": quantile(every, 0.99),
        "most_ms": quantile(every, 1.0),
        "p99_ms_by_kind": {
            kind: quantile([each for of, each in taken if of == kind], 0.99) for kind in _KINDS
        },
    }


def quantile(seconds: list[float], share: float) -> float:
    """Of some times, in milliseconds; 0 where there are none."""
    if not seconds:
        return 0.0
    return round(1000 * sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))], 3)


def _request(
    kind: str, token: str, rng: random.Random, wanted: Wanted
) -> elo_pb2.GetLeaderboardRequest:
    request = GetLeaderboardRequest(ladder="race", page_size=wanted.page)
    if kind == "around":
        request.around = f"run:{rng.randint(1, wanted.players)}"
    elif kind == "run":
        request.filter.run = "run"
    elif kind == "next" and token:
        request.page_token = token
    return request


if __name__ == "__main__":
    print(json.dumps(measure(Wanted(**json.load(sys.stdin)))))
