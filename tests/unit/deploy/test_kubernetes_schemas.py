"""Kubernetes' own schemas of several versions take what is rendered; kinds of others are few."""

from __future__ import annotations

from functools import cache

import kubernetes_validate.utils as validating
import pytest

from tests.unit.deploy.rendered import OVERLAYS, of_kind, pods, rendered

VERSIONS = ("1.28", "1.32", "1.37")
OTHERS = {
    "JobSet",
    "ScaledObject",
    "ServiceMonitor",
    "PodMonitor",
    "Certificate",
    "Issuer",
    "PeerAuthentication",
}


@pytest.fixture(autouse=True, scope="module")
def _schemas_are_read_once() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validating, "schema_contents", cache(validating.schema_contents))
        yield


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_schemas_take_it(overlay: str, version: str) -> None:
    for one in rendered(overlay):
        if one["kind"] not in OTHERS:
            validating.validate(one, version, strict=True)
    for pod in pods(overlay):  # also those that stand in kinds of others
        template = {"apiVersion": "v1", "kind": "Pod", **pod.template}
        template["metadata"] = {"name": pod.name, **template["metadata"]}
        validating.validate(template, version, strict=True)


def test_a_wrong_field_is_seen() -> None:
    (settings,) = of_kind("laptop", "ConfigMap")
    with pytest.raises(validating.ValidationError):
        validating.validate({**settings, "datum": {}}, VERSIONS[0], strict=True)


def test_kinds_of_others_are_few() -> None:
    kinds = {one["kind"] for one in rendered("laptop")}
    assert not kinds & OTHERS
