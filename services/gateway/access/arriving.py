"""The first thing a request meets: whose it is."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mazemesh.errors import MazemeshError
from services._harness.access.callers.keys import NOBODY
from services.gateway.access.visitor import Visitor
from services.gateway.context import Gateway

_BEARER: Final = "bearer "


class Arriving:
    """ASGI middleware: leaves the `Visitor` in `scope["state"]["visitor"]`.

    A key that is not good leaves no visitor but why, in `state["refused"]`: whether one is needed
    at all the endpoint says.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app, self._gateway = app, gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] in ("http", "websocket"):
            state = scope.setdefault("state", {})
            state["visitor"] = await self._visitor(scope, state)
        await self._app(scope, receive, send)

    async def _visitor(self, scope: Scope, state: dict[str, object]) -> Visitor:
        address = scope["client"][0] if scope.get("client") else ""
        header = Headers(scope=scope).get("authorization", "")
        key = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
        access = self._gateway.server.access
        if access is None:
            return Visitor(address=address)
        if not key:
            return Visitor(NOBODY, "", address)
        try:
            caller = await access.keyring.caller(f"Bearer {key}")
        except MazemeshError as error:
            state["refused"] = error
            return Visitor(NOBODY, "", address)
        return Visitor(caller, key, address)
