"""The application: what a request passes, and who answers it.

metrics -> security headers -> what nobody foresaw -> whose it is, and from where -> limits ->
audit log -> once -> ETags -> role -> route
"""

from __future__ import annotations

import time

from fastapi import Depends, FastAPI

import mazemesh
from services.gateway.access.admitting import admit
from services.gateway.access.arriving import Arriving
from services.gateway.access.auditing import Audited
from services.gateway.access.headers import SecurityHeaders
from services.gateway.access.limiting import Limited
from services.gateway.access.logins import Logins
from services.gateway.console import pages
from services.gateway.context import Gateway
from services.gateway.live import socket
from services.gateway.metered import Metered
from services.gateway.metrics import GatewayMetrics
from services.gateway.minds import socket as minds_socket
from services.gateway.playing import socket as play_socket
from services.gateway.rest import openapi
from services.gateway.rest.conditional import Conditional
from services.gateway.rest.once import Once
from services.gateway.rest.problems import Unforeseen, add_handlers
from services.gateway.rest.routers import routers
from services.gateway.rest.runs import training_socket

_DESCRIPTION = """
Everything that the services of a mesh know and do, over HTTP. Errors are `application/problem+json`
and name the field; lists have `page_size` and `page_token`; what is asked twice with the same
`Idempotency-Key` happens once.
"""


def create_app(gateway: Gateway, metrics: GatewayMetrics, logins: Logins) -> FastAPI:
    """The gateway's application, with all its rooms."""
    app = FastAPI(
        title="mazemesh",
        version=mazemesh.__version__,
        description=_DESCRIPTION,
        dependencies=[Depends(admit)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.gateway, app.state.logins = gateway, logins
    add_handlers(app)
    sockets = (socket.router, play_socket.router, minds_socket.router, training_socket.router)
    rooms = (*routers(), openapi.router, *sockets, pages.router)
    for router in rooms:
        app.include_router(router)
    app.state.routes = [route for router in rooms for route in router.routes]
    # The last one added is met first.
    app.add_middleware(Conditional)
    app.add_middleware(Once, clock=time.monotonic)
    app.add_middleware(Audited, gateway=gateway)
    app.add_middleware(Limited, settings=gateway.settings, metrics=metrics)
    app.add_middleware(Arriving, gateway=gateway, logins=logins)
    app.add_middleware(Unforeseen)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Metered, metrics=metrics)
    return app
