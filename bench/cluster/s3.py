"""`python -m bench.cluster.s3 PORT`: an S3 stand-in; a number on standard input are seconds of 503.

It ends with its standard input.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import make_server

_SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


class Faulty:
    """A WSGI application that answers 503 until a time."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.until = 0.0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if time.monotonic() < self.until:
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [_SLOW_DOWN]
        answer: Iterable[bytes] = self._application(environ, start)
        return answer


def main(port: int) -> None:
    """Serves until standard input ends."""
    import boto3
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every request
    application = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", port, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    boto3.client("s3").create_bucket(Bucket="mazemesh")
    print("serving", flush=True)
    for line in sys.stdin:
        application.until = time.monotonic() + float(line)


if __name__ == "__main__":
    main(int(sys.argv[1]))
