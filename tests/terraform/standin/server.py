"""moto's server with our handlers; any exception of a handler is HTTP 400, which nobody retries."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from tests.terraform.standin import handlers

_LOOKS: Final = 3


class _Quiet(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code)[:1] in "45":
            super().log_request(code, size)


class Application:
    """moto's dispatcher, whose failures the provider does not retry for ten minutes."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(_no_propagation)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        for _ in range(_LOOKS if environ["REQUEST_METHOD"] in ("GET", "HEAD") else 0):
            # moto goes over what another thread changes at this moment: who only looks looks again.
            with suppress(RuntimeError):
                return self._moto(dict(environ), start)
        try:
            return self._moto(environ, start)
        except Exception:
            trace = traceback.format_exc()
            sys.stderr.write(trace)
            body = trace.encode()
            headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
            start("400 Bad Request", headers)
            return [body]


def _no_propagation(service: Any) -> Any:
    app = create_backend_app(service)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


def serve(host: str = "127.0.0.1", port: int = 0) -> BaseWSGIServer:
    """A server that is bound; `serve_forever` answers."""
    handlers.install()
    return make_server(host, port, Application(), threaded=True, request_handler=_Quiet)


def main() -> None:
    """Serves until it is killed."""
    server = serve()
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
