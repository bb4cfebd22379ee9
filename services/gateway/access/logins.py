"""Logins to the console: the two cookies, and what they say."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from mazemesh.errors import PermissionDenied
from services.gateway.access.sealing import Seal, token

COOKIE: Final = "mazemesh_session"
CSRF_COOKIE: Final = "mazemesh_csrf"
CSRF_HEADER: Final = "x-csrf-token"
STATE_COOKIE: Final = "mazemesh_oidc"
"""What a browser carries from the beginning of a login by a provider to its end."""

STATE_SECONDS: Final = 600.0
_PURPOSE: Final = "session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Login:
    """What a login cookie says.

    Attributes:
        key: Of the person.
        csrf: What commands of their pages have to send along.
        name: Of a person whom a provider named; empty of those who showed their key.
    """

    key: str
    csrf: str
    name: str = ""


class Logins:
    """Makes and reads login cookies.

    Args:
        seal: Under which they are.
        seconds: For which one is good.
        secure: Whether they travel over TLS alone.
    """

    def __init__(self, seal: Seal, seconds: float, *, secure: bool) -> None:
        self.seal, self._seconds, self.secure = seal, seconds, secure

    def read(self, connection: HTTPConnection) -> Login | None:
        """The login of a request; None without one that is good."""
        value = self.seal.open(_PURPOSE, connection.cookies.get(COOKIE, ""), self._seconds)
        if value is None:
            return None
        return Login(value["key"], value["csrf"], value.get("name", ""))

    def begin(self, response: Response, key: str, name: str = "") -> None:
        """Has a browser show a key from now on."""
        csrf = token()
        sealed = self.seal.close(_PURPOSE, {"key": key, "csrf": csrf, "name": name})
        self._set(response, COOKIE, sealed, hidden=True)
        # Pages read this one and send it back in a header, which another site's page cannot.
        self._set(response, CSRF_COOKIE, csrf, hidden=False)

    def end(self, response: Response) -> None:
        """Has a browser forget its login."""
        for name in (COOKIE, CSRF_COOKIE):
            response.delete_cookie(
                name, path="/", secure=self.secure, httponly=name == COOKIE, samesite="lax"
            )

    def _set(self, response: Response, name: str, value: str, *, hidden: bool) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(self._seconds),
            path="/",
            secure=self.secure,
            httponly=hidden,
            samesite="lax",
        )


def check_command(connection: HTTPConnection, login: Login) -> None:
    """Refuses a command that does not come from a page of the console itself.

    Raises:
        PermissionDenied: the token is missing or another session's.
    """
    given = connection.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), login.csrf.encode()):
        raise PermissionDenied(
            f"commands of a logged-in browser carry the cookie {CSRF_COOKIE} in the header "
            f"{CSRF_HEADER}, and this one does not; load the page anew"
        )
