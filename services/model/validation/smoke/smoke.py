"""When files play: a few moves before their version is ready, whole games of snapshots after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy.typing as npt
import structlog

from mazemesh.errors import MazemeshError, Unavailable
from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.heads import ActionDistribution
from services.model.checks import LONGEST_TEXT, SMOKE, Check, Outcome
from services.model.registry.policy import State, Submission, Version
from services.model.store import RegistryStore, Transaction
from services.model.validation.parity import Floats
from services.model.validation.report import Rejected
from services.model.validation.smoke.match import Answer, Played, Session, play
from services.model.validation.validator import Content, Validator
from services.model.validation.validators import Validators

_log = structlog.get_logger(__name__)

_WAITING: Final = 32
"""Snapshots that wait to play, at most; the next ones do not."""

_OF_GRAPH: Final = "signature"
"""A check that is made once for all files of a graph."""


class SmokePeer(Protocol):
    """The Game service, as far as such games go. Its calls block."""

    def open(self, submission: Submission, games: int) -> tuple[Session, ActionDistribution]:
        """Begins games of what a version was trained for, bot/random on all other seats.

        Returns:
            The games, and what continuous actions of the version are drawn from.

        Raises:
            MazemeshError: Game is away, or refuses the game.
        """


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is played.

    Attributes:
        games: At once; 0: none.
        moves_before: Of each before a version is ready.
        seconds_before: For these, with the wait for Game.
        moves: After which a game of a snapshot is left.
    """

    games: int
    moves_before: int
    seconds_before: float
    moves: int


class Smoke:
    """Has files play in the process that checks them; belongs to one event loop."""

    def __init__(
        self, store: RegistryStore, validators: Validators, game: SmokePeer, extent: Extent
    ) -> None:
        self._store, self._validators, self._game = store, validators, game
        self._extent = extent
        self._waiting: asyncio.Queue[tuple[Version, Callable[[], Awaitable[bytes]]]]
        self._waiting = asyncio.Queue(_WAITING)
        self._stopped = False

    async def before(
        self, submission: Submission, content: Content, size_bytes: int, checks: tuple[Check, ...]
    ) -> tuple[Check, ...]:
        """See `publisher.Smoke`: what comes of a file's first moves.

        Nothing where it names no game, and where its graph has played before.

        Raises:
            Rejected: it cannot play.
        """
        if not (self._extent.games and submission.game):
            return ()
        if not any(one.name == _OF_GRAPH for one in checks):
            return ()
        try:
            async with asyncio.timeout(self._extent.seconds_before):
                check = await self._play(submission, content, size_bytes, self._extent.moves_before)
        except TimeoutError:
            detail = f"Game did not play it within {self._extent.seconds_before:g} s"
            check = Check(SMOKE, Outcome.SKIPPED, detail=detail)
        if check.outcome is Outcome.FAILED:
            raise Rejected(SMOKE, check.detail, (*checks, check))
        return (check,)

    def after(self, version: Version, file: Callable[[], Awaitable[bytes]]) -> None:
        """See `publisher.Smoke`: has a snapshot play whole games, unless too many wait for it."""
        if self._extent.games and version.game and version.snapshot:
            try:
                self._waiting.put_nowait((version, file))
            except asyncio.QueueFull:
                _log.warning("snapshot plays no smoke match", version=version.reference)

    async def run(self) -> None:
        """Plays what waits, without end."""
        while True:
            version, file = await self._waiting.get()
            try:
                await self._play_out(version, file)
            except MazemeshError as error:
                _log.warning(
                    "smoke match was not played", version=version.reference, reason=str(error)
                )

    async def close(self) -> None:
        """Has games that are being played end at their next move."""
        self._stopped = True

    async def _play_out(self, version: Version, file: Callable[[], Awaitable[bytes]]) -> None:
        data = await file()
        check = await self._play(version, data, len(data), self._extent.moves)
        if check.outcome is Outcome.FAILED:
            _log.error("snapshot cannot play", version=version.reference, reason=check.detail)

        def note(tx: Transaction) -> None:
            tx.lock()
            known = tx.checks.get(version.name, version.number)
            others = tuple(one for one in known if one.name != SMOKE)
            before = next((one for one in known if one.name == SMOKE), None)
            # What was played is not forgotten for what could not be.
            kept = before if before and check.outcome is Outcome.SKIPPED else check
            present = tx.versions.get(version.name, version.number)
            if present is not None and present.state is State.READY:
                tx.checks.put(version.name, version.number, (*others, kept))

        await self._store.transact(note)

    async def _play(
        self, submission: Submission, content: Content, size_bytes: int, moves: int
    ) -> Check:
        def game(validator: Validator, state_size: int) -> Played:
            session, distribution = self._game.open(submission, self._extent.games)
            try:
                return play(
                    session,
                    self._answering(validator),
                    moves=moves,
                    state_size=state_size,
                    distribution=distribution,
                    greedy=submission.q_values,
                )
            finally:
                session.close()

        try:
            played = await self._validators.play(content, size_bytes, game)
        except Rejection as error:
            detail = error.reason[:LONGEST_TEXT]
            return Check(SMOKE, Outcome.FAILED, error.figure, detail=detail)
        except MazemeshError as error:
            return Check(SMOKE, Outcome.SKIPPED, detail=str(error)[:LONGEST_TEXT])
        return _told(played)

    def _answering(self, validator: Validator) -> Answer:
        def answer(
            given: Mapping[str, npt.NDArray[Any]], outputs: Mapping[str, int]
        ) -> dict[str, Floats]:
            if self._stopped:
                raise Unavailable("the Model service stops")
            return validator.act(given, outputs)

        return answer


def _told(played: Played) -> Check:
    words = f"{played.games} games against bot/random, {played.moves} moves"
    if not played.ended:
        return Check(SMOKE, Outcome.PASSED, unit="of the points", detail=f"{words}, none ended")
    share = played.points / played.ended
    words += f", {played.ended} ended with {played.points:g} points"
    return Check(SMOKE, Outcome.PASSED, share, unit="of the points", detail=words)
