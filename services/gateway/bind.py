"""Composes the gateway: settings -> clients -> access, live news, jobs -> application."""

from __future__ import annotations

import time
from functools import partial

from mazemesh.client.credentials import Credentials
from services._harness.web.server import WebServer
from services.gateway.access.counted import Sockets
from services.gateway.access.logins import Logins
from services.gateway.access.sealing import Seal, secret_in
from services.gateway.app import create_app
from services.gateway.context import Gateway
from services.gateway.curves.stores.journals import open_journals
from services.gateway.experiments.keeping import Keeping
from services.gateway.experiments.stores.journals import Journals as RunsHere
from services.gateway.experiments.stores.opening import Mlflow
from services.gateway.jobs.bind import bind_jobs
from services.gateway.live.hub import Hub
from services.gateway.live.watches import sources
from services.gateway.mesh import Meshes
from services.gateway.metrics import GatewayMetrics
from services.gateway.playing.partners import Partners
from services.gateway.rest.runs.training_socket import job_news
from services.gateway.rpcs import Rpcs
from services.gateway.settings import GatewaySettings


async def bind(settings: GatewaySettings, server: WebServer) -> None:
    """Serves the console, REST and WebSockets in front of the services that the settings name."""
    credentials = Credentials.found()
    meshes = Meshes(settings.addresses, credentials, settings.clients, settings.call_threads)
    rpcs = Rpcs(settings.addresses, credentials)
    if settings.asks_for_keys:
        rpcs.check()
    hub = Hub(sources(rpcs), settings.max_feeds)
    server.on_stop(meshes.close)
    journals = open_journals(settings)
    server.on_stop(journals.aclose)
    server.on_stop(rpcs.close)
    server.on_stop(hub.close)
    metrics = GatewayMetrics(server.registry)
    metrics.feeds.set_function(lambda: hub.feeds)
    sockets = Sockets(settings.max_sockets, settings.max_sockets_per_key, metrics)
    partners = Partners(settings.max_partners)
    server.on_drain(partners.close)
    jobs = await bind_jobs(settings, server, settings.addresses)
    hub.sources["training"] = partial(job_news, jobs)
    mlflow = Mlflow(settings.mlflow_url, settings.data_dir)
    server.on_stop(mlflow.close)
    experiments = Keeping(mlflow.keeper, RunsHere(settings.data_dir))
    parts = Gateway(
        *(settings, server, meshes, rpcs, hub, sockets),
        *(partners, journals, jobs, experiments),
    )
    server.on_drain(parts.waiting.end)
    seal = Seal(settings.cookie_secret or secret_in(settings.data_dir), time.time)
    hours = settings.session_hours
    logins = Logins(seal, hours * 3600.0, secure=settings.tls_cert is not None)
    server.app = create_app(parts, metrics, logins)
