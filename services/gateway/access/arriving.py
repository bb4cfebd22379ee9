"""The first thing a request meets: whose it is, and whether it comes from where it may."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from mazemesh.errors import MazemeshError
from services.gateway.access.logins import SAFE_METHODS, Login, Logins, check_command
from services.gateway.access.origins import check_host, check_origin
from services.gateway.access.visitor import Visitor
from services.gateway.context import Gateway
from services.gateway.rest.problems import response_of

_BEARER: Final = "bearer "

_HEALTH: Final = "/healthz"
"""Asked by probes under whatever name they know; it tells no site anything of the mesh."""


class Arriving:
    """ASGI middleware: leaves the `Visitor` in `scope["state"]["visitor"]`.

    A key that is not good leaves no visitor but why, in `state["refused"]`: whether one is needed
    at all the endpoint says. Commands of pages of other sites go no further.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway, logins: Logins) -> None:
        self._app, self._gateway, self._logins = app, gateway, logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        connection = HTTPConnection(scope)
        try:
            state["visitor"] = await self._visitor(connection, state)
            self._check(connection, state)
        except MazemeshError as error:
            if scope["type"] == "http":
                await response_of(error)(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": str(error)[:120]})
            return
        await self._app(scope, receive, send)

    def _check(self, connection: HTTPConnection, state: dict[str, Any]) -> None:
        settings, scope = self._gateway.settings, connection.scope
        if scope["path"] != _HEALTH:
            check_host(connection, settings)
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            check_origin(connection, settings)
            login: Login | None = state.get("login")
            if login is not None:
                check_command(connection, login)

    async def _visitor(self, connection: HTTPConnection, state: dict[str, Any]) -> Visitor:
        client = connection.client
        address = "" if client is None else client.host
        access = self._gateway.server.access
        if access is None:
            return Visitor(address=address)
        header = connection.headers.get("authorization", "")
        key, by_cookie, name = "", False, ""
        if header.lower().startswith(_BEARER):
            key = header[len(_BEARER) :].strip()
        elif not header and (login := self._logins.read(connection)) is not None:
            state["login"] = login
            key, by_cookie, name = login.key, True, login.name
        if not key:
            return Visitor(address=address)
        try:
            caller = await access.keyring.caller(f"Bearer {key}")
        except MazemeshError as error:
            state["refused"] = error
            return Visitor(address=address)
        return Visitor(caller, key, address, by_cookie, name)
