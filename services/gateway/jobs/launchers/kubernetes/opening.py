"""From settings to the cluster that the gateway itself runs in, or that they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from mazemesh.process.errors import StartError
from services.gateway.jobs.launchers.kubernetes.api import KubernetesApi
from services.gateway.jobs.launchers.kubernetes.launcher import KubernetesLauncher
from services.gateway.jobs.launchers.kubernetes.manifest import Pods
from services.gateway.jobs.settings import JobSettings

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod's account is."""


def kubernetes_launcher(settings: JobSettings, account: Path = ACCOUNT) -> KubernetesLauncher:
    """A launcher in the settings' namespace.

    Raises:
        StartError: the gateway runs in no cluster, and no API is named.
    """
    url = settings.jobs_kubernetes_api or _own_url()
    token, authority = account / "token", account / "ca.crt"
    api = KubernetesApi(
        url,
        token if token.exists() else None,
        authority if authority.exists() else None,
    )
    pods = Pods(
        settings.jobs_namespace,
        settings.jobs_image,
        settings.jobs_cpu,
        settings.jobs_memory,
        settings.jobs_gpus,
        settings.jobs_config_map,
        settings.jobs_secret,
    )
    return KubernetesLauncher(api, pods, settings.jobs_dollars_an_hour)


def _own_url() -> str:
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    if not host:
        raise StartError(
            "jobs = 'kubernetes': this is no pod of a cluster; name its API by "
            "--jobs-kubernetes-api",
            exit_code=2,
        )
    port = os.environ.get("KUBERNETES_SERVICE_PORT_HTTPS", "443")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"
