"""Errors as problem+json (RFC 9457): what was wrong, with the value, and which field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mazemesh.errors import (
    Cancelled,
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

MEDIA_TYPE: Final = "application/problem+json"

_log = structlog.get_logger(__name__)


class PreconditionFailed(Conflict):
    """What `If-Match` names is no longer so: 412."""


class PreconditionMissing(InvalidArgument):
    """`If-Match` has to be sent: 428."""


class ContentTooLarge(InvalidArgument):
    """A request's body is larger than is taken: 413."""


class TooSlow(InvalidArgument):
    """A request's body did not come in time: 408."""


_STATUS: Final[tuple[tuple[type[MazemeshError], int, str], ...]] = (
    (PreconditionFailed, 412, "somebody was faster"),
    (PreconditionMissing, 428, "say what you saw"),
    (ContentTooLarge, 413, "the request is too large"),
    (TooSlow, 408, "the request did not come"),
    (InvalidArgument, 400, "a value is wrong"),
    (NotFound, 404, "there is no such thing"),
    (Conflict, 409, "something else is there already"),
    (FailedPrecondition, 409, "not in the present state"),
    (Unauthenticated, 401, "a key is needed"),
    (PermissionDenied, 403, "this key may not"),
    (ResourceExhausted, 429, "a limit is reached"),
    (Unavailable, 503, "a service is away"),
    (DeadlineExceeded, 504, "a service did not answer in time"),
    (Cancelled, 409, "it was withdrawn"),
)
"""Exception, HTTP status and title; narrower exceptions first."""


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field(default="about:blank", description="a URN of its reason, if any")
    title: str = Field(description="the kind, in words")
    status: int = Field(description="HTTP status", examples=[400])
    detail: str = Field(description="what is wrong, with the value, and what would be right")
    field: str = Field(default="", description="path of the field of the request that is wrong")
    error: str = Field(default="", description="as `detail`, for clients of KServe's protocol")
    reason: str = Field(default="", description="for machines, where callers tell causes apart")
    retry_after: float | None = Field(
        default=None, description="seconds after which it may succeed"
    )


def problem_of(error: MazemeshError) -> Problem:
    """The problem that an exception is."""
    status, title = 502, "a service failed"
    for kind, code, words in _STATUS:
        if isinstance(error, kind):
            status, title = code, words
            break
    kind_of = f"urn:mazemesh:{error.reason.lower()}" if error.reason else "about:blank"
    return Problem(
        type=kind_of,
        title=title,
        status=status,
        detail=str(error),
        field=error.field,
        reason=error.reason,
        retry_after=error.retry_after,
    )


def response_of(error: MazemeshError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells an exception."""
    problem, told = problem_of(error), dict(headers or {})
    if problem.retry_after is not None:
        told.setdefault("retry-after", str(max(1, math.ceil(problem.retry_after))))
    if problem.status == 401:
        told["www-authenticate"] = 'Bearer realm="mazemesh"'
    return _answer(problem, told)


def add_handlers(app: FastAPI) -> None:
    """Has an application answer every error by a problem."""
    app.add_exception_handler(MazemeshError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_request)
    app.add_exception_handler(HTTPException, _of_http)


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    content = problem.model_dump(exclude_none=True)
    content["error"] = problem.detail
    return JSONResponse(content, problem.status, dict(headers or {}), MEDIA_TYPE)


async def _of_ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, MazemeshError)
    return response_of(error)


async def _of_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: Any = error.errors()[0]
    # "body", "query" and so on come first, then the path within.
    place = [part for part in first["loc"][1:] if isinstance(part, str | int)]
    body = error.body
    if place and isinstance(body, dict) and place[0] not in body and place[0] in body.values():
        place = place[1:]  # which of several forms the body has, as its own field says
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    field = field.removeprefix(".") or str(first["loc"][0])
    given = first.get("input")
    shown = f" (it is {given!r:.80})" if isinstance(given, str | int | float | bool) else ""
    words = str(first["msg"])[:1].lower() + str(first["msg"])[1:]
    return _answer(
        Problem(
            title="the request is malformed",
            status=422,
            detail=f"{field}: {words}{shown}",
            field=field,
        )
    )


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(_methods_of(request))
    title = {404: "there is no such page", 405: "not by this method"}.get(
        error.status_code, "the request cannot be served"
    )
    return _answer(
        Problem(title=title, status=error.status_code, detail=str(error.detail)), headers
    )


def _methods_of(request: Request) -> list[str]:
    """All methods of a path: several routes may have it, of which Starlette tells the first's."""
    routes = [
        route
        for route in request.app.state.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    own = [route for route in routes if route.path == request.url.path]
    return sorted({method for route in own or routes for method in route.methods or ()})


class Unforeseen:
    """ASGI middleware: what nobody foresaw is a problem, too, and its trace is in the log alone.

    Starlette's own handler of such errors stands outside of all middleware, so its answers have no
    security headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            pass  # there is nobody to answer
        except Exception:
            if started:  # who asked sees by the cut connection that it is not whole
                raise
            _log.exception("a request failed", path=scope["path"])
            words = "the log of the gateway says more"
            problem = Problem(title="the gateway failed", status=500, detail=words)
            await _answer(problem)(scope, receive, send)
