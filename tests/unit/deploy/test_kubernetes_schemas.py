"""Kubernetes' own schemas of several versions take what is rendered; kinds of others are few."""

from __future__ import annotations

from functools import cache

import jsonschema
import kubernetes_validate.utils as validating
import pytest

from tests.unit.deploy.foreign_kinds import SPECS
from tests.unit.deploy.rendered import OVERLAYS, Resource, of_kind, pods, rendered

VERSIONS = ("1.28", "1.32", "1.37")
OTHERS = {kind for _, kind in SPECS}


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


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kinds_of_others_have_the_fields_of_their_types(overlay: str) -> None:
    for one in of_kind(overlay, *OTHERS):
        assert one.keys() == {"apiVersion", "kind", "metadata", "spec"}
        jsonschema.validate(one["spec"], SPECS[one["apiVersion"], one["kind"]])


def test_a_field_that_a_kind_of_others_has_not_is_seen() -> None:
    (jobs,) = of_kind("production", "JobSet")
    with pytest.raises(jsonschema.ValidationError, match="maxRestart"):
        jsonschema.validate(
            {**jobs["spec"], "failurePolicy": {"maxRestart": 3}},
            SPECS[jobs["apiVersion"], "JobSet"],
        )


def taken_over() -> list[Resource]:
    """What kinds of others have of Kubernetes' own, as its own kinds."""
    (jobs,), (scaled,) = of_kind("production", "JobSet"), of_kind("production", "ScaledObject")
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "actor"},
        "spec": {
            "scaleTargetRef": scaled["spec"]["scaleTargetRef"],
            "minReplicas": scaled["spec"]["minReplicaCount"],
            "maxReplicas": scaled["spec"]["maxReplicaCount"],
            **scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"],
        },
    }
    return [
        autoscaler,
        *(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                **job["template"],
                "metadata": {"name": job["name"]},
            }
            for job in jobs["spec"]["replicatedJobs"]
        ),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_they_take_over_the_schemas_take_too(version: str) -> None:
    for one in taken_over():
        validating.validate(one, version, strict=True)


def test_a_wrong_field_is_seen() -> None:
    (settings,) = of_kind("laptop", "ConfigMap")
    with pytest.raises(validating.ValidationError):
        validating.validate({**settings, "datum": {}}, VERSIONS[0], strict=True)


def test_kinds_of_others_are_few() -> None:
    kinds = {one["kind"] for one in rendered("laptop")}
    assert not kinds & OTHERS
