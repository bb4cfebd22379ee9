"""deploy/kubernetes as kubectl renders it, and what its pods are told."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "deploy" / "kubernetes"
OVERLAYS = ("laptop", "production", "istio")
SERVICES = {"game": 50051, "matchmaker": 50052, "model": 50053, "elo": 50054, "replay": 50055}
NAME = "app.kubernetes.io/name"
Resource = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """The template of pods of one role."""

    kind: str
    name: str
    replicas: int | None
    template: Resource

    @property
    def spec(self) -> Resource:
        return dict(self.template["spec"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.template["metadata"]["labels"])

    @property
    def container(self) -> Resource:
        (container,) = self.spec["containers"]
        return dict(container)

    @property
    def role(self) -> str:
        return str(self.container["args"][0])


@cache
def kustomize() -> tuple[int, ...] | None:
    """Version of Kustomize in kubectl; None where there is no kubectl."""
    if shutil.which("kubectl") is None:
        return None
    done = subprocess.run(
        ["kubectl", "version", "--client", "-o", "json"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    version = json.loads(done.stdout or "{}").get("kustomizeVersion", "v0.0.0")
    return tuple(int(part) for part in version.removeprefix("v").split("."))


@cache
def rendered(overlay: str) -> tuple[Resource, ...]:
    """All resources of an overlay."""
    version = kustomize()
    if version is None or version < (5, 0):
        pytest.skip(f"needs kubectl 1.27 or newer, with Kustomize 5; here is {version}")
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / "overlays" / overlay)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # nothing that is deprecated
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, *kinds: str) -> list[Resource]:
    return [one for one in rendered(overlay) if one["kind"] in kinds]


def pods(overlay: str) -> Iterator[Pod]:
    """Templates of all pods, also those of jobs and of sets of jobs."""
    for one in rendered(overlay):
        name, spec = one["metadata"]["name"], one.get("spec", {})
        if one["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield Pod(one["kind"], name, spec.get("replicas"), spec["template"])
        elif one["kind"] == "JobSet":
            for job in spec["replicatedJobs"]:
                template = job["template"]["spec"]["template"]
                yield Pod("JobSet", name, job["template"]["spec"]["parallelism"], template)


KEY = f"mm_{'0' * 12}_{'a' * 43}"
SECRETS = {
    "mazemesh-stores": {
        "MAZEMESH_DATABASE_URL": "postgresql://mesh:secret@database/mesh",
        "MAZEMESH_REDIS_URL": "rediss://redis:6379/0",
    },
    "mazemesh-keys": {
        f"{role}.key": KEY
        for role in (
            *("viewer", "worker", "trainer"),
            *("game-service", "matchmaker-service", "model-service"),
        )
    },
}
"""As README.md has them made."""


def environment(overlay: str, pod: Pod) -> dict[str, str]:
    """The variables of a pod's first instance."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(overlay, "ConfigMap")}
    found: dict[str, str] = {}
    for source in pod.container.get("envFrom", []):
        if "configMapRef" in source:
            found |= maps[source["configMapRef"]["name"]]
        else:
            found |= SECRETS[source["secretRef"]["name"]]
    for one in pod.container.get("env", []):
        value = one.get("value")
        if value is None and "secretKeyRef" in one["valueFrom"]:
            secret = one["valueFrom"]["secretKeyRef"]
            value = SECRETS[secret["name"]][secret["key"]]
        elif value is None:
            assert one["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
            value = f"{pod.name}-0"
        for name, known in found.items():
            value = value.replace(f"$({name})", known)
        found[one["name"]] = value
    return found
