"""Keys and the audit log, through the gateway: `mesh.keys`, `mesh.audit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from mazemesh.client.aio.in_thread import in_thread
from mazemesh.client.gateway.web import Query, Web


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; its secret is not kept.

    Attributes:
        id: Of the key.
        role: viewer, player, worker, trainer, operator or admin.
        label: For people.
        policies, games: Prefixes of the names that it is for; empty: all.
        player: Whom it plays as; "": nobody in particular.
        created, expires, revoked, used: Times; None is never.
        state: "good", or why it is not.
        secret: The key itself, in the answer that made it and nowhere else.
    """

    id: str
    role: str
    label: str
    policies: tuple[str, ...]
    games: tuple[str, ...]
    player: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    used: datetime | None
    state: str
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Key:
        """From the gateway's answer; what a newer one tells beyond that is left out."""
        return cls(
            **{name: told[name] for name in ("id", "role", "label", "player", "state")},
            policies=tuple(told["policies"]),
            games=tuple(told["games"]),
            created=datetime.fromisoformat(told["create_time"]),
            expires=_time(told["expire_time"]),
            revoked=_time(told["revoke_time"]),
            used=_time(told["last_use_time"]),
            secret=told.get("key", ""),
        )


class Keys:
    """Keys of a mesh that asks for them; for admins. Thread-safe.

    ```python
    key = mesh.keys.create("viewer", label="wall display", expires_in=86_400)
    print(key.secret)          # shown this once
    mesh.keys.revoke(key.id)
    ```
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def aio(self) -> AsyncKeys:
        """The same as coroutines."""
        return AsyncKeys(self)

    def list(self) -> list[Key]:
        """All keys, the oldest first.

        Raises:
            FailedPrecondition: the mesh asks for no keys.
            PermissionDenied: your key is not an admin's.
        """
        return [Key.of(one) for one in self._web.get("/keys")["keys"]]

    def create(
        self,
        role: str,
        *,
        label: str = "",
        policies: Sequence[str] = (),
        games: Sequence[str] = (),
        player: str = "",
        expires_in: float | None = None,
    ) -> Key:
        """A fresh key, with its `secret`.

        Args:
            role: viewer, player, worker, trainer, operator or admin.
            label: For people.
            policies: Prefixes of policies' names; empty: all.
            games: Prefixes of games' names; empty: all.
            player: Whom it plays as: "player/ann".
            expires_in: Seconds; None: never.

        Raises:
            InvalidArgument: a value is wrong; names the field.
            FailedPrecondition: the mesh asks for no keys.
            PermissionDenied: your key is not an admin's.
        """
        asked = {
            "role": role,
            "label": label,
            "policies": list(policies),
            "games": list(games),
            "player": player,
            "expires_in": expires_in,
        }
        return Key.of(self._web.post("/keys", asked))

    def revoke(self, key_id: str) -> Key:
        """Voids a key for ever, at all services within some seconds.

        Raises:
            NotFound: there is none of this id.
            PermissionDenied: your key is not an admin's.
        """
        return Key.of(self._web.delete(f"/keys/{quote(key_id, safe='')}"))


class Audit:
    """Who did what, where keys are asked for; for operators. Thread-safe.

    ```pycon
    >>> mesh.audit.verify()
    []

    ```
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def aio(self) -> AsyncAudit:
        """The same as coroutines."""
        return AsyncAudit(self)

    def lines(self, *, key: str = "", before: str = "", last: int = 100) -> list[dict[str, Any]]:
        """The last lines of all services' logs, the newest last.

        Args:
            key: Of this key's id alone.
            before: Only lines of times before this one, as a line has it.
            last: So many, 1..1000, or a few more that have the same time.

        Raises:
            PermissionDenied: your key is not an operator's.
        """
        query: Query = {"key": key, "before": before, "last": last}
        found: list[dict[str, Any]] = self._web.get("/audit", query)["lines"]
        return found

    def verify(self) -> list[str]:
        """Where a log's chain does not hold, each in a line; empty: nobody changed them.

        Raises:
            PermissionDenied: your key is not an operator's.
        """
        broken = self._web.get("/audit/verification")["broken"]
        return [f"{one['file']}:{one['line']}: {one['reason']}" for one in broken]


class AsyncKeys:
    """`Keys` for asyncio: each call waits in a thread."""

    def __init__(self, keys: Keys) -> None:
        self.list = in_thread(keys.list)
        self.create = in_thread(keys.create)
        self.revoke = in_thread(keys.revoke)


class AsyncAudit:
    """`Audit` for asyncio: each call waits in a thread."""

    def __init__(self, audit: Audit) -> None:
        self.lines = in_thread(audit.lines)
        self.verify = in_thread(audit.verify)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
