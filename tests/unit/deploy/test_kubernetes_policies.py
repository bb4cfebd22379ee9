"""Rules over what is rendered: little may be done, what ends is bounded, names fit together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from supervisor.cloud.machine.keys import read_keys
from supervisor.cloud.scaling import load, tracking
from tests.unit.deploy.rendered import FOLDER, NAME, OVERLAYS, SECRETS, SERVICES, of_kind, pods

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pods_may_little(overlay: str) -> None:
    """What the Pod Security Standard `restricted` asks for, and a root that is read-only."""
    for pod in pods(overlay):
        spec, container = pod.spec, pod.container
        assert spec["automountServiceAccountToken"] is False, pod.name
        assert spec["enableServiceLinks"] is False, pod.name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == 10001
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not [volume for volume in spec["volumes"] if "hostPath" in volume]


def test_what_a_pod_takes_is_bounded(overlay: str) -> None:
    for pod in pods(overlay):
        assert {"cpu", "memory"} <= pod.container["resources"]["requests"].keys(), pod.name
        assert "memory" in pod.container["resources"]["limits"], pod.name
        for volume in pod.spec["volumes"]:
            assert "emptyDir" not in volume or "sizeLimit" in volume["emptyDir"], pod.name


def test_what_is_mounted_is_there(overlay: str) -> None:
    claims = {
        (one["metadata"]["name"], claim["metadata"]["name"])
        for one in of_kind(overlay, "StatefulSet")
        for claim in one["spec"].get("volumeClaimTemplates", [])
    }
    for pod in pods(overlay):
        volumes = {volume["name"] for volume in pod.spec["volumes"]}
        volumes |= {name for owner, name in claims if owner == pod.name}
        mounted = {mount["name"] for mount in pod.container["volumeMounts"]}
        assert mounted == volumes, pod.name
        assert all(mount["mountPath"] != "/" for mount in pod.container["volumeMounts"])


def test_what_lasts_lies_on_disks_on_a_laptop() -> None:
    for pod in pods("laptop"):
        if pod.role in SERVICES or pod.role == "learner":
            assert "data" not in {
                volume["name"] for volume in pod.spec["volumes"] if "emptyDir" in volume
            }, pod.name
            assert pod.replicas == 1


def test_probes_ask_grpc_or_where_that_is_over_tls_its_page(overlay: str) -> None:
    for pod in pods(overlay):
        if pod.role not in SERVICES:
            continue
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = pod.container[name]
            if overlay == "production":
                assert probe["httpGet"] == {"path": "/healthz", "port": "metrics"}
                assert "grpc" not in probe
            else:
                assert probe["grpc"]["port"] == SERVICES[pod.role]


def test_services_are_headless_and_say_what_they_speak(overlay: str) -> None:
    services = {one["metadata"]["name"]: one["spec"] for one in of_kind(overlay, "Service")}
    for name, port in SERVICES.items():
        spec = services[name]
        assert spec["clusterIP"] == "None"
        (one,) = spec["ports"]
        assert one["port"] == port
        # Istio would take TLS that is not its own for broken HTTP/2.
        encrypted = overlay == "production"
        assert one["appProtocol"] == ("tls" if encrypted else "grpc")
        assert one["name"].split("-")[0] == ("tls" if encrypted else "grpc")


def test_the_certificate_is_for_every_name_that_is_called() -> None:
    (certificate,) = (
        one
        for one in of_kind("production", "Certificate")
        if one["metadata"]["name"] == "mazemesh-tls"
    )
    names = certificate["spec"]["dnsNames"]
    (settings,) = of_kind("production", "ConfigMap")
    called = [
        address.removeprefix("dns:///").rpartition(":")[0]
        for name, value in settings["data"].items()
        if name.endswith("_ADDRESS")
        for address in value.split(",")
    ]
    called.append("game-7.game.mazemesh.svc.cluster.local")  # MAZEMESH_GAME_PUBLIC_ADDRESS
    assert len(called) == 7
    for host in called:
        assert host in names or f"*.{host.partition('.')[2]}" in names, host


def test_nothing_is_kept_of_mtls_where_istio_does_it() -> None:
    assert of_kind("istio", "Certificate", "Issuer") == []
    (settings,) = of_kind("istio", "ConfigMap")
    assert not [name for name in settings["data"] if "TLS" in name]
    modes = [one["spec"]["mtls"]["mode"] for one in of_kind("istio", "PeerAuthentication")]
    assert modes == ["STRICT", "STRICT"]


def test_a_drained_node_takes_one_instance_at_a_time(overlay: str) -> None:
    budgets = {
        one["spec"]["selector"]["matchLabels"][NAME]: one["spec"]["maxUnavailable"]
        for one in of_kind(overlay, "PodDisruptionBudget")
    }
    assert budgets == dict.fromkeys(SERVICES, 1)


def test_actors_are_scaled_by_the_figures_of_machines() -> None:
    (scaled,) = of_kind("production", "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    query, threshold = trigger["metadata"]["query"], trigger["metadata"]["threshold"]
    assert float(threshold) == tracking.ACTOR_TARGET
    assert f"{load.GAMES_OF_AN_ACTOR} *" in query
    metrics = set(re.findall(r"mazemesh_\w+", query))
    wanted = {"matches", "tickets", "sample_wait_seconds"}
    assert metrics == {name for name, field in load._READ.items() if field in wanted}


def test_who_is_scaled_has_no_number_of_its_own(overlay: str) -> None:
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
    }
    assert scaled == (set() if overlay == "laptop" else {"game", "model", "elo", "actor"})
    for pod in pods(overlay):
        if pod.kind in ("Deployment", "StatefulSet"):
            assert (pod.replicas is None) == (pod.name in scaled), pod.name


def test_spot_nodes_get_workers_alone() -> None:
    for pod in pods("production"):
        keys = {one["key"] for one in pod.spec.get("tolerations", [])}
        assert ("mazemesh/spot" in keys) == (pod.role in ("actor", "evaluator")), pod.name


def test_learners_are_as_many_as_torchrun_waits_for() -> None:
    (pod,) = (pod for pod in pods("production") if pod.kind == "JobSet")
    told = {one["name"]: one.get("value", "") for one in pod.container["env"]}
    assert told["MAZEMESH_CLOUD_NODES"] == f"1:{pod.replicas}"
    assert told["MAZEMESH_CLOUD_RENDEZVOUS"].startswith("learner-ranks-0-0.learner.")
    assert pod.container["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_monitors_name_jobs_that_alerts_look_for() -> None:
    jobs: list[str] = []
    for one in of_kind("production", "ServiceMonitor", "PodMonitor"):
        ends: list[dict[str, Any]] = one["spec"].get("endpoints") or one["spec"].get(
            "podMetricsEndpoints"
        )
        jobs += [rule["replacement"] for end in ends for rule in end["relabelings"]]
    assert sorted(jobs) == ["mazemesh-services", "mazemesh-workers"]


def test_images_are_of_this_version(overlay: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    expected = {
        f"mazemesh/{name}:{version}"
        for name in ("services", "actor", *(() if overlay == "istio" else ("learner",)))
    }
    assert {pod.container["image"] for pod in pods(overlay)} == expected


def test_secrets_are_named_and_never_written_here(overlay: str) -> None:
    assert of_kind(overlay, "Secret") == []
    named = set()
    for pod in pods(overlay):
        text = json.dumps(pod.template)
        named |= set(re.findall(r'"secretName": "([\w-]+)"', text))
        named |= set(re.findall(r'"secret\w*Ref": \{[^}]*"name": "([\w-]+)"', text))
    assert named <= {"mazemesh-stores", "mazemesh-keys", "mazemesh-tls"}


def test_new_keys_are_a_secret_that_the_job_enters(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(FOLDER / "new_keys.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    secret = json.loads(done.stdout)
    for name, value in secret["stringData"].items():
        (tmp_path / name).write_text(value)
    assert {f"{role}.key" for role in read_keys(tmp_path)} == {
        *SECRETS["mazemesh-keys"],
        "admin.key",
    }
