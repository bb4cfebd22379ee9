"""What every server shares: lifecycle, interceptors, health, metrics, settings, database.

A service is `run(ItsSettings, bind)`; see `services._harness.server.Server` for what `bind` can
use.
"""

from mazemesh.process.errors import StartError
from mazemesh.process.settings import Port
from services._harness.lifecycle import Bind, run, serve
from services._harness.server import Server
from services._harness.settings import ServiceSettings

__all__ = ["Bind", "Port", "Server", "ServiceSettings", "StartError", "run", "serve"]
