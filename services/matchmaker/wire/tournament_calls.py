"""The RPCs of tournaments, for the servicer: messages in, messages out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

from mazemesh.names import PERSON, TOURNAMENT_ID
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness.access.admission import caller
from services._harness.notices import Notices
from services._harness.pages.paging import page_size, page_token, read_token
from services.matchmaker.tournaments.books import Books, changed
from services.matchmaker.tournaments.part import entrant_of, part_of
from services.matchmaker.tournaments.plan import Encounter
from services.matchmaker.tournaments.run import TournamentRun
from services.matchmaker.tournaments.store import TOURNAMENTS, TournamentStore
from services.matchmaker.tournaments.tournaments import Tournaments
from services.matchmaker.wire.gates import cancel_reason
from services.matchmaker.wire.tournaments import (
    asked_of,
    encounter_messages,
    part_message,
    summary,
    tournament_message,
)
from services.matchmaker.wire.watches import Watches

_AT_ONCE = 1000
_FEW = 5000
_LEAST_SECONDS = 0.5
_BEAT_SECONDS = 5.0
_PRESENT_SECONDS = 15.0
"""For which a person is taken to be there after a beat, also when their stream breaks."""


class TournamentCalls:
    """Starts, cancels, lists and watches tournaments, and tells people what is next.

    Args:
        tournaments: Of the core.
        store: Where they are kept.
        books: What follows from their logs.
        notices: Tell that one has changed, here or at another instance.
        heartbeat_seconds: Longest silence of a stream.
        game_address: Where people reach Game, where it is one.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        tournaments: Tournaments,
        store: TournamentStore,
        books: Books,
        notices: Notices,
        *,
        heartbeat_seconds: float,
        game_address: str,
        clock: Callable[[], float],
    ) -> None:
        self._tournaments, self._store, self._books = tournaments, store, books
        self._heartbeat_seconds, self._clock = heartbeat_seconds, clock
        self._game_address = game_address
        self._watches = Watches(
            *("tournaments", "GetTournament", tournaments.get, notices, TOURNAMENTS),
            heartbeat_seconds=heartbeat_seconds,
        )

    @property
    def watching(self) -> int:
        """Open streams."""
        return len(self._watches)

    async def close(self) -> None:
        """Ends all streams."""
        await self._watches.close()

    async def create(self, request: pb.CreateTournamentRequest) -> pb.Tournament:
        """Starts a tournament."""
        request_id, asked = asked_of(request)
        key_id = caller().owner
        return await self._told(await self._tournaments.create(request_id, asked, key_id=key_id))

    async def cancel(self, request: pb.CancelTournamentRequest) -> pb.Tournament:
        """Ends a tournament."""
        tournament_id = TOURNAMENT_ID.check("tournament_id", request.tournament_id)
        reason = cancel_reason(request)
        return await self._told(await self._tournaments.cancel(tournament_id, reason))

    async def get(self, request: pb.GetTournamentRequest) -> pb.GetTournamentResponse:
        """A tournament and a page of its encounters."""
        limit = page_size(request.page_size)
        (start,) = read_token(request.page_token) or (0,)
        run = await self._tournaments.get(
            TOURNAMENT_ID.check("tournament_id", request.tournament_id)
        )
        folded = (await self._books.of(run)).folded
        end = start + limit
        return pb.GetTournamentResponse(
            tournament=tournament_message(run, folded),
            encounters=encounter_messages(run, folded.encounters[start:end]),
            next_page_token=page_token(end) if end < len(folded.encounters) else "",
        )

    async def page(self, request: pb.ListTournamentsRequest) -> pb.ListTournamentsResponse:
        """A page of tournaments."""
        limit = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (0,)
        rows = await self._store.page(before, limit + 1)
        page = rows[:limit]
        return pb.ListTournamentsResponse(
            tournaments=[summary(run) for _, run in page],
            next_page_token=page_token(page[-1][0]) if len(rows) > limit else "",
        )

    async def watch(
        self, request: pb.WatchTournamentRequest
    ) -> AsyncIterator[pb.WatchTournamentResponse]:
        """A tournament now and whenever it has changed, until it has ended."""
        tournament_id = TOURNAMENT_ID.check("tournament_id", request.tournament_id)
        before: Sequence[Encounter] = ()
        first, waits = True, dict[str, float]()
        runs = self._watches.follow(tournament_id, least_seconds=_LEAST_SECONDS)
        async with aclosing(runs):
            async for run in runs:
                folded = (await self._books.of(run)).folded
                news = [*await _news(before, folded.encounters)]
                before, waited = folded.encounters, waits
                waits = {one.key: one.deadline for one in run.out if one.deadline}
                told = {one.key for one in news}
                turned = {key for key, _ in waits.items() ^ waited.items()} - told
                news += [folded.by_key[key] for key in turned if key in folded.by_key]
                for start in range(0, max(1, len(news)), _AT_ONCE):
                    yield pb.WatchTournamentResponse(
                        tournament=tournament_message(run, folded, with_entrants=first),
                        encounters=encounter_messages(run, news[start : start + _AT_ONCE]),
                        more=start + _AT_ONCE < len(news),
                    )
                    first = False

    async def take_part(self, request: pb.TakePartRequest) -> AsyncIterator[pb.TakePartResponse]:
        """What is next for a person, who is there as long as this is open."""
        tournament_id = TOURNAMENT_ID.check("tournament_id", request.tournament_id)
        player = PERSON.check("player", request.player)
        entrant = entrant_of(await self._tournaments.get(tournament_id), player)
        last, told_at, beat_at = None, 0.0, 0.0
        runs = self._watches.follow(
            tournament_id, least_seconds=_LEAST_SECONDS, heartbeat_seconds=_BEAT_SECONDS
        )
        async with aclosing(runs):
            async for run in runs:
                now = self._clock()
                if now - beat_at >= _BEAT_SECONDS:
                    await self._store.beat(tournament_id, player, now + _PRESENT_SECONDS)
                    self._tournaments.come(first=not beat_at)
                    beat_at = now
                part = part_of(run, (await self._books.of(run)).folded, entrant)
                message = part_message(run, part, player, self._game_address)
                if message != last or now - told_at >= self._heartbeat_seconds:
                    yield message
                    last, told_at = message, now
                if part.over:
                    return

    async def _told(self, run: TournamentRun) -> pb.Tournament:
        return tournament_message(run, (await self._books.of(run)).folded)


async def _news(before: Sequence[Encounter], now: Sequence[Encounter]) -> Sequence[Encounter]:
    """As `changed`; of very many in a thread."""
    if before is now:  # it was not folded since
        return ()
    if len(now) <= _FEW:
        return changed(before, now)
    return await asyncio.to_thread(changed, before, now)
