"""Which pages may open sockets: browsers send cookies along with those of any page."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from mazemesh.errors import PermissionDenied


def check_origin(connection: HTTPConnection) -> None:
    """Refuses a request that another site's page makes; programs send no Origin.

    Raises:
        PermissionDenied: the page is of another host, or of none.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return
    allowed = connection.app.state.gateway.settings.origins
    if urlsplit(origin).netloc == connection.headers.get("host", "") or origin in allowed:
        return
    raise PermissionDenied(
        f"origin: {origin[:100]!r} is another site; name it in MAZEMESH_GATEWAY_ORIGINS if it is "
        "yours"
    )
