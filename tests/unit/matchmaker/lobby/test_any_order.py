"""Whatever players, streams, Game and time do, and in whatever order."""

import asyncio
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.errors import AlreadyExists, FailedPrecondition
from services.matchmaker.lobby.tickets import ENDED, Ticket, TicketState
from services.matchmaker.rating.players import Rating
from tests.unit.matchmaker.lobby.test_lobby import GRACE, World, wish

PLAYERS = 7
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, PLAYERS - 1)),
        st.tuples(st.just("leave"), st.integers(0, PLAYERS - 1)),
        st.tuples(st.just("cancel"), st.integers(0, PLAYERS - 1)),
        st.tuples(st.just("pass"), st.integers(1, 20)),
        st.tuples(st.just("game"), st.integers(0, 1)),
        st.tuples(st.just("match"), st.just(0)),
    ),
    max_size=40,
)


class Players:
    """What seven players did, each with a request and a stream at a time."""

    def __init__(self) -> None:
        self.world = World()
        self.world.elo.known["race"] = {
            f"player/{number}": Rating(1000.0 + 60.0 * number, 900.0, 1100.0, 9)
            for number in range(PLAYERS)
        }
        self.open: dict[int, object] = {}
        self.requests: Counter[int] = Counter()
        self.ended: dict[str, Ticket] = {}

    async def do(self, what: str, number: int) -> None:
        """One step."""
        if what == "pass":
            self.world.clock.pass_seconds(float(number))
        elif what == "game":
            self.world.game.down = bool(number)
        elif what == "match":
            await self.match()
        else:
            await getattr(self, what)(number)
        await self.check()

    async def come(self, number: int) -> None:
        request = f"{number}-{self.requests[number]}"
        try:
            stream = await self.world.follow(wish(str(number)), request)
        except AlreadyExists:
            raise AssertionError("the same request is the same ticket") from None
        self.open[number] = stream
        ticket = self.of(number)
        if ticket is not None and ticket.state in ENDED:
            self.requests[number] += 1

    async def leave(self, number: int) -> None:
        stream = self.open.pop(number, None)
        if stream is not None:
            await stream.aclose()  # type: ignore[attr-defined]

    async def cancel(self, number: int) -> None:
        ticket = self.of(number)
        if ticket is None:
            return
        try:
            await self.world.lobby.cancel(ticket.ticket_id)
        except FailedPrecondition:
            assert ticket.state in (TicketState.MATCHED, TicketState.EXPIRED)

    async def match(self) -> None:
        """Matches, and holds each new match against how its tickets were before."""
        before = {one.ticket_id: one for one in await self.world.tickets.live()}
        now = self.world.clock.now
        await self.world.matching.match()
        groups: dict[str, list[Ticket]] = {}
        for old in before.values():
            new = await self.world.tickets.get(old.ticket_id)
            if new.state is TicketState.MATCHED:
                assert new.seat is not None
                groups.setdefault(new.seat.match_id, []).append(old)
            assert new.since == old.since  # whatever failed, the age stays
        window = self.world.matching._window
        for group in groups.values():
            first, second = group
            assert first.gone_since is second.gone_since is None
            reach = min(window.after(now - one.since) for one in group)
            assert abs(first.rating - second.rating) <= reach
        if not self.world.game.down:
            left = [
                one
                for one in await self.world.tickets.live()
                if one.gone_since is None and one.state is TicketState.WAITING
            ]
            for one in left:
                for other in left:
                    reach = min(window.after(now - each.since) for each in (one, other))
                    assert one is other or abs(one.rating - other.rating) > reach

    async def check(self) -> None:
        """What holds at any time."""
        tickets = list(self.world.tickets._tickets.values())
        live = Counter(one.wish.player for one in tickets if one.state not in ENDED)
        assert max(live.values(), default=0) <= 1
        sides: dict[str, set[str]] = {}
        for one in tickets:
            if one.state in ENDED:
                known = self.ended.setdefault(one.ticket_id, one)
                assert replace(known, gone_since=None) == replace(one, gone_since=None)
            if one.seat is not None:
                sides.setdefault(one.seat.match_id, set()).add(one.wish.player)
        assert all(len(players) == 2 for players in sides.values())

    def of(self, number: int) -> Ticket | None:
        """The player's newest ticket."""
        request = f"{number}-{self.requests[number]}"
        known = self.world.tickets._by_request.get(request)
        return None if known is None else self.world.tickets._tickets[known]


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_nobody_plays_twice_waits_for_ever_or_loses_its_age(steps: list[tuple[str, int]]) -> None:
    async def run() -> None:
        players = Players()
        for what, number in steps:
            await players.do(what, number)
        # In the end everybody is matched or out: none is left in limbo.
        players.world.game.down = False
        for number in range(PLAYERS):
            await players.leave(number)
        players.world.clock.pass_seconds(60.0 + GRACE)
        await players.world.matching.match()
        assert await players.world.tickets.live() == []
        for stream in players.world.streams:
            await stream.aclose()

    asyncio.run(run())
