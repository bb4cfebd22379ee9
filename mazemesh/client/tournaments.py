"""Tournaments in plain words: `mesh.tournaments`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from mazemesh.client.aio.in_thread import followed, in_thread
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import DeadlineExceeded
from mazemesh.tournaments.asking import request
from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb

_LOOK_SECONDS: Final = 1.0


class Tournaments:
    """Tournaments of a mesh. Thread-safe; `aio` has the same for asyncio.

    ```pycon
    >>> cup = mesh.tournaments.create(
    ...     ["bot/random", "bot/wall-follower"], "single", game="race", title="Friday cup"
    ... )
    >>> cup.running, sorted(entrant.name for entrant in cup.tournament.entrants)
    (True, ['bot/random', 'bot/wall-follower'])
    >>> done = mesh.tournaments.wait_for_completion(cup.summary.tournament_id, timeout=120)
    >>> done.running
    False

    ```
    """

    def __init__(self, matchmaker: MatchmakerClient) -> None:
        self._matchmaker = matchmaker

    @property
    def aio(self) -> AsyncTournaments:
        """The same as coroutines."""
        return AsyncTournaments(self)

    def create(
        self,
        entrants: Iterable[str],
        format_: str = "double",
        *,
        game: str = "",
        seeding: str = "rating",
        seed: int = 0,
        rounds: int = 0,
        best_of: int = 1,
        rated: bool | None = None,
        patience: float | None = None,
        title: str = "",
        request_id: str = "",
    ) -> View:
        """Starts a tournament; see `mazemesh.tournaments.asking.request`.

        Args:
            entrants: 2..1024: "race:12", "race:champion", "bot/random", "player/zoe".
            format_: "round-robin", "gauntlet", "swiss", "single" or "double".
            game: "": what the first version was trained on.
            seeding: "rating", "given" or "random".
            seed: Of what is drawn.
            rounds: How many; 0: as the format has it.
            best_of: Matches of an encounter, odd.
            rated: Whether results count; None: where no people play.
            patience: Seconds that a match waits for people; None: 300.
            title: For people.
            request_id: The same again is the same tournament; "": a new one.

        Raises:
            NotFound: there is no such version.
            FailedPrecondition: they cannot meet.
            InvalidArgument: a value is wrong.
            ResourceExhausted: too many tournaments run.
        """
        asked = request(
            format_,
            entrants,
            game=game,
            seeding=seeding,
            seed=seed,
            rounds=rounds,
            best_of=best_of,
            rated=rated,
            patience=patience,
            title=title,
        )
        asked.request_id = request_id
        made = self._matchmaker.create_tournament(asked)
        return self.get(made.summary.tournament_id)

    def get(self, tournament_id: str) -> View:
        """With standings and all encounters, as it is now.

        Raises:
            NotFound: there is none of this id.
        """
        return self._matchmaker.tournament(tournament_id)

    def list(self, limit: int = 100) -> list[pb.TournamentSummary]:
        """The last started first."""
        return [*islice(self._matchmaker.tournaments(), limit)]

    def watch(self, tournament_id: str) -> Iterator[View]:
        """Now and whenever it has changed, until it has ended.

        Raises:
            NotFound: there is none of this id.
            Unavailable: the service stopped; watch again.
        """
        return self._matchmaker.watch_tournament(tournament_id)

    def cancel(self, tournament_id: str, reason: str = "") -> View:
        """Ends it as it stands; one that has ended stays as it is.

        Raises:
            NotFound: there is none of this id.
        """
        self._matchmaker.cancel_tournament(tournament_id, reason)
        return self.get(tournament_id)

    def wait_for_completion(self, tournament_id: str, timeout: float | None = None) -> View:
        """The tournament when it has ended.

        Args:
            tournament_id: Which.
            timeout: In seconds; None: as long as it takes.

        Raises:
            DeadlineExceeded: it has not ended by then, and goes on.
            NotFound: there is none of this id.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (view := self.get(tournament_id)).running:
            if deadline is not None and time.monotonic() >= deadline:
                raise DeadlineExceeded(f"tournament {tournament_id} runs after {timeout:g} s")
            time.sleep(_LOOK_SECONDS)
        return view


class AsyncTournaments:
    """`Tournaments` for asyncio: each call waits in a thread, and a wait holds none."""

    def __init__(self, tournaments: Tournaments) -> None:
        self.create = in_thread(tournaments.create)
        self.get = in_thread(tournaments.get)
        self.list = in_thread(tournaments.list)
        self.watch = followed(tournaments.watch)
        self.cancel = in_thread(tournaments.cancel)

    async def wait_for_completion(
        self,
        tournament_id: str,
        timeout: float | None = None,  # noqa: ASYNC109  # as the synchronous one
    ) -> View:
        """See `Tournaments.wait_for_completion`."""
        try:
            async with asyncio.timeout(timeout):
                while (view := await self.get(tournament_id)).running:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"tournament {tournament_id} runs after {timeout:g} s"
            ) from error
        return view
