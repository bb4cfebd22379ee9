"""The sessions of a server by id, and how long one waits for a client whose stream broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic

from mazemesh.errors import Conflict, InvalidArgument, MazemeshError, NotFound, ResourceExhausted
from services.game.hold import Holder
from services.game.session import Response, Session

_MAX_ID_LENGTH = 128


class Sessions(Generic[Response]):
    """All sessions of a server.

    Args:
        grace: seconds a session stays without a stream.
        limit: sessions at one time.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, grace: float, limit: int, clock: Callable[[], float]) -> None:
        self._grace = grace
        self._limit = limit
        self._clock = clock
        self._sessions: dict[str, Session[Response]] = {}
        self._lost: dict[Session[Response], float] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session[Response]]:
        return iter(list(self._sessions.values()))

    def check_room(self, session_id: str) -> None:
        """Whether a session of that id may be made.

        Raises:
            InvalidArgument: the id is empty or too long.
            ResourceExhausted: there are too many.
        """
        if not 1 <= len(session_id) <= _MAX_ID_LENGTH:
            raise InvalidArgument(
                f"session_id: {session_id!r} should have 1..{_MAX_ID_LENGTH} characters"
            )
        if len(self._sessions) >= self._limit and session_id not in self._sessions:
            raise ResourceExhausted(
                f"{self._limit} sessions are open, the limit of this server; close one first"
            )

    def add(self, session: Session[Response]) -> None:
        """Adds a session; an older one of its id is gone and its stream ended."""
        old = self._sessions.get(session.session_id)
        if old is not None:
            self.drop(old, Conflict(f"session {session.session_id!r} was made anew"))
        self._sessions[session.session_id] = session
        self._lost[session] = self._clock()

    def find(self, session_id: str) -> Session[Response]:
        """The session of that id.

        Raises:
            NotFound: there is none (any more).
        """
        try:
            return self._sessions[session_id]
        except KeyError:
            raise NotFound(
                f"session {session_id!r} does not exist; a session ends {self._grace:g} s after "
                "its stream broke, when its client closes it, and with the server"
            ) from None

    @contextmanager
    def stream(self, session: Session[Response]) -> Iterator[Holder]:
        """Holds the session for the current task; when the block ends the grace begins."""
        with session.hold.take() as holder:
            self._lost.pop(session, None)
            try:
                yield holder
            finally:
                if self._sessions.get(session.session_id) is session:
                    self._lost[session] = self._clock()

    def drop(self, session: Session[Response], reason: MazemeshError) -> None:
        """Forgets a session and ends its stream; one that is gone already is ignored."""
        self._lost.pop(session, None)
        if self._sessions.get(session.session_id) is session:
            del self._sessions[session.session_id]
        session.end(reason)

    def drop_lost(self) -> list[Session[Response]]:
        """Drops and returns the sessions whose grace is over."""
        latest = self._clock() - self._grace
        lost = [
            session
            for session, since in self._lost.items()
            if since <= latest and not session.hold.held
        ]
        for session in lost:
            self.drop(session, NotFound(f"session {session.session_id!r} is gone"))
        return lost

    def end_streams(self, reason: MazemeshError) -> None:
        """Ends all streams; the sessions stay."""
        for session in self:
            session.hold.end(reason)
            session.batch.watchers.end_all()
