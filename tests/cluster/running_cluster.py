"""Two of each service on PostgreSQL, Redis and S3, by TLS and with keys; what may befall them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil
import psycopg

from bench.cluster.meshes import RunningMesh, mesh
from bench.cluster.standins import StandIns
from mazemesh.client.addresses import Addresses
from mazemesh.client.credentials import Credentials, read_key_file
from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError

INSTANCES = 2


@dataclass
class Cluster:
    """A running mesh and the servers below it."""

    mesh: RunningMesh
    servers: StandIns

    @cached_property
    def clients(self) -> list[Mesh]:
        """Of each instance by itself, as its operator."""
        return [self.reached_by("operator", instance) for instance in range(INSTANCES)]

    @cached_property
    def whole(self) -> Mesh:
        """Of all instances together."""
        addresses = Addresses.local(port_base=self.mesh.port_base, instances=INSTANCES)
        return Mesh(addresses, self.credentials("operator"))

    def reached_by(self, holder: str, instance: int) -> Mesh:
        """Clients of one instance with the key of a process of the mesh."""
        base = self.mesh.port_base + 5 * instance
        return Mesh(Addresses.local(port_base=base), self.credentials(holder))

    def credentials(self, holder: str) -> Credentials:
        folder = self.mesh.data_dir
        key = read_key_file(folder / "access" / f"{holder}.key")
        return Credentials.found(key=key, ca=folder / "certs" / "ca.pem")

    def process(self, service: str, instance: int) -> psutil.Process:
        """Of one instance, as it runs now."""
        port = str(self.mesh.port_base + 5 * instance + ORDER.index(service))
        for child in psutil.Process(self.mesh.process.pid).children():
            try:
                words = child.cmdline()
            except psutil.NoSuchProcess:  # it has just ended
                continue
            if f"services.{service}" in words and port in words:
                return child
        raise LookupError(f"{service} {instance} does not run")

    def until(self, condition: Callable[[], bool], seconds: float = 120.0) -> None:
        """Waits for a condition; errors of services that are away count as not yet."""

        def holds() -> bool:
            try:
                return condition()
            except (MazemeshError, LookupError, psycopg.OperationalError):
                return False

        self.mesh.wait(holds, seconds)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Asks the database itself."""
        with psycopg.connect(self.servers.postgres.url, connect_timeout=10) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload, no-any-return]

    def versions(self) -> int:
        return self.whole.model.describe("race").version

    def goes_on(self, more: int = 2) -> None:
        """Waits until so many further versions are published."""
        now: list[int] = []

        def begun() -> bool:
            now.append(self.versions())
            return True

        self.until(begun)
        self.until(lambda: self.versions() >= now[-1] + more)

    def kill(self, service: str, instance: int) -> None:
        self.process(service, instance).send_signal(signal.SIGKILL)

    @contextmanager
    def stopped(self, service: str, instance: int) -> Iterator[None]:
        """Neither answers nor hangs up meanwhile."""
        process = self.process(service, instance)
        process.suspend()
        try:
            yield
        finally:
            process.resume()


ORDER = ("game", "matchmaker", "model", "elo", "replay")


@contextmanager
def cluster(folder: Path, servers: StandIns, *flags: str) -> Iterator[Cluster]:
    """Runs it on a folder and on servers that outlive it."""
    with mesh(
        folder,
        *("--instances", str(INSTANCES), "--games", "64", "--evaluators", "2", *flags),
        environment=servers.environment,
        secure=True,
    ) as running:
        one = Cluster(running, servers)
        try:
            yield one
        finally:
            for name in ("clients", "whole"):
                made = vars(one).get(name, [])
                for client in made if isinstance(made, list) else [made]:
                    client.close()


class Leasing(threading.Thread):
    """Leases matches at one Matchmaker and never plays them, so that each is issued again."""

    def __init__(self, client: Mesh, name: str) -> None:
        super().__init__(daemon=True)
        self._client, self._name = client, name
        self._ended = threading.Event()
        self.leased: list[tuple[str, int]] = []
        """Match id and fence of each."""

    def run(self) -> None:
        while not self._ended.wait(1.0):
            try:
                answer = self._client.matchmaker.lease(self._name, 1)
            except MazemeshError:
                continue
            self.leased += [(match.match_id, match.fence) for match in answer.matches]

    def end(self) -> None:
        self._ended.set()
        self.join(60)
