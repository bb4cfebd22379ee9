"""Which pages may open sockets and send commands: browsers send cookies along with those of any.

Where no key is asked for, this alone keeps the pages of other sites from commanding the mesh of
whoever looks at them. So does the check of the name that was asked for: a site may have its name
stand for this machine (DNS rebinding), but cannot change what the browser says it asks.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from mazemesh.client.addresses import is_loopback
from mazemesh.errors import PermissionDenied
from services.gateway.settings import GatewaySettings


def check_origin(connection: HTTPConnection, settings: GatewaySettings) -> None:
    """Refuses a request that another site's page makes; programs send no Origin.

    Raises:
        PermissionDenied: the page is of another host, or of none.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return
    own = urlsplit(origin).netloc == connection.headers.get("host", "") != ""
    if own or origin in settings.origins:
        return
    raise PermissionDenied(
        f"origin: {origin[:100]!r} is another site; name it in MAZEMESH_GATEWAY_ORIGINS if it is "
        "yours"
    )


def check_host(connection: HTTPConnection, settings: GatewaySettings) -> None:
    """Refuses, on a machine's own loopback without keys, what was asked of another name.

    Raises:
        PermissionDenied: the `Host` is no name of this machine.
    """
    if settings.asks_for_keys or not settings.is_loopback:
        return
    host = connection.headers.get("host", "")
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    named = {urlsplit(origin).netloc for origin in settings.origins}
    if is_loopback(name) or host in named:
        return
    raise PermissionDenied(
        f"host: {host[:100]!r} is no name of this machine; ask http://127.0.0.1:{settings.port}, "
        "or name the site in MAZEMESH_GATEWAY_ORIGINS"
    )
