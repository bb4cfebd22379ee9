"""What a browser holds for the gateway: sealed, so that it can neither read nor change it.

A login is a cookie that has the person's key in it, encrypted and signed (Fernet: AES-128-CBC and
HMAC-SHA256). So it survives a restart, is good at every instance that has the secret, and ends when
the key does.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken

from mazemesh.errors import InvalidArgument

_FILE: Final = "gateway/cookie.key"


class Seal:
    """Seals values under one secret.

    Args:
        secret: As `Fernet.generate_key` makes them.
        clock: Unix seconds.

    Raises:
        InvalidArgument: the secret is none.
    """

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        try:
            self._fernet = Fernet(secret)
        except ValueError as error:
            raise InvalidArgument(
                "cookie_secret: it should be 32 bytes in URL-safe base64, as `python -c 'from "
                "cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'` makes"
            ) from error
        self._clock = clock

    def close(self, purpose: str, value: dict[str, Any]) -> str:
        """A value that only `open` reads, for the same purpose."""
        content = json.dumps({"for": purpose, **value}).encode()
        return self._fernet.encrypt_at_time(content, int(self._clock())).decode()

    def open(self, purpose: str, text: str, seconds: float) -> dict[str, Any] | None:
        """What was sealed at most so many seconds ago; None of anything else."""
        if not text or len(text) > 8192:
            return None
        try:
            content = self._fernet.decrypt_at_time(text, int(seconds), int(self._clock()))
        except (InvalidToken, ValueError):
            return None
        value: dict[str, Any] = json.loads(content)
        return value if value.pop("for", None) == purpose else None


def secret_in(data_dir: Path) -> str:
    """The secret of this data folder; made, readable for this user alone, where there is none."""
    file = data_dir / _FILE
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    made = Fernet.generate_key().decode()
    with os.fdopen(handle, "w") as stream:
        stream.write(made + "\n")
    return made


def token() -> str:
    """A random word that nobody guesses."""
    return secrets.token_urlsafe(24)
