"""A cluster of the tests' own: the API that jobs need, over HTTP, and pods that are processes.

It checks each manifest by Kubernetes' own schema, and does with Jobs and pods what the documented
controllers do, as far as jobs rest on that: pods of a Job, their logs, replacement, deletion, and
the failure policy. Learners and actors are the practice ones.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate

from mazemesh.process.interpreter import run_module
from tests.servers.gateway.jobs.plans import PRACTICE

VERSION = "1.31"
TOKEN = "account-token"


class Pod:
    """A pod that runs."""

    def __init__(self, name: str, made: dict[str, Any], folder: Path, number: int) -> None:
        self.labels = made["metadata"]["labels"]
        [container] = made["spec"]["containers"]
        told = {one["name"]: one.get("value", "") for one in container["env"]}
        plan = json.loads(told["MAZEMESH_JOB"])
        for process in plan["processes"]:
            process["arguments"] = [process["module"], *_known(process["arguments"])]
            process["module"] = PRACTICE
        told["MAZEMESH_JOB"] = json.dumps(plan)
        assert container["args"] == ["job"]  # what deploy/images/entrypoint makes of that:
        flags = ("--replaced", "--report", "stdout", "--echo")
        command = run_module("services.gateway.jobs.job_runner", *flags)
        folder.mkdir(parents=True)
        self.name, self.number, self.log = name, number, folder / "log"
        self.deleted = False
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--folder", str(folder / "job")],
                env={**os.environ, **told, "MAZEMESH_DATA_DIR": str(folder / "data")},
                stdout=log,
                stderr=log,
            )

    def described(self) -> dict[str, Any]:
        status = self.process.poll()
        phase = "Running" if status is None else "Failed" if status else "Succeeded"
        created = f"2026-01-01T00:00:{self.number:02d}Z"
        about = {"name": self.name, "labels": self.labels, "creationTimestamp": created}
        return {"metadata": about, "status": {"phase": phase}}


class Cluster:
    """What the API has.

    Attributes:
        pending: Why pods do not start; "": they do.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: list[Pod] = []
        self.pending = ""
        self.asked: list[str] = []

    def create(self, job: dict[str, Any]) -> tuple[int, Any]:
        kubernetes_validate.validate(job, VERSION, strict=True)
        name = job["metadata"]["name"]
        with self._lock:
            if name in self.jobs:
                return 409, {"message": f'jobs.batch "{name}" already exists'}
            self.jobs[name] = job
            if not self.pending:
                self._start(name)
        return 201, job

    def delete(self, name: str, policy: str) -> tuple[int, Any]:
        with self._lock:
            if name not in self.jobs:
                return 404, {"message": f'jobs.batch "{name}" not found'}
            assert policy == "Foreground"
            self.jobs[name]["metadata"]["deletionTimestamp"] = "2026-01-01T00:01:00Z"
            for pod in self._of(name):
                pod.deleted = True
                pod.process.terminate()
        return 200, {}

    def look(self) -> None:
        """What the controllers do again and again."""
        with self._lock:
            for name, job in list(self.jobs.items()):
                pods = self._of(name)
                ended = all(pod.process.poll() is not None for pod in pods)
                if "deletionTimestamp" in job["metadata"]:
                    if ended:
                        del self.jobs[name]
                        self.pods = [pod for pod in self.pods if pod not in pods]
                    continue
                if not pods and not self.pending:
                    self._start(name)
                elif pods and ended and not job.get("status"):
                    self._conclude(name, job, pods[-1].process.returncode)

    def _conclude(self, name: str, job: dict[str, Any], status: int) -> None:
        if status == 0:
            job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
            return
        ignore, fail = job["spec"]["podFailurePolicy"]["rules"]
        assert ignore["action"] == "Ignore"
        assert fail["onExitCodes"]["operator"] == "NotIn"
        if status in fail["onExitCodes"]["values"]:
            self._start(name)
            return
        said = f"Container job for pod {name} failed with exit code {status}"
        failed = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}
        job["status"] = {"conditions": [{**failed, "message": said}]}

    def drain(self) -> None:
        """Nodes go: their pods are told to end."""
        with self._lock:
            for pod in self.pods:
                pod.process.terminate()

    def kill(self) -> None:
        """Pods are killed, as for want of memory."""
        with self._lock:
            for pod in self.pods:
                pod.process.kill()

    def _of(self, name: str) -> list[Pod]:
        return [pod for pod in self.pods if pod.name.rpartition("-")[0] == name]

    def _start(self, name: str) -> None:
        number = len(self.pods)
        folder = self._folder / f"{name}-{number}"
        template = self.jobs[name]["spec"]["template"]
        self.pods.append(Pod(f"{name}-{number}", template, folder, number))

    def described_pods(self, selector: str) -> list[dict[str, Any]]:
        found = [pod.described() for pod in self.pods]
        if self.pending:
            for name, job in self.jobs.items():
                status = {
                    "phase": "Pending",
                    "conditions": [
                        {"type": "PodScheduled", "status": "False", "message": self.pending}
                    ],
                }
                about = {"name": f"{name}-0", "labels": job["metadata"]["labels"]}
                found.append({"metadata": about, "status": status})
        name, _, value = selector.partition("=")
        labelled = (one for one in found if name in one["metadata"]["labels"])
        return [one for one in labelled if not value or one["metadata"]["labels"][name] == value]


def _known(arguments: list[str]) -> list[str]:
    """Of the flags of a learner or actor those that the practice ones have."""
    known = ("--steps", "--policy", "--metrics-port")
    return [flag for flag in arguments if flag.startswith(known)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_: Any) -> None:
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(*self.cluster.create(json.loads(body)))

    def do_DELETE(self) -> None:
        parts = urlsplit(self.path)
        policy = parse_qs(parts.query)["propagationPolicy"][0]
        self._answer(*self.cluster.delete(parts.path.rpartition("/")[2], policy))

    def do_GET(self) -> None:
        self.cluster.look()
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        where = parts.path.split("/")
        self.cluster.asked.append(parts.path)
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {"message": "Unauthorized"})
        elif where[-1] == "log":
            pod = next((one for one in self.cluster.pods if one.name == where[-2]), None)
            if pod is None:
                self._answer(404, {"message": f'pods "{where[-2]}" not found'})
                return
            lines = pod.log.read_text().splitlines()[-int(query["tailLines"]) :]
            self._send(200, "text/plain", "\n".join(lines).encode())
        elif where[-1] == "jobs":
            selector = query["labelSelector"]
            jobs = list(self.cluster.jobs.values())
            items = [one for one in jobs if selector in one["metadata"]["labels"]]
            self._answer(200, {"items": items, "metadata": {}})
        elif where[-1] == "pods":
            items = self.cluster.described_pods(query["labelSelector"])
            self._answer(200, {"items": items, "metadata": {}})
        else:
            self._answer(404, {"message": f"no such path: {parts.path}"})

    def _answer(self, status: int, content: Any) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Cluster, str]]:
    """A cluster and its API's URL; at the end no pod is left."""
    made = Cluster(folder)
    handler = type("Handler", (_Handler,), {"cluster": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for pod in made.pods:
            if pod.process.poll() is None:
                pod.process.send_signal(signal.SIGKILL)
            pod.process.wait()
