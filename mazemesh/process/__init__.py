"""What every process of a mesh needs: settings, logs, metrics, and how it is stopped."""

from mazemesh.process.errors import StartError
from mazemesh.process.settings import Port, ProcessSettings
from mazemesh.process.worker import run_worker

__all__ = ["Port", "ProcessSettings", "StartError", "run_worker"]
