"""Whether a visitor may ask an endpoint: looked up before every route, in one place."""

from __future__ import annotations

from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection

from mazemesh.errors import MazemeshError, PermissionDenied, Unauthenticated
from services.gateway.access.auditing import announce
from services.gateway.access.endpoints import Endpoint, endpoint_of
from services.gateway.access.visitor import Visitor

_POLICY_VIOLATION = 1008


async def admit(connection: HTTPConnection) -> None:
    """A dependency of the whole application.

    Raises:
        Unauthenticated: the endpoint asks for a key, and there is none that is good.
        PermissionDenied: the key's role may not ask it.
        WebSocketException: the same of a socket, before it is accepted.
    """
    try:
        await _admit(connection)
    except MazemeshError as error:
        if connection.scope["type"] == "websocket":
            raise WebSocketException(_POLICY_VIOLATION, str(error)) from error
        raise


async def _admit(connection: HTTPConnection) -> None:
    scope = connection.scope
    method = "WS" if scope["type"] == "websocket" else scope["method"]
    path = scope["route"].path
    endpoint = endpoint_of(method, path)
    if endpoint is None:
        raise PermissionDenied(f"{method} {path} is in no table of roles, so nobody may ask it")
    gateway = connection.app.state.gateway
    if endpoint.roles is None or gateway.server.access is None:
        return
    refused: MazemeshError | None = scope["state"].get("refused")
    visitor: Visitor = scope["state"]["visitor"]
    if visitor.role is None:
        raise refused or Unauthenticated(
            "this gateway asks for a key, sent as `Authorization: Bearer mm_...`; in a browser log "
            "in at /console/login (`mazemesh keys create` makes a key)"
        )
    if not endpoint.admits(visitor.role):
        raise PermissionDenied(
            f"a {visitor.role} may not ask {method} {path}; {_list(endpoint)} may"
        )
    await announce(gateway, scope, visitor, endpoint.kind)


def may(role: str | None, method: str, path: str) -> bool:
    """Whether a button for an endpoint is shown; `role` None is where no keys are asked for."""
    endpoint = endpoint_of(method, path)
    if endpoint is None:
        return False
    return role is None or endpoint.roles is None or role in endpoint.roles


def _list(endpoint: Endpoint) -> str:
    return " and ".join(sorted(role.value for role in endpoint.roles or ()))
