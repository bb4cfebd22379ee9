"""The machine's metadata service, version 2: a token first, then answers with it."""

from __future__ import annotations

import json
import os
import time
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

from mazemesh.errors import Unavailable

ENDPOINT: Final = "http://169.254.169.254"
VARIABLE: Final = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""The one that boto3 reads too."""

_TOKEN_SECONDS: Final = 21_600
_TIMEOUT: Final = 2.0
_MOST_BYTES: Final = 65_536


class Metadata:
    """What the machine can ask about itself.

    Args:
        endpoint: http://host:port; default that of the environment, else of every machine.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        parts = urlsplit(endpoint or os.environ.get(VARIABLE) or ENDPOINT)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._token = ""
        self._token_until = 0.0

    def text(self, path: str) -> str | None:
        """The answer at `path` under /latest/meta-data/; None where there is none (404).

        Raises:
            Unavailable: the service does not answer, or refuses even a fresh token.
        """
        status, body = self._ask(path)
        if status == 401:  # the token has run out, or the service has forgotten it
            self._token = ""
            status, body = self._ask(path)
        if status == 404:
            return None
        if status != 200:
            raise Unavailable(f"the metadata service answers {status} to {path}")
        return body

    def json(self, path: str) -> dict[str, Any] | None:
        """The same as an object; None where there is none, or nothing that is one."""
        text = self.text(path)
        try:
            value = json.loads(text) if text is not None else None
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @property
    def instance_id(self) -> str:
        """Of this machine."""
        return self.text("instance-id") or ""

    @property
    def local_address(self) -> str:
        """In the VPC."""
        return self.text("local-ipv4") or ""

    def _ask(self, path: str) -> tuple[int, str]:
        headers = {"X-aws-ec2-metadata-token": self._fresh_token()}
        return self._call("GET", f"/latest/meta-data/{path}", headers)

    def _fresh_token(self) -> str:
        now = time.monotonic()
        if not self._token or now > self._token_until:
            headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
            status, self._token = self._call("PUT", "/latest/api/token", headers)
            if status != 200:
                self._token = ""
                raise Unavailable(f"the metadata service answers {status} to a token's request")
            self._token_until = now + _TOKEN_SECONDS / 2
        return self._token

    def _call(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        # Not by urllib, which would ask a proxy of the environment.
        connection = HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST_BYTES).decode("utf-8", "replace")
        except (HTTPException, OSError) as error:
            raise Unavailable(f"the metadata service does not answer: {error}") from error
        finally:
            connection.close()
