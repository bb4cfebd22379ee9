"""An S3 for tests: moto's server, behind something that can refuse, break and hold its answers."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class S3Server:
    """Answers on 127.0.0.1.

    Attributes:
        url: where.
        refusals: calls that are still answered by 503 SlowDown.
        broken: answers to a GET that are still cut off in the middle.
        seen: called with method and path of each call, before it is answered.
        calls: method and path with query of all calls, in order.
    """

    def __init__(self) -> None:
        self.refusals = 0
        self.broken = 0
        self.seen: Callable[[str, str], None] = lambda method, path: None
        self.calls: list[str] = []
        self._lock = threading.Lock()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each call, else
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def bucket(self) -> str:
        """The name of a new bucket."""
        name = f"bucket-{uuid.uuid4().hex}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> Any:
        return boto3.client("s3", endpoint_url=self.url)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.calls.append(f"{method} {path}?{environ['QUERY_STRING']}")
        self.seen(method, path)
        with self._lock:
            refused = self.refusals > 0
            self.refusals -= refused
            cut = not refused and method == "GET" and path.count("/") > 1 and self.broken > 0
            self.broken -= cut
        if refused:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [SLOW_DOWN]
        answer = self._moto(environ, start)
        return _half(answer) if cut else answer


def _half(answer: Iterable[bytes]) -> Iterator[bytes]:
    whole = b"".join(answer)
    yield whole[: len(whole) // 2]
    raise ConnectionError("cut off in the middle, as it was asked for")


@contextmanager
def s3_server() -> Iterator[S3Server]:
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    server = S3Server()
    try:
        yield server
    finally:
        server.close()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
