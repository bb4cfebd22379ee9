"""What containers are told is read by the very settings that their processes have."""

from __future__ import annotations

import inspect
import re

import pytest

from actor.settings import ActorSettings, EvaluatorSettings
from learner.settings import LearnerSettings
from mazemesh.client.addresses import split_addresses
from mazemesh.process.settings import ProcessSettings, parse_settings
from services._harness.access.exposure import check_exposure
from services._harness.settings import ServiceSettings
from services.elo.settings import EloSettings
from services.game.settings import GameServiceSettings
from services.matchmaker.settings import MatchmakerSettings
from services.model.settings import ModelSettings
from services.replay.settings import ReplaySettings
from supervisor.cloud.machine import learning
from supervisor.cloud.machine.settings import MachineSettings
from tests.unit.deploy.rendered import OVERLAYS, SERVICES, Pod, environment, pods

CLASSES: dict[str, type[ProcessSettings]] = {
    "game": GameServiceSettings,
    "matchmaker": MatchmakerSettings,
    "model": ModelSettings,
    "elo": EloSettings,
    "replay": ReplaySettings,
    "learner": LearnerSettings,
    "actor": ActorSettings,
    "evaluator": EvaluatorSettings,
}
CREDENTIALS = {"MAZEMESH_KEY"}
CLOUD = set(
    re.findall(r"\"([A-Z_]+)\"", inspect.getsource(MachineSettings.from_environment))
) | set(re.findall(r"MAZEMESH_CLOUD_([A-Z_]+)", inspect.getsource(learning)))
GIB = 1024**3


def read(overlay: str, pod: Pod, monkeypatch: pytest.MonkeyPatch) -> ProcessSettings:
    given = environment(overlay, pod)
    monkeypatch.setattr("os.environ", dict(given))
    return parse_settings(CLASSES[pod.role], pod.container["args"][1:], pod.role)


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def meshed(overlay: str) -> list[Pod]:
    return [pod for pod in pods(overlay) if pod.role in CLASSES]


def test_there_is_every_role(overlay: str) -> None:
    expected = set(CLASSES) - ({"learner"} if overlay == "istio" else set())
    assert {pod.role for pod in meshed(overlay)} == expected
    assert {pod.role for pod in pods(overlay)} <= {*CLASSES, "keys"}


def test_every_setting_is_read_and_fits(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for pod in meshed(overlay):
        settings = read(overlay, pod, monkeypatch)
        assert settings.metrics_host == "0.0.0.0"
        assert str(settings.data_dir) == "/var/lib/mazemesh"
        if isinstance(settings, ServiceSettings):
            check_exposure(settings)
            assert settings.port == SERVICES[pod.role]
            assert settings.asks_for_keys == (overlay != "laptop")
            assert (settings.tls_cert is not None) == (overlay == "production")


def known(name: str) -> bool:
    """Whether a variable of the mesh is one that some process reads."""
    if name in CREDENTIALS or name.removeprefix("MAZEMESH_CLOUD_") in CLOUD:
        return True
    for one in CLASSES.values():
        for field in one.model_fields:
            if name == one.environment_variable(field):
                return True
            shared = field in one.common or field.endswith(("_address", "_url"))
            if shared and name == f"MAZEMESH_{field.upper()}":
                return True
    return False


def test_no_variable_is_read_by_nobody(overlay: str) -> None:
    unknown = {
        name
        for pod in pods(overlay)
        for name in environment(overlay, pod)
        if name.startswith("MAZEMESH_") and not known(name)
    }
    assert unknown == set()


def test_draining_ends_before_the_pod_is_killed(
    overlay: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pod in meshed(overlay):
        settings = read(overlay, pod, monkeypatch)
        drain = getattr(settings, "drain_seconds", 60.0)  # the learner writes a checkpoint
        assert pod.spec["terminationGracePeriodSeconds"] >= drain + 10, pod.name
        # A spot node gives two minutes.
        assert pod.spec["terminationGracePeriodSeconds"] <= 90, pod.name


def test_replay_takes_less_memory_than_its_pod_may(
    overlay: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pod,) = (pod for pod in meshed(overlay) if pod.role == "replay")
    settings = read(overlay, pod, monkeypatch)
    assert isinstance(settings, ReplaySettings)
    limit = float(pod.container["resources"]["limits"]["memory"].removesuffix("Gi"))
    assert settings.memory_limit_gib <= 0.8 * limit
    assert settings.shard == "replay-0"


def test_all_shards_of_replay_are_named(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (replay,) = (pod for pod in meshed(overlay) if pod.role == "replay")
    (actor,) = (pod for pod in meshed(overlay) if pod.role == "actor")
    settings = read(overlay, actor, monkeypatch)
    assert isinstance(settings, ActorSettings)
    assert list(split_addresses(settings.replay_address)) == [
        f"replay-{number}.replay.mazemesh.svc.cluster.local:50055"
        for number in range(replay.replicas or 0)
    ]


def test_keys_are_those_of_the_role(overlay: str) -> None:
    roles = {"actor": "worker", "evaluator": "worker", "learner": "trainer"}
    roles |= {name: f"{name}-service" for name in ("game", "matchmaker", "model")}
    for pod in meshed(overlay):
        named = [
            one["valueFrom"]["secretKeyRef"]["key"]
            for one in pod.container.get("env", [])
            if one["name"] == "MAZEMESH_KEY"
        ]
        wanted = [f"{roles[pod.role]}.key"] if pod.role in roles and overlay != "laptop" else []
        assert named == wanted, pod.name


def test_workers_get_no_private_key_and_no_password(overlay: str) -> None:
    for pod in meshed(overlay):
        if pod.role in SERVICES:
            continue
        assert "MAZEMESH_DATABASE_URL" not in environment(overlay, pod)
        for volume in pod.spec["volumes"]:
            if volume["name"] == "tls":
                assert [item["key"] for item in volume["secret"]["items"]] == ["ca.crt"]
