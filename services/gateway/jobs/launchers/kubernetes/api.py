"""The few calls to a cluster's API that jobs need: JSON over HTTPS, each with a deadline."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from mazemesh.errors import (
    Conflict,
    InvalidArgument,
    MazemeshError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

SECONDS: Final = 10.0
_MOST_BYTES: Final = 32 << 20

_ERRORS: Final[dict[int, type[MazemeshError]]] = {
    400: InvalidArgument,
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    422: InvalidArgument,
    429: ResourceExhausted,
}


@dataclass(frozen=True)
class KubernetesApi:
    """A cluster, as a service account sees it. Calls block: make them from a worker thread.

    Attributes:
        url: Of the API server.
        token: File with the account's token, which is read anew for each call: it changes.
        authority: File with the CA that signed the server's certificate; None: the machine's CAs.
    """

    url: str
    token: Path | None = None
    authority: Path | None = None
    _context: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the API answers: JSON as plain values, anything else as text.

        Raises:
            NotFound, Conflict, InvalidArgument, PermissionDenied, Unauthenticated: as it says.
            Unavailable, ResourceExhausted: not now.
        """
        connection = self._connection()
        target = f"{urlsplit(self.url).path.rstrip('/')}{path}"
        if query:
            target += f"?{urlencode(query)}"
        headers = {"accept": "application/json, */*", "content-type": "application/json"}
        try:
            if self.token is not None:
                headers["authorization"] = f"Bearer {self.token.read_text().strip()}"
            content = None if body is None else json.dumps(body)
            connection.request(method, target, content, headers)
            answer = connection.getresponse()
            data = answer.read(_MOST_BYTES)
        except (OSError, HTTPException) as error:
            raise Unavailable(f"the cluster at {self.url} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise _error(answer.status, data)
        if "json" in answer.headers.get("content-type", ""):
            return json.loads(data)
        return data.decode(errors="replace")

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return HTTPConnection(host, parts.port or 80, timeout=SECONDS)
        if not self._context:
            file = None if self.authority is None else str(self.authority)
            self._context.append(ssl.create_default_context(cafile=file))
        return HTTPSConnection(host, parts.port or 443, timeout=SECONDS, context=self._context[0])


def _error(status: int, data: bytes) -> MazemeshError:
    try:
        said = str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        said = data.decode(errors="replace")[:400]
    kind = _ERRORS.get(status, Unavailable)
    return kind(f"the cluster says {status}: {said}")
