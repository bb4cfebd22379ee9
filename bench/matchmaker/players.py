"""`python -m bench.matchmaker.players`: many players, in a process of their own.

Reads one JSON object from standard input, see `Wanted`, and prints one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import numpy as np

from mazemesh.v1 import matchmaker_pb2 as pb

FIND = "/mazemesh.v1.MatchmakerService/FindMatch"
FIND_MANY = "/mazemesh.v1.MatchmakerService/FindMatches"
_IN_A_MESSAGE = 256
_CHANNELS = 4
_LIMIT = 90.0
"""Seconds after which a burst ends, whoever is left over."""
_MOST = 98
"""Percent of the players: the last ones are those who are too far apart until windows widen."""


@dataclass
class Wanted:
    """What to do.

    Attributes:
        address: Of the service.
        how: "streams" (FindMatch, one a player), "batches" (FindMatches), or "held" (streams of
            players who are not matched, for `seconds`).
        players: How many ask at once.
        first: Number of the first player, `run:N`.
        seconds: How long streams are held.
    """

    address: str
    how: str
    players: int
    first: int = 1
    seconds: float = 0.0


@dataclass
class Seen:
    """What came of it: seconds from the request to each news, from the beginning to each match."""

    queued: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    matches: set[str] = field(default_factory=set)
    messages: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    players: int = 0
    ratings: dict[str, list[float]] = field(default_factory=dict)
    """Of those who were told, by match."""
    enough: Callable[[], object] = lambda: None

    def gaps(self) -> list[float]:
        """Elo points between the two of each match."""
        return [max(both) - min(both) for both in self.ratings.values() if len(both) == 2]

    def match(self, match_id: str, waited: float, rating: float) -> None:
        """Notes that a player has a seat; the last ones are not waited for."""
        self.waited.append(waited)
        self.done.append(time.perf_counter())
        self.matches.add(match_id)
        self.ratings.setdefault(match_id, []).append(rating)
        if len(self.done) == self.players * _MOST // 100:
            self.enough()

    def fail(self, error: grpc.aio.AioRpcError) -> None:
        """Notes a status that is no part of the plan."""
        told = f"{error.code().name}: {error.details()}"
        self.errors[told] = self.errors.get(told, 0) + 1


async def measure(wanted: Wanted) -> dict[str, Any]:
    """Runs the players."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(wanted.address, options=own) for _ in range(_CHANNELS)]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    requests = list(_requests(wanted))
    seen = Seen(players=wanted.players)
    cpu, began = time.process_time(), time.perf_counter()
    if wanted.how == "batches":
        await _in_batches(channels[0], requests, seen, began)
    else:
        until = began + wanted.seconds if wanted.how == "held" else None
        finds = [channel.unary_stream(FIND) for channel in channels]
        streams = [
            asyncio.create_task(
                _one(finds[index % _CHANNELS], request.SerializeToString(), seen, until)
            )
            for index, request in enumerate(requests)
        ]
        seen.enough = lambda: [stream.cancel() for stream in streams]
        if until is None:
            asyncio.get_running_loop().call_later(_LIMIT, seen.enough)
        await asyncio.gather(*streams, return_exceptions=True)
    seconds = time.perf_counter() - began
    await asyncio.gather(*(channel.close() for channel in channels))
    return {
        "seconds": seconds,
        "processor_seconds": time.process_time() - cpu,
        "queued": len(seen.queued),
        "queued_seconds": max(seen.queued, default=0.0),
        "matched": len(seen.waited),
        "matches": len(seen.matches),
        "messages": seen.messages,
        "errors": seen.errors,
        "most_seconds": seen.done[: wanted.players * _MOST // 100][-1] - began
        if seen.done
        else 0.0,
        "most_matched": min(len(seen.done), wanted.players * _MOST // 100),
        "rating_gap": float(np.mean(seen.gaps() or [0.0])),
        "wait_p50": _percentile(seen.waited, 50),
        "wait_p99": _percentile(seen.waited, 99),
        "queued_p99": _percentile(seen.queued, 99),
    }


async def _one(find: Any, request: bytes, seen: Seen, until: float | None) -> None:
    """A player's stream; one that is held is cancelled at its end, if no match ended it before."""
    began = time.perf_counter()
    call = find(request)
    is_queued, is_matched, rating = False, False, 0.0
    try:
        async with asyncio.timeout_at(None if until is None else _loop_time(until)):
            async for data in call:
                news = pb.FindMatchResponse.FromString(data)
                seen.messages += 1
                if not is_queued:
                    is_queued = True
                    seen.queued.append(time.perf_counter() - began)
                if news.WhichOneof("update") == "matched":
                    is_matched = True
                    seen.match(news.matched.match_id, time.perf_counter() - began, rating)
                else:
                    rating = news.queued.rating
    except TimeoutError:
        call.cancel()
    except grpc.aio.AioRpcError as error:
        seen.fail(error)
    else:
        if until is not None and not is_matched:
            seen.errors["ended"] = seen.errors.get("ended", 0) + 1


async def _in_batches(
    channel: grpc.aio.Channel, requests: list[pb.FindMatchRequest], seen: Seen, began: float
) -> None:
    async def asked() -> AsyncIterator[bytes]:
        for first in range(0, len(requests), _IN_A_MESSAGE):
            part = requests[first : first + _IN_A_MESSAGE]
            yield pb.FindMatchesRequest(find=part).SerializeToString()

    try:
        ratings: dict[str, float] = {}
        call = channel.stream_stream(FIND_MANY)(asked())
        seen.enough = call.cancel
        asyncio.get_running_loop().call_later(_LIMIT, seen.enough)
        async for data in call:
            now = time.perf_counter() - began
            seen.messages += 1
            for news in pb.FindMatchesResponse.FromString(data).news:
                kind = news.WhichOneof("update")
                if kind == "queued":
                    seen.queued.append(now)
                    ratings[news.request_id] = news.queued.rating
                elif kind == "matched":
                    seen.match(news.matched.match_id, now, ratings[news.request_id])
                else:
                    told = news.refused.message
                    seen.errors[told] = seen.errors.get(told, 0) + 1
    except asyncio.CancelledError:
        pass  # by `enough`
    except grpc.aio.AioRpcError as error:
        seen.fail(error)


def _requests(wanted: Wanted) -> Iterator[pb.FindMatchRequest]:
    # Two runs of the same players are two requests each.
    run = f"{os.getpid()}-{time.time_ns()}"
    for number in range(wanted.first, wanted.first + wanted.players):
        request = pb.FindMatchRequest(
            request_id=f"{run}-{number}", player=f"run:{number}", game="race", rated=True
        )
        request.max_wait.FromSeconds(600)
        yield request


def _loop_time(at: float) -> float:
    return asyncio.get_running_loop().time() + at - time.perf_counter()


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else 0.0


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Wanted(**json.load(sys.stdin))))))
