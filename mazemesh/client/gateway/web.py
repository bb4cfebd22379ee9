"""Requests to a gateway: JSON over HTTP, the caller's key with each, problems as exceptions."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

from mazemesh.client.credentials import Credentials
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

DEADLINE: Final = 60.0
"""Seconds for one answer."""

_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.2
_MOST_BYTES: Final = 64 << 20

_ERRORS: Final[dict[int, type[MazemeshError]]] = {
    400: InvalidArgument,
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: InvalidArgument,
    422: InvalidArgument,
    429: ResourceExhausted,
    503: Unavailable,
    504: DeadlineExceeded,
}

Query = Mapping[str, str | int | bool | Sequence[str]]
"""Of several texts each is said for itself; what is empty is left out."""


class Web:
    """A gateway at a URL, as `http://127.0.0.1:50060`. Thread-safe.

    What may be repeated is tried again for some seconds while the gateway is away.
    """

    def __init__(self, url: str, credentials: Credentials | None = None) -> None:
        parts = _split(url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidArgument(
                f"gateway: {url!r} should be a URL as http://127.0.0.1:50060, where `mazemesh up` "
                "says that its console is (MAZEMESH_GATEWAY_URL)"
            )
        self.url = url.rstrip("/")
        self._parts = parts
        self.credentials = credentials or Credentials.found()
        if parts.scheme == "http":
            self.credentials.check_clear(parts.netloc)

    def get(self, path: str, query: Query | None = None) -> Any:
        """The answer to GET, from JSON.

        Raises:
            MazemeshError: as the gateway says; Unavailable where it does not answer,
                FailedPrecondition where something else does.
        """
        data = self._asked("GET", path, query, None, {}, tries=_TRIES, seconds=DEADLINE)
        return self._json(path, data)

    def get_bytes(self, path: str, query: Query | None = None) -> bytes:
        """The answer to GET as it comes.

        Raises:
            MazemeshError: as `get`.
        """
        return self._asked("GET", path, query, None, {}, tries=_TRIES, seconds=DEADLINE)

    def delete(self, path: str) -> Any:
        """The answer to DELETE, from JSON; repeated while the gateway is away.

        Raises:
            MazemeshError: as `get`.
        """
        data = self._asked("DELETE", path, None, None, {}, tries=_TRIES, seconds=DEADLINE)
        return self._json(path, data)

    def post(self, path: str, body: Any = None, *, request_id: str = "", wait: float = 0.0) -> Any:
        """The answer to POST, from JSON.

        Args:
            path: Of the gateway.
            body: Sent as JSON.
            request_id: With one it is repeated while the gateway is away, and happens once.
            wait: Seconds that the answer may be held until what was asked for has happened.

        Raises:
            MazemeshError: as the gateway says; Unavailable where it does not answer.
        """
        headers = {"idempotency-key": request_id} if request_id else {}
        if wait:
            headers["prefer"] = f"wait={max(1, round(wait))}"
        tries = _TRIES if request_id else 1
        sent = {} if body is None else body
        seconds = DEADLINE + wait  # an answer that is held back comes late
        data = self._asked("POST", path, None, sent, headers, tries=tries, seconds=seconds)
        return self._json(path, data)

    def _asked(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Any,
        headers: dict[str, str],
        *,
        tries: int,
        seconds: float,
    ) -> bytes:
        pause = _FIRST_PAUSE
        for left in reversed(range(tries)):
            try:
                return self._ask(method, path, query, body, headers, seconds)
            except Unavailable:
                if not left:
                    raise
                time.sleep(pause)
                pause *= 2
        raise AssertionError("the last try raises")

    def _ask(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Any,
        headers: dict[str, str],
        seconds: float,
    ) -> bytes:
        target = self._parts.path.rstrip("/") + path
        if query:
            target += f"?{urlencode(list(_said(query)))}"
        told = {"accept": "application/json, */*;q=0.5", **headers}
        if self.credentials.key:
            told["authorization"] = f"Bearer {self.credentials.key}"
        content = None
        if body is not None:
            content, told["content-type"] = json.dumps(body), "application/json"
        connection = self._connection(seconds)
        try:
            connection.request(method, target, content, told)
            answer = connection.getresponse()
            data = answer.read(_MOST_BYTES)
        except TimeoutError as error:
            raise DeadlineExceeded(f"no answer from {self.url} within {seconds:g} s") from error
        except (OSError, HTTPException) as error:
            raise Unavailable(
                f"the gateway at {self.url} does not answer ({error}); `mazemesh up` starts one, "
                "at its --port-base + 9"
            ) from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise _error(answer.status, data)
        return data

    def _json(self, path: str, data: bytes) -> Any:
        try:
            return json.loads(data) if data else None
        except ValueError as error:
            raise FailedPrecondition(
                f"what answers at {self.url}{path} is no gateway: {data[:40]!r}; "
                "MAZEMESH_GATEWAY_URL should be where `mazemesh up` says that its console is"
            ) from error

    def _connection(self, seconds: float) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return HTTPConnection(host, port or 80, timeout=seconds)
        return HTTPSConnection(host, port or 443, timeout=seconds, context=self.tls())

    def tls(self) -> ssl.SSLContext:
        """Whom it believes: the mesh's CA where one is known, else the machine's."""
        ca = self.credentials.ca.decode() if self.credentials.ca else None
        context = ssl.create_default_context(cadata=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None where it is none."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:  # a port, or brackets, that are none
        return None


def _said(query: Query) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, int):
            yield name, str(value)
        else:
            for text in (value,) if isinstance(value, str) else value:
                if text:
                    yield name, text


def _error(status: int, data: bytes) -> MazemeshError:
    """The exception that a problem tells (RFC 9457)."""
    try:
        problem = json.loads(data)
        said = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        problem, said = {}, data.decode(errors="replace")[:400]
    kind = _ERRORS.get(status, Unavailable if status >= 500 else MazemeshError)
    return kind(
        said or f"the gateway answered {status}",
        reason=str(problem.get("reason", "")),
        field=str(problem.get("field", "")),
        retry_after=problem.get("retry_after"),
    )
