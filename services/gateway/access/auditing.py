"""Lines of the audit log for what people command through the gateway, where keys are asked for.

The services note the calls that a command makes, with the person's key; the gateway knows where the
person was, and what they asked.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services._harness.access.callers.roles import ADMINISTRATORS, Kind
from services.gateway.access.endpoints import endpoint_of
from services.gateway.access.visitor import Visitor
from services.gateway.context import Gateway

_LONGEST_QUOTE: Final = 128


class Audited:
    """ASGI middleware behind `Arriving`: notes how commands ended, and refusals."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app, self._gateway = app, gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        access = self._gateway.server.access
        if access is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            self._note(scope, status)

    def _note(self, scope: Scope, status: int) -> None:
        access = self._gateway.server.access
        route = getattr(scope.get("route"), "path", "")
        endpoint = endpoint_of(scope["method"], route)
        if access is None or endpoint is None:
            return
        visitor: Visitor = scope["state"]["visitor"]
        if endpoint.kind is not Kind.READ and visitor.role is not None:
            access.audit.note(**line(scope, visitor), outcome=str(status))
        elif status in (401, 403):
            role = visitor.role.value if visitor.role else "-"
            method = f"{scope['method']} {route}"
            access.audit.count(method, visitor.id, role, visitor.address, str(status))


async def announce(gateway: Gateway, scope: Scope, visitor: Visitor, kind: Kind) -> None:
    """Notes an administrator's command before it is done: without the line it is not.

    Raises:
        Unavailable: the log cannot be written.
    """
    access = gateway.server.access
    if access is None or kind is Kind.READ or visitor.role not in ADMINISTRATORS:
        return
    await access.audit.write_first(**line(scope, visitor), outcome="ASKED")


def line(scope: Scope, visitor: Visitor) -> dict[str, Any]:
    """What is noted of a command."""
    key = visitor.caller.key
    names = {name: str(value)[:_LONGEST_QUOTE] for name, value in scope["path_params"].items()}
    return {
        "method": f"{scope['method']} {scope['route'].path}",
        "key": visitor.id,
        "label": visitor.name or (key.label if key else ""),
        "role": visitor.role.value if visitor.role else "-",
        "address": visitor.address,
        "names": names,
    }
