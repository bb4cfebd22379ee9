"""The manifest of a job: one pod with the learner and its actors, kept by the runner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.attempts.plan import INTERRUPTED, Plan

CONTAINER: Final = "job"
LABEL: Final = "mazemesh/job"
ATTEMPT_LABEL: Final = "mazemesh/attempt"
STOP_SECONDS: Final = 75
"""For a pod to write what is to be kept."""

_KEPT_SECONDS: Final = 86_400
"""For which an ended Job and its log are there."""

_LOST_PODS: Final = 20
"""That are replaced, each by one that goes on from the newest checkpoint."""

_USER: Final = 10001


@dataclass(frozen=True, slots=True)
class Pods:
    """What pods of jobs are like.

    Attributes:
        namespace: Of the cluster.
        image: Of the learner; it has the actors, too.
        cpu, memory: That a pod asks for; of memory it gets no more.
        gpus: Of a pod.
        config_map: What all processes are told: addresses, blobs_url and so on.
        secret: With `trainer.key` and `worker.key`; "" where no keys are asked for.
    """

    namespace: str
    image: str
    cpu: str
    memory: str
    gpus: int = 0
    config_map: str = "mazemesh"
    secret: str = ""


def name_of(job_id: str, attempt: int) -> str:
    """Of an attempt's Job."""
    return f"mazemesh-job-{job_id}-{attempt}"


def manifest(plan: Plan, pods: Pods) -> dict[str, Any]:
    """A `batch/v1` Job.

    A pod that is taken away, with its node or by a drain, is replaced, and goes on from the copy of
    its checkpoint (`blobs_url`). One that has ended by itself is not: it has told how.
    """
    labels = {
        "app.kubernetes.io/name": "learner",
        "app.kubernetes.io/part-of": "mazemesh",
        "mazemesh/kind": "worker",
        LABEL: plan.job_id,
        ATTEMPT_LABEL: str(plan.attempt),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name_of(plan.job_id, plan.attempt),
            "namespace": pods.namespace,
            "labels": labels,
        },
        "spec": {
            "backoffLimit": _LOST_PODS,
            "completions": 1,
            "parallelism": 1,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "podFailurePolicy": {"rules": _rules()},
            "template": {"metadata": {"labels": labels}, "spec": _pod(plan, pods)},
        },
    }


def _rules() -> list[dict[str, Any]]:
    ended = {"containerName": CONTAINER, "operator": "NotIn", "values": [0, INTERRUPTED]}
    return [
        # A drain or a node that is gone counts for nothing.
        {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        },
        # Killed for memory, or broken: the gateway decides, which counts crashes.
        {"action": "FailJob", "onExitCodes": ended},
    ]


def _pod(plan: Plan, pods: Pods) -> dict[str, Any]:
    return {
        "serviceAccountName": "learner",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": STOP_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(plan, pods)],
        "volumes": [
            {"name": "data", "emptyDir": {"sizeLimit": "20Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}},
        ],
        **(
            {"tolerations": [{"key": _GPU, "operator": "Exists", "effect": "NoSchedule"}]}
            if pods.gpus
            else {}
        ),
    }


_GPU: Final = "nvidia.com/gpu"


def _container(plan: Plan, pods: Pods) -> dict[str, Any]:
    environment: list[dict[str, Any]] = [
        {"name": "MAZEMESH_JOB", "value": json.dumps(plans.to_json(plan))},
        {"name": "MAZEMESH_LEARNER_TRACKING", "value": "none"},
    ]
    for role in ("trainer", "worker") if pods.secret else ():
        key = {"secretKeyRef": {"name": pods.secret, "key": f"{role}.key"}}
        name = f"MAZEMESH_JOB_{role.upper()}_KEY"
        environment.append({"name": name, "valueFrom": key})
    limits = {"memory": pods.memory, **({_GPU: str(pods.gpus)} if pods.gpus else {})}
    return {
        "name": CONTAINER,
        "image": pods.image,
        "args": ["job"],
        "envFrom": [{"configMapRef": {"name": pods.config_map}}],
        "env": environment,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": pods.cpu, "memory": pods.memory}, "limits": limits},
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/mazemesh"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
