"""What a policy's name stands for at present, so that no call has to ask the registry.

A name that was asked for is remembered with its version and follows the registry's changes. What an
alias moves to is loaded first, and then the pointer is set: calls go on with the version before.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from mazemesh.errors import MazemeshError
from mazemesh.names import LATEST, parse_reference
from mazemesh.policy.file.variants import KINDS
from services._harness.shielded import Shielded
from services.model.inference.models import Key, key_of
from services.model.registry.policy import Event, State, Version

MOST: Final = 4096
IDLE_SECONDS: Final = 60.0
"""A name that was not asked for so long is looked up when it is asked for again."""

FORM: Final = "#"
"""In a name in use: what follows is the form that its version's file is wanted in."""

_TRIES: Final = 3

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Pointer:
    """A version that a name stands for, and when it was last asked for."""

    version: Version
    key: Key
    used: float


def name_in_use(policy: str, kind: str) -> str:
    """The name of a policy whose file is wanted in a form; empty: as it was published.

    Raises:
        InvalidArgument: the policy is none.
    """
    if FORM in policy:
        parse_reference(policy)
    return f"{policy}{FORM}{kind}" if kind else policy


class Pointers:
    """Names that are in use.

    Args:
        resolve: The READY version of "name:12", "name:alias" or "name"; raises NotFound.
        prepare: Loads a version and runs it once.
        clock: Seconds, rising.
    """

    def __init__(
        self,
        resolve: Callable[[str], Awaitable[Version]],
        prepare: Callable[[Version], Awaitable[object]],
        clock: Callable[[], float],
    ) -> None:
        self._resolve, self._prepare, self._clock = resolve, prepare, clock
        self._pointers: OrderedDict[str, Pointer] = OrderedDict()
        self._moving: dict[str, bool] = {}
        self._seen = 0
        self._work = Shielded()
        self.swaps = 0
        """How often a name in use was set to another version."""
        self.moved: Callable[[str, int], None] = _nobody
        """Told the name of a policy whose newest version in use is another, and its number."""

    def get(self, policy: str) -> Pointer | None:
        """What a name stands for, if that is remembered."""
        pointer = self._pointers.get(policy)
        if pointer is not None:
            pointer.used = self._clock()
        return pointer

    async def find(self, policy: str) -> Version:
        """What a name stands for, by the registry; from now on it is remembered.

        Raises:
            InvalidArgument: it is no name.
            NotFound: nothing READY is called so.
        """
        for _ in range(_TRIES):
            seen = self._seen
            version = await self._resolve(policy)
            if seen == self._seen:  # else it may have moved since it was read
                self._pointers[policy] = Pointer(version, key_of(version), self._clock())
                if len(self._pointers) > MOST:
                    self._pointers.popitem(last=False)
                break
        return version

    def take(self, events: Iterable[Event]) -> None:
        """Follows changes of the registry, in order."""
        for event in events:
            self._seen = event.revision
            subject = event.subject
            if isinstance(subject, Version):
                if subject.state is not State.READY:
                    self._forget(subject.reference)
                continue
            names = [f"{subject.name}:{subject.alias}"]
            if subject.alias == LATEST:
                names.append(subject.name)
            for name in names:
                self._follow(name, subject.number)
                for kind in KINDS:
                    self._follow(f"{name}{FORM}{kind}", subject.number)

    def forget_all(self) -> None:
        """Changes were missed: every name is looked up when it is asked for."""
        self._seen += 1
        self._pointers.clear()

    async def close(self) -> None:
        """Ends what is under way."""
        await self._work.cancel()

    def _forget(self, reference: str) -> None:
        """A version is READY no more: nobody may be answered by it."""
        gone = [name for name, one in self._pointers.items() if one.version.reference == reference]
        for name in gone:
            del self._pointers[name]

    def _follow(self, policy: str, number: int) -> None:
        pointer = self._pointers.get(policy)
        if pointer is None or (pointer.version.number == number and policy not in self._moving):
            return
        if policy in self._moving:
            self._moving[policy] = True
        elif self._clock() - pointer.used > IDLE_SECONDS:
            del self._pointers[policy]
        else:
            self._moving[policy] = False
            self._work.begin(self._move(policy))

    async def _move(self, policy: str) -> None:
        try:
            is_late = True
            while is_late:
                self._moving[policy] = False
                version = await self._resolve(policy)
                await self._prepare(version)
                is_late = self._moving[policy]
                pointer = self._pointers.get(policy)
                if pointer is not None and pointer.version.reference != version.reference:
                    self._pointers[policy] = Pointer(version, key_of(version), pointer.used)
                    self.swaps += 1
                    if policy in (version.name, f"{version.name}:{LATEST}"):
                        self.moved(version.name, version.number)
        except (MazemeshError, asyncio.CancelledError, OSError) as error:
            # Whoever asks next looks it up, and is told if that fails too.
            self._pointers.pop(policy, None)
            if isinstance(error, asyncio.CancelledError):
                raise
            _log.warning(
                "a policy that is in use cannot be swapped", policy=policy, reason=str(error)
            )
        finally:
            del self._moving[policy]


def _nobody(policy: str, version: int) -> None:
    """Nobody follows."""
