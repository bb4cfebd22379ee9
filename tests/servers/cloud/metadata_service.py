"""A machine's metadata service, version 2, whose answers a test sets."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/latest/meta-data/"


class MetadataService:
    """Answers by path; asks for a token, as AWS does where version 1 is switched off."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {"instance-id": "i-0123456789abcdef0"}
        self.tokens: set[str] = set()
        self.asked = threading.Condition()
        self.looks = 0
        self.url = ""

    def forget_tokens(self) -> None:
        """As after their time is over."""
        self.tokens.clear()

    def wait_for_looks(self, more: int) -> None:
        """Until it was asked so many times more."""
        with self.asked:
            until = self.looks + more
            assert self.asked.wait_for(lambda: self.looks >= until, 30)


@contextmanager
def metadata_service() -> Iterator[MetadataService]:
    """A service on a free port."""
    service = MetadataService()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            if self.path != "/latest/api/token" or not 1 <= int(seconds or 0) <= 21600:
                self._say(400, "")
                return
            token = uuid.uuid4().hex
            service.tokens.add(token)
            self._say(200, token)

        def do_GET(self) -> None:
            with service.asked:
                service.looks += 1
                service.asked.notify_all()
            if self.headers.get("X-aws-ec2-metadata-token") not in service.tokens:
                self._say(401, "")
                return
            answer = service.answers.get(self.path.removeprefix(PREFIX))
            self._say(404 if answer is None else 200, answer or "")

        def _say(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
