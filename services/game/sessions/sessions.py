"""The sessions of a server by id, and how long one waits for a client whose stream broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic

from mazemesh.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    ResourceExhausted,
)
from services.game.play.hold import Holder
from services.game.sessions.session import Response, Session

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
        self._reserved: set[str] = set()
        self._stopping: MazemeshError | None = None

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session[Response]]:
        return iter(list(self._sessions.values()))

    @contextmanager
    def reserve(self, session_id: str, resume_token: str) -> Iterator[None]:
        """Holds a place while a session of that id is made; it is then taken by `add`.

        Making one takes long, and meanwhile others ask whether there is room.

        Raises:
            InvalidArgument: the id is empty or too long.
            AlreadyExists: a session has the id, and another token, or is being made under it.
            ResourceExhausted: there are too many.
            MazemeshError: the server is stopping.
        """
        if self._stopping is not None:
            raise self._stopping
        if not 1 <= len(session_id) <= _MAX_ID_LENGTH:
            raise InvalidArgument(
                f"session_id: {session_id[:_MAX_ID_LENGTH]!r} has {len(session_id)} characters; it "
                f"should have 1..{_MAX_ID_LENGTH}"
            )
        old = self._sessions.get(session_id)
        if session_id in self._reserved or (old is not None and not old.knows(resume_token)):
            raise AlreadyExists(
                f"session_id: there is a session {session_id!r} already; choose another id, or "
                "show its resume_token"
            )
        taken = len(self._sessions.keys() | self._reserved)
        if taken >= self._limit and old is None:
            raise ResourceExhausted(
                f"{taken} sessions are open, the limit of this server; close one first"
            )
        self._reserved.add(session_id)
        try:
            yield
        finally:
            self._reserved.discard(session_id)

    def add(self, session: Session[Response]) -> None:
        """Adds a session for which a place was reserved; an older one of its id ends."""
        old = self._sessions.get(session.session_id)
        if old is not None:
            self.drop(old, Conflict(f"session {session.session_id!r} was made anew"))
        self._sessions[session.session_id] = session
        self._lost[session] = self._clock()

    def resume(
        self, session_id: str, resume_token: str, owner: str | None = None
    ) -> Session[Response]:
        """The session of that id, for who knows its token.

        `owner` is the caller's key, which has to be the one that made it; None where no key is
        asked for, as among processes of one user.

        Raises:
            NotFound: there is none (any more), or its token is another: ids are listed, so that
                the answer must not depend on them alone.
            MazemeshError: the server is stopping.
        """
        if self._stopping is not None:
            raise self._stopping
        session = self._sessions.get(session_id)
        known = session is not None and session.knows(resume_token)
        if session is None or not known or owner not in (None, session.owner):
            raise self._not_found(session_id, " with this resume_token")
        return session

    def find(self, session_id: str) -> Session[Response]:
        """The session of that id, to look at.

        Raises:
            NotFound: there is none (any more).
        """
        try:
            return self._sessions[session_id]
        except KeyError:
            raise self._not_found(session_id, "") from None

    @contextmanager
    def stream(self, session: Session[Response]) -> Iterator[Holder]:
        """Holds the session for the current task; when the block ends the grace begins."""
        with session.hold.take() as holder:
            if self._stopping is not None:
                raise self._stopping
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

    def close(self, session: Session[Response]) -> None:
        """Drops a session whose client needs it no more."""
        self.drop(session, FailedPrecondition("the client closed the session"))

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
        """Ends all streams, and those that come; the sessions stay."""
        self._stopping = reason
        for session in self:
            session.hold.end(reason)
            session.batch.watchers.end_all(reason)

    def _not_found(self, session_id: str, what: str) -> NotFound:
        return NotFound(
            f"session {session_id[:_MAX_ID_LENGTH]!r}{what} does not exist; a session ends "
            f"{self._grace:g} s after its stream broke, when its client closes it, and with the "
            "server"
        )
