"""What a process costs, from what its machine tells, through the file to its page."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mazemesh.errors import NotFound, Unavailable
from supervisor.cloud.machine.cost import FILE, of_machine, of_task, share
from supervisor.cloud.machine.metadata import Metadata
from supervisor.cloud.operating import price_table as table
from tests.servers.cloud.metadata_service import MetadataService, metadata_service

UNITS = "mazemesh-actor@1,mazemesh-actor@2,mazemesh-actor@3,mazemesh-evaluator@1"


@pytest.fixture
def service() -> Iterator[MetadataService]:
    with metadata_service() as running:
        running.answers["instance-type"] = "c7g.xlarge"
        yield running


@contextmanager
def ecs(answer: Any) -> Iterator[str]:
    """The metadata of a task, at the URI that ECS tells its containers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200 if self.path == "/v4/abc/task" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v4/abc"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("kind", "column"), [("on-demand", 0), ("spot", 1)])
def test_a_machine_is_priced_by_its_type_and_its_market(
    service: MetadataService, kind: str, column: int
) -> None:
    service.answers["instance-life-cycle"] = kind
    assert of_machine(Metadata(service.url)) == table.MACHINES["c7g.xlarge"][column]


def test_a_type_without_a_price_is_named(service: MetadataService) -> None:
    service.answers["instance-type"] = "x9.huge"
    with pytest.raises(NotFound, match=r"x9\.huge.*price_table"):
        of_machine(Metadata(service.url))


def test_a_task_is_priced_by_its_limits() -> None:
    with ecs({"Limits": {"CPU": 1, "Memory": 2048}}) as uri:
        assert of_task(uri) == pytest.approx(table.FARGATE_CPU + 2 * table.FARGATE_GIB)
    with ecs({}) as uri, pytest.raises(Unavailable, match="limits"):
        of_task(uri)


def test_processes_share_a_machine() -> None:
    assert share(0.2, ("a", "b", "c", "d")) == 0.05
    assert share(0.2, ()) == 0.2


def told(folder: Path, service: MetadataService) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "supervisor.cloud.machine.cost"],
        env={
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url,
            "MAZEMESH_CLOUD_UNITS": UNITS,
            "MAZEMESH_CLOUD_RUN_FOLDER": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_units_read_it_from_a_file(tmp_path: Path, service: MetadataService) -> None:
    service.answers["instance-life-cycle"] = "spot"
    assert told(tmp_path, service).returncode == 0
    each = table.MACHINES["c7g.xlarge"][1] / 4
    assert (tmp_path / FILE).read_text() == f"MAZEMESH_DOLLARS_AN_HOUR={each:.6f}\n"


def test_a_machine_that_nobody_priced_says_so_and_writes_nothing(
    tmp_path: Path, service: MetadataService
) -> None:
    service.answers["instance-type"] = "x9.huge"
    done = told(tmp_path, service)
    assert done.returncode == 1
    assert "x9.huge" in done.stderr
    assert not (tmp_path / FILE).exists()
