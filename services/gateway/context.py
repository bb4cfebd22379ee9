"""What routes are given: one object that the composition root filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from services._harness.web.server import WebServer
from services.gateway.access.counted import Sockets
from services.gateway.curves.stores.journals import Journals
from services.gateway.experiments.keeping import Keeping
from services.gateway.live.hub import Hub
from services.gateway.mesh import Meshes
from services.gateway.rpcs import Rpcs
from services.gateway.settings import GatewaySettings
from services.gateway.waiting import Waiting

if TYPE_CHECKING:
    from services.gateway.jobs.bind import Jobs
    from services.gateway.playing.partners import Partners


@dataclass(slots=True)
class Gateway:
    """The gateway's parts.

    Attributes:
        settings: As it was started.
        server: Its life: keys (`server.access`), database, metrics, log.
        meshes: Clients of the services, for what they know beyond a call.
        rpcs: The services' methods.
        hub: Live news.
        sockets: Who listens to them.
        partners: Policies that play people.
        journals: Runs of the data folder, and their figures.
        jobs: Training jobs.
        experiments: Who knows of training runs.
        waiting: Answers that are held back.
        provider: By whom people log in; made at its first use.
    """

    settings: GatewaySettings
    server: WebServer
    meshes: Meshes
    rpcs: Rpcs
    hub: Hub
    sockets: Sockets
    partners: Partners
    journals: Journals
    jobs: Jobs
    experiments: Keeping
    waiting: Waiting = field(default_factory=Waiting)
    provider: Any = None


def _gateway(connection: HTTPConnection) -> Gateway:
    return cast("Gateway", connection.app.state.gateway)


GatewayDep = Annotated[Gateway, Depends(_gateway)]
"""The gateway, as a parameter of a route."""
