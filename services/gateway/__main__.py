"""Entry point: `python -m services.gateway`."""

from mazemesh.starting import loading

if __name__ == "__main__":
    with loading():
        from services._harness import run
        from services._harness.web.server import WebServer
        from services.gateway.bind import bind
        from services.gateway.settings import GatewaySettings

    run(GatewaySettings, bind, WebServer)
