"""What recurrent policies remember, by session: taken before a call's rows are run, kept after.

A session belongs to a key, a policy's name and an id. It has a step, one more with each call; who
keeps a state says which step it grew from, so of two calls of one session that run at the same
time, on whichever instances, one is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument
from mazemesh.names import shown
from services.model.inference import calls

MOST_IDS: Final = 1024
MOST_STATE_BYTES: Final = 256 * 1024
"""Of a row."""

_ID: Final = re.compile("[!-~]{1,128}")


class Kept(NamedTuple):
    """A session as it stands: calls so far, and the state."""

    step: int
    state: bytes


class Change(NamedTuple):
    """A session is to be kept, if it stands at `step` (0: not there)."""

    key: str
    step: int
    state: bytes


class SessionStore(Protocol):
    """Sessions by key. Each goes away by itself some time after it was kept last."""

    async def get(self, keys: Sequence[str]) -> list[Kept | None]:
        """Those sessions, None for each that is not there."""

    async def put(self, changes: Sequence[Change]) -> int | None:
        """Keeps all of them, or none when one stands elsewhere than it should: which that is.

        Raises:
            ResourceExhausted: there are too many.
        """

    async def delete(self, keys: Sequence[str]) -> None:
        """They are not there any more."""


class Taken(NamedTuple):
    """What a call took: keys with their steps, the states of all rows, and rows that begin."""

    keys: list[str]
    steps: list[int]
    states: bytes
    begun: list[int]


class Remembering:
    """Takes and keeps states of calls."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._busy: set[str] = set()

    async def take(self, name: str, sessions: calls.Sessions, rows: int, size: int) -> Taken:
        """The states float32 [rows, size / 4] that go in; `give_up` or `keep` follows.

        Args:
            name: Of the policy.
            sessions: Whose.
            rows: Of the call.
            size: Bytes of a row's state.

        Raises:
            InvalidArgument: ids or rows are none.
            FailedPrecondition: the policy has no state, or a very large one.
            Conflict: another call is at one of the sessions.
        """
        _check(name, sessions, rows, size)
        keys = [key_of(sessions.owner, name, one) for one in sessions.ids]
        for key, one in zip(keys, sessions.ids, strict=True):
            if key in self._busy:
                raise _busy(one)
        self._busy.update(keys)
        try:
            found = await self._store.get(keys)
        except BaseException:
            self._busy.difference_update(keys)
            raise
        begin, begun, states = set(sessions.begin), [], []
        for row, kept in enumerate(found):
            if kept is None or len(kept.state) != size or row in begin:
                begun.append(row)
                states.append(bytes(size))
            else:
                states.append(kept.state)
        steps = [kept.step if kept is not None else 0 for kept in found]
        return Taken(keys, steps, b"".join(states), begun)

    async def keep(self, taken: Taken, sessions: calls.Sessions, states: bytes) -> None:
        """Keeps the states that came out.

        Raises:
            Conflict: another call was at one of the sessions meanwhile, elsewhere.
            ResourceExhausted: there are too many sessions.
        """
        size = len(states) // len(taken.keys)
        changes = [
            Change(key, step, states[row * size : (row + 1) * size])
            for row, (key, step) in enumerate(zip(taken.keys, taken.steps, strict=True))
        ]
        try:
            lost = await self._store.put(changes)
        finally:
            self._busy.difference_update(taken.keys)
        if lost is not None:
            raise _busy(sessions.ids[lost])

    def give_up(self, taken: Taken) -> None:
        """Nothing came out: sessions stay where they are."""
        self._busy.difference_update(taken.keys)

    async def reset(self, owner: str, name: str, ids: Sequence[str]) -> None:
        """Forgets sessions.

        Raises:
            InvalidArgument: an id is none, or there are too many.
        """
        if not 1 <= len(ids) <= MOST_IDS:
            raise InvalidArgument(f"session_ids has {len(ids)}; expected 1..{MOST_IDS}")
        _check_ids(ids)
        await self._store.delete([key_of(owner, name, one) for one in ids])


def key_of(owner: str, name: str, session_id: str) -> str:
    """What a session is stored under; nobody learns ids from it."""
    text = "\n".join((owner, name, session_id))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _check(name: str, sessions: calls.Sessions, rows: int, size: int) -> None:
    if not size:
        raise FailedPrecondition(
            f"{name} remembers nothing from step to step; call it without session_ids"
        )
    if size > MOST_STATE_BYTES:
        raise FailedPrecondition(
            f"{name} has a state of {size} bytes a row; at most {MOST_STATE_BYTES} are kept for "
            "sessions. Send `state` and take `next_state`"
        )
    if len(sessions.ids) != rows:
        raise InvalidArgument(
            f"session_ids has {len(sessions.ids)}; expected one for each of {rows} rows"
        )
    if rows > MOST_IDS:
        raise InvalidArgument(f"session_ids has {rows}; at most {MOST_IDS}")
    _check_ids(sessions.ids)
    if len(set(sessions.ids)) < rows:
        raise InvalidArgument("session_ids has one twice; expected each once")
    for row in sessions.begin:
        if not 0 <= row < rows:
            raise InvalidArgument(f"begin_rows has {row}; expected 0..{rows - 1}")


def _check_ids(ids: Sequence[str]) -> None:
    for one in ids:
        if _ID.fullmatch(one) is None:
            raise InvalidArgument(
                f"session_ids has {shown(one)}; expected 1..128 visible characters of ASCII"
            )


def _busy(session_id: str) -> Conflict:
    return Conflict(
        f"another call is at session {session_id!r}; wait for its answer, then send the next step"
    )
