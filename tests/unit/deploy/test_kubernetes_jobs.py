"""Training jobs as a component beside the gateway's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.gateway.jobs.attempts.plan import plan_of
from services.gateway.jobs.launchers.kubernetes.manifest import LABEL, Pods, manifest
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.work import Training
from tests.unit.deploy.rendered import FOLDER, kustomize

COMPONENT = FOLDER / "components" / "training-jobs"
VERSION = "1.31"


def documents(*names: str) -> list[dict[str, Any]]:
    return [
        one for name in names for one in yaml.safe_load_all((COMPONENT / name).read_text()) if one
    ]


def test_they_fit_the_schemas() -> None:
    for one in documents("account.yaml", "network.yaml"):
        kubernetes_validate.validate(one, VERSION, strict=True)


def test_the_gateway_may_ask_what_the_launcher_asks() -> None:
    [role] = [one for one in documents("account.yaml") if one["kind"] == "Role"]
    allowed = {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    asked = {("jobs", verb) for verb in ("create", "list", "delete")}
    assert allowed >= asked | {("pods", "list"), ("pods/log", "get")}
    assert not any("secrets" in rule["resources"] or "*" in rule["verbs"] for rule in role["rules"])


def test_policies_select_the_pods_of_jobs() -> None:
    made = manifest(
        plan_of(Job("abc", "", Training("race", "ppo", "p"), attempt=1), 0.0),
        Pods("mazemesh", "mazemesh/learner", "3", "4Gi"),
    )
    assert LABEL in made["spec"]["template"]["metadata"]["labels"]
    policies = {one["metadata"]["name"]: one for one in documents("network.yaml")}
    [selector] = policies["from-training-jobs"]["spec"]["podSelector"]["matchExpressions"]
    assert selector == {"key": LABEL, "operator": "Exists"}


@pytest.mark.parametrize(
    "components",
    [("gateway", "training-jobs"), ("gateway", "training-jobs", "keys")],
)
def test_the_gateway_is_told(tmp_path: Path, components: tuple[str, ...]) -> None:
    if (kustomize() or (0,)) < (5,):
        pytest.skip("this platform has no kubectl of 1.27 or newer")
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes" / "overlays" / "with-jobs"
    overlay.mkdir()
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../base"],
        "components": [f"../../components/{one}" for one in components],
    }
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(content))
    done = subprocess.run(
        ["kubectl", "kustomize", str(overlay)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    (gateway,) = (
        one
        for one in yaml.safe_load_all(done.stdout)
        if (one["kind"], one["metadata"]["name"]) == ("Deployment", "gateway")
    )
    spec = gateway["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is True
    told = {one["name"]: one for one in spec["containers"][0]["env"]}
    key = {"MAZEMESH_KEY"} if "keys" in components else set()
    assert told.keys() == {"MAZEMESH_GATEWAY_JOBS", "MAZEMESH_GATEWAY_JOBS_NAMESPACE"} | key
    if key:
        shown = told["MAZEMESH_KEY"]["valueFrom"]["secretKeyRef"]
        assert shown == {"name": "mazemesh-keys", "key": "viewer.key"}
