"""Players of a front end whose Matchmaker may die at any moment."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import grpc
import grpc.aio

from mazemesh.client.matchmaker import find_request
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub


class Storm:
    """Players who ask again, by the same requests, until they are matched.

    Attributes:
        told: What each was told, by request: the ids of matches and of tickets.
    """

    def __init__(self, name: str, count: int) -> None:
        self.requests = [
            find_request(
                f"player/{name}{number}", "race", request_id=f"{name}-{number}", max_wait=600.0
            )
            for number in range(count)
        ]
        self.matches: dict[str, set[str]] = defaultdict(set)
        self.tickets: dict[str, set[str]] = defaultdict(set)
        self.seats: Counter[str] = Counter()

    @property
    def missing(self) -> list[pb.FindMatchRequest]:
        """Who have no match yet."""
        return [one for one in self.requests if not self.matches[one.request_id]]

    async def ask(
        self,
        address: str,
        requests: Sequence[pb.FindMatchRequest],
        news: Callable[[pb.TicketNews], None] = lambda _: None,
    ) -> None:
        """Asks for these, until all have ended or the service is gone."""
        async with asyncio.timeout(60), grpc.aio.insecure_channel(address) as channel:
            call = MatchmakerServiceStub(channel).FindMatches()
            try:
                await call.write(pb.FindMatchesRequest(find=requests))
                await call.done_writing()
                async for message in call:
                    for one in message.news:
                        self._note(one)
                        news(one)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            except asyncio.InvalidStateError:
                pass  # it was gone before all was asked

    def _note(self, news: pb.TicketNews) -> None:
        assert not news.HasField("refused"), news
        self.tickets[news.request_id].add(news.ticket_id)
        if news.HasField("matched"):
            self.matches[news.request_id].add(news.matched.match_id)

    def check(self) -> None:
        """Each request had one match, whenever it was told, and each match two players."""
        assert not self.missing
        assert all(len(found) == 1 for found in self.matches.values())
        assert all(len(found) == 1 for found in self.tickets.values())
        assert set(Counter(min(found) for found in self.matches.values()).values()) == {2}
