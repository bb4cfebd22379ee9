"""Composes the gateway: settings -> clients -> access, live news, jobs -> application."""

from __future__ import annotations

from services._harness.web.server import WebServer
from services.gateway.app import create_app
from services.gateway.context import Gateway
from services.gateway.mesh import Meshes
from services.gateway.settings import GatewaySettings


async def bind(settings: GatewaySettings, server: WebServer) -> None:
    """Serves the console, REST and WebSockets in front of the services that the settings name."""
    meshes = Meshes(settings.addresses, settings.clients, settings.call_threads)
    server.on_stop(meshes.close)
    server.app = create_app(Gateway(settings, server, meshes))
