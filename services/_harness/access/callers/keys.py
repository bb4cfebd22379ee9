"""API keys: what they look like, what is kept of them, and whom they make of a caller.

A key is `mm_<id>_<secret>`. The secret has 256 random bits, so what is kept is its plain SHA-256: a
slow hash guards guessable passwords, and would only cost every call.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mazemesh import names
from mazemesh.errors import InvalidArgument, PermissionDenied
from services._harness.access.callers.roles import Role

_PREFIX: Final = "mm"
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_LONGEST: Final = 128
"""Characters of a key: `mm_` + 12 + `_` + 43, and some room."""

MOST_SCOPES: Final = 64
LONGEST_LABEL: Final = 128


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key.

    Attributes:
        id: Public part of the key, 12 characters.
        secret_sha256: Hex SHA-256 of the secret part.
        role: What its holder is.
        label: For people: whose it is.
        policies: Prefixes of the names of policies and tables that it may touch; empty is all.
        games: Names of games that it may play; empty is all.
        player: The player that it acts as; only of players.
        create_time, expire_time, revoke_time, use_time: Unix seconds; None is never.
    """

    id: str
    secret_sha256: str
    role: Role
    label: str = ""
    policies: tuple[str, ...] = ()
    games: tuple[str, ...] = ()
    player: str = ""
    create_time: float = 0.0
    expire_time: float | None = None
    revoke_time: float | None = None
    use_time: float | None = None

    def fits(self, secret: str) -> bool:
        """Whether this is its secret; takes as long for a wrong one."""
        return hmac.compare_digest(_hash(secret), self.secret_sha256)

    def why_void(self, now: float) -> str:
        """Why it is no longer good at a time; empty when it is."""
        if self.revoke_time is not None:
            return "was revoked"
        if self.expire_time is not None and now >= self.expire_time:
            return "has expired"
        return ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        key: Its key; None where a method is open to all.
    """

    key: Key | None = None
    restricted: bool = field(init=False)
    """Whether names in its requests have to be looked at."""

    def __post_init__(self) -> None:
        key = self.key
        bound = key is not None and bool(key.policies or key.games or key.player)
        object.__setattr__(self, "restricted", bound)

    @property
    def owner(self) -> str:
        """The key's id, for what belongs to it; empty without one."""
        return self.key.id if self.key else ""

    @property
    def id(self) -> str:
        """The key's id, or `-`."""
        return self.key.id if self.key else "-"

    def check_policy(self, name: str, where: str) -> None:
        """PermissionDenied unless the key's prefixes cover a policy or table."""
        key = self.key
        if key and key.policies and not name.startswith(key.policies):
            raise PermissionDenied(
                f"{where}: {name!r} is not of this key, whose names begin with "
                f"{' or '.join(map(repr, key.policies))}"
            )

    def check_game(self, name: str, where: str) -> None:
        """PermissionDenied unless the key is for a game."""
        key = self.key
        if key and key.games and name not in key.games:
            raise PermissionDenied(
                f"{where}: {name!r} is not of this key, which is for "
                f"{' and '.join(map(repr, key.games))}"
            )

    def check_player(self, name: str, where: str) -> None:
        """PermissionDenied unless it is the player that the key is bound to."""
        key = self.key
        if key and key.player and name != key.player:
            raise PermissionDenied(
                f"{where}: {name!r} is somebody else; this key plays as {key.player!r}"
            )


NOBODY: Final = Caller()


def new_key(
    role: Role,
    now: float,
    *,
    label: str = "",
    policies: Sequence[str] = (),
    games: Sequence[str] = (),
    player: str = "",
    expires_in: float | None = None,
) -> tuple[Key, str]:
    """A fresh key, and the text that its holder is given once.

    Args:
        role: What its holder is.
        now: Unix seconds.
        label: For people.
        policies: Prefixes of names; of trainers at least one, where `*` stands for every name.
        games: Names of games.
        player: `player/NAME`; of players it has to be there, and of nobody else.
        expires_in: Seconds; None is never.

    Raises:
        InvalidArgument: these do not fit together.
    """
    _check(role, label, policies, games, player, expires_in)
    identifier, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    key = Key(
        identifier,
        _hash(secret),
        role,
        label,
        () if "*" in policies else tuple(policies),
        tuple(games),
        player,
        create_time=now,
        expire_time=None if expires_in is None else now + expires_in,
    )
    return key, f"{_PREFIX}_{identifier}_{secret}"


def split(text: str) -> tuple[str, str] | None:
    """Id and secret of a key as it is shown; None for anything else."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != _PREFIX or len(parts[1]) != 2 * _ID_BYTES:
        return None
    return parts[1], parts[2]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(
    role: Role,
    label: str,
    policies: Sequence[str],
    games: Sequence[str],
    player: str,
    expires_in: float | None,
) -> None:
    if len(label) > LONGEST_LABEL or not (label.isprintable()):
        raise InvalidArgument(
            f"label: {label[:40]!r} should be at most {LONGEST_LABEL} printable characters"
        )
    for name, given in (("policies", policies), ("games", games)):
        if len(given) > MOST_SCOPES:
            raise InvalidArgument(f"{name}: {len(given)} are given; at most {MOST_SCOPES} can be")
        if not all(1 <= len(one) <= LONGEST_LABEL and one.isprintable() for one in given):
            raise InvalidArgument(
                f"{name}: {list(given)!r} should each be 1..{LONGEST_LABEL} printable characters"
            )
    for prefix in policies:
        if prefix != "*":
            names.TABLE.check("policies", prefix)
    if role is Role.TRAINER and not policies:
        raise InvalidArgument(
            "policies: a trainer publishes under its own names alone: name their prefix by "
            "--policies, or all by --policies '*'"
        )
    if (role is Role.PLAYER) != bool(player):
        raise InvalidArgument(
            "player: a player's key names whom it plays as, and no other key does: "
            "--role player --player player/NAME"
        )
    if player:
        names.PLAYER.check("player", player)
        if not player.startswith("player/"):
            raise InvalidArgument(f"player: {player!r} should begin with 'player/'")
    if expires_in is not None and expires_in <= 0:
        raise InvalidArgument(f"expires_in: {expires_in:g} s should be above 0")
