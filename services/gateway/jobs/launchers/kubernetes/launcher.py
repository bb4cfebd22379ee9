"""Jobs as Jobs of a cluster: the API keeps them, pods tell how they go in their logs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from mazemesh.errors import Conflict, InvalidArgument, NotFound
from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.attempts.report import Report
from services.gateway.jobs.job_runner.reports import report_of_line
from services.gateway.jobs.launcher import Sighting
from services.gateway.jobs.launchers.kubernetes.api import KubernetesApi
from services.gateway.jobs.launchers.kubernetes.manifest import (
    ATTEMPT_LABEL,
    CONTAINER,
    LABEL,
    Pods,
    manifest,
    name_of,
)
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.work import Training

_LOOK_SECONDS: Final = 3.0
_TAIL: Final = 400
"""Lines of a log among which the newest report is looked for."""


class KubernetesLauncher:
    """A `Launcher` by a cluster's API.

    Args:
        api: Of the cluster.
        pods: What pods are like.
        dollars_an_hour: Price of an hour of one job.
    """

    def __init__(self, api: KubernetesApi, pods: Pods, dollars_an_hour: float = 0.0) -> None:
        self._api, self._pods, self._dollars = api, pods, dollars_an_hour
        self._jobs = f"/apis/batch/v1/namespaces/{pods.namespace}/jobs"
        self._of_pods = f"/api/v1/namespaces/{pods.namespace}/pods"
        self._told: dict[str, Report] = {}

    @property
    def place(self) -> str:
        """See `Launcher`."""
        return f"kubernetes:{self._pods.namespace}"

    @property
    def look_seconds(self) -> float:
        """See `Launcher`."""
        return _LOOK_SECONDS

    @property
    def dollars_an_hour(self) -> float:
        """See `Launcher`."""
        return self._dollars

    async def start(self, job: Job) -> None:
        """See `Launcher.start`."""
        if not isinstance(job.work, Training):
            raise InvalidArgument(
                "kind: tune runs whole meshes, which a pod of the cluster has no room for; train"
            )
        made = manifest(plans.plan_of(job, self._dollars), self._pods)
        try:
            await asyncio.to_thread(self._api.ask, "POST", self._jobs, None, made)
        except Conflict:
            return  # this attempt is there already

    async def look(self, jobs: Sequence[Job]) -> Mapping[str, Sighting]:
        """See `Launcher.look`."""
        return await asyncio.to_thread(self._look, jobs)

    async def stop(self, job: Job) -> None:
        """See `Launcher.stop`: its pod is told to end, and the Job goes when it has."""
        options = {"propagationPolicy": "Foreground"}
        name = f"{self._jobs}/{name_of(job.job_id, job.attempt)}"
        try:
            await asyncio.to_thread(self._api.ask, "DELETE", name, options)
        except NotFound:
            return

    async def log(self, job: Job, lines: int) -> Sequence[str]:
        """See `Launcher.log`."""
        pods = await asyncio.to_thread(self._listed, self._of_pods, f"{LABEL}={job.job_id}")
        if not pods:
            return []
        text = await asyncio.to_thread(self._log, _newest(pods), _TAIL + lines)
        return [line for line in text if report_of_line(line) is None][-lines:]

    async def forget(self, job: Job) -> None:
        """See `Launcher.forget`: an ended Job costs nothing, and the cluster deletes it in time."""
        self._told.pop(job.job_id, None)

    async def discard(self, job_ids: Collection[str]) -> None:
        """See `Launcher.discard`: the cluster has done so."""

    def _look(self, jobs: Sequence[Job]) -> dict[str, Sighting]:
        there = {one["metadata"]["name"]: one for one in self._listed(self._jobs, LABEL)}
        pods: dict[str, list[dict[str, Any]]] = {}
        for pod in self._listed(self._of_pods, LABEL):
            labels = pod["metadata"]["labels"]
            name = name_of(labels[LABEL], int(labels[ATTEMPT_LABEL]))
            pods.setdefault(name, []).append(pod)
        found = {}
        for job in jobs:
            name = name_of(job.job_id, job.attempt)
            found[job.job_id] = self._seen(job, there.get(name), pods.get(name, []))
        return found

    def _seen(self, job: Job, made: dict[str, Any] | None, pods: list[dict[str, Any]]) -> Sighting:
        report = self._report(job, pods)
        why = _why(made, pods)
        failed = made is None or _failed(made)
        if report is None:
            return Sighting(not failed, begun=False, why=why)
        return report.seen(job.attempt, there=not failed, why=why)

    def _report(self, job: Job, pods: list[dict[str, Any]]) -> Report | None:
        """The newest of the newest pod; what an earlier one told counts until that one tells."""
        if pods and _begun(pod := _newest(pods)):
            for line in reversed(self._log(pod, _TAIL)):
                if (report := report_of_line(line)) is not None:
                    self._told[job.job_id] = report
                    break
        return self._told.get(job.job_id)

    def _log(self, pod: dict[str, Any], lines: int) -> list[str]:
        path = f"{self._of_pods}/{pod['metadata']['name']}/log"
        query = {"container": CONTAINER, "tailLines": str(lines)}
        try:
            text: str = self._api.ask("GET", path, query)
        except (NotFound, InvalidArgument):
            return []  # it is gone, or has not begun
        return text.splitlines()

    def _listed(self, path: str, selector: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        query = {"labelSelector": selector, "limit": "500"}
        while True:
            page = self._api.ask("GET", path, query)
            items += page["items"]
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                return items


def _newest(pods: list[dict[str, Any]]) -> dict[str, Any]:
    return max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))


def _begun(pod: dict[str, Any]) -> bool:
    return pod.get("status", {}).get("phase") not in (None, "Pending")


def _conditions(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = of.get("status", {}).get("conditions") or []
    return {one["type"]: one for one in found if one.get("status") == "True"}


def _failed(made: dict[str, Any]) -> bool:
    return "Failed" in _conditions(made)


def _why(made: dict[str, Any] | None, pods: list[dict[str, Any]]) -> str:
    """What is known of a job that does not run, for people."""
    if made is None:
        return "its Job is not in the cluster any more"
    if (failed := _conditions(made).get("Failed")) is not None:
        return str(failed.get("message") or failed.get("reason") or "its Job failed")
    if not pods or _begun(pod := _newest(pods)):
        return ""
    status = pod.get("status", {})
    for one in status.get("containerStatuses") or []:
        waiting = one.get("state", {}).get("waiting")
        if waiting:
            return ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
    for one in status.get("conditions") or []:
        if one.get("status") == "False" and one.get("message"):
            return str(one["message"])
    return ""
