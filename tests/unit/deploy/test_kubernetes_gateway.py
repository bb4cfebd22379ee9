"""The gateway as a component that an overlay may have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.gateway.settings import GatewaySettings
from tests.unit.deploy.rendered import FOLDER, NAME, SERVICES, kustomize


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    if (kustomize() or (0,)) < (5,):
        pytest.skip("this platform has no kubectl of 1.27 or newer")
    folder: Path = tmp_path_factory.mktemp("overlay")
    shutil.copytree(FOLDER, folder / "kubernetes")
    overlay = folder / "kubernetes" / "overlays" / "with-gateway"
    overlay.mkdir()
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../base"],
        "components": ["../../components/gateway"],
    }
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(content))
    done = subprocess.run(
        ["kubectl", "kustomize", str(overlay)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of(rendered: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in rendered if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def test_it_listens_where_its_service_says(rendered: list[dict[str, Any]]) -> None:
    template = of(rendered, "Deployment", "gateway")["spec"]["template"]
    (container,) = template["spec"]["containers"]
    port = GatewaySettings.model_fields["port"].default
    assert {one["name"]: one["containerPort"] for one in container["ports"]}["http"] == port
    (http,) = of(rendered, "Service", "gateway")["spec"]["ports"]
    assert http["port"] == port
    assert template["metadata"]["labels"][NAME] == "gateway"


def test_it_reaches_every_service_and_no_other_port(rendered: list[dict[str, Any]]) -> None:
    out = of(rendered, "NetworkPolicy", "from-gateway")["spec"]["egress"][0]["ports"][0]
    into = of(rendered, "NetworkPolicy", "gateway-to-services")["spec"]["ingress"][0]["ports"][0]
    assert out == into
    assert list(range(out["port"], out["endPort"] + 1)) == list(SERVICES.values())
