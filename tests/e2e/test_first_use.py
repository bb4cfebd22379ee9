"""The first minutes with mazemesh, in surroundings that nobody prepared for it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import MAZEMESH, Up

pytestmark = pytest.mark.e2e

ODD = "-a%2Fb?c=d#e [x] ünï"
HOST = "127.0.0.2"
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY", "grpc_proxy")
OURS = ("actor", "learner", "supervisor")
SHADOWS = (*OURS, "grpc", "numpy", "pydantic", "structlog", "torch", "typing")


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """A folder whose files have the names of modules that mazemesh is made of."""
    folder = tmp_path / "my project"
    (folder / "services").mkdir(parents=True)
    for name in (*SHADOWS, "services/__init__"):
        (folder / f"{name}.py").write_text("raise SystemExit('the user’s own file was run')\n")
    return folder


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[object]]]:
    """The URL of a proxy that never answers, and who asked it."""
    asked: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                asked.append((peer, connection))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def up_in(
    folder: Path, data_dir: str, base: int, environment: dict[str, str], *flags: str
) -> Iterator[Up]:
    summary = folder / "summary.json"
    command = [str(MAZEMESH), "up", "--game", "race", "--summary", str(summary), "--games", "64"]
    command += ["--data-dir", data_dir, "--port-base", str(base), "--host", HOST]
    command += ["--learner=--tracking=none", *flags]
    with (
        subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder
        ) as process,
        Mesh(Addresses.local(HOST, base)) as mesh,
    ):
        try:
            yield Up(process, mesh, summary)
        finally:
            process.kill()


def run(
    folder: Path, data_dir: str, environment: dict[str, str], *words: str, keys: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(MAZEMESH), *words, "--data-dir", data_dir],
        cwd=folder,
        env=environment,
        input=keys,
        capture_output=True,
        timeout=110,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_mesh_in_odd_surroundings(odd_folder: Path, proxy: tuple[str, list[object]]) -> None:
    """The user's files, an odd path, a proxy and another address: it plays, learns and is seen."""
    url, asked = proxy
    base = free_block(len(SERVICES), hosts=(HOST,)).start
    environment = {
        **os.environ,
        **dict.fromkeys(PROXIES, url),
        "NO_PROXY": "localhost",
        PARENT_VARIABLE: str(os.getpid()),
    }
    with up_in(odd_folder, ODD, base, environment) as mesh:
        mesh.until(lambda: mesh.mesh.model.describe("race").version >= 2, 200.0)
        mesh.until(lambda: any(" games (" in line for line in mesh.lines), 60.0)

        def told(*words: str) -> Any:
            done = run(odd_folder, ODD, environment, *words, "--json")
            return json.loads(done.stdout)

        assert told("status")["services"]["game"] == {
            "address": f"{HOST}:{base}",
            "state": "serving",
        }
        assert told("policies", "race")
        assert told("tables")[0]["table"] == "race"
        assert told("recordings") is not None
        assert told("leaderboard", "race")["ladder"] == "race"
        assert told("evaluate", "race:1", "bot/random", "--games", "2")["games"] == 2
        assert told("doctor", "--host", HOST, "--port-base", str(base))["passed"]
        ascii_only = {**environment, "LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
        played = run(odd_folder, ODD, ascii_only, "play", "bot/random", keys=b".\nq\n")
        assert played.returncode == 0, played.stderr
        assert b"+---" in played.stdout
        assert played.stdout.isascii()
        summary = mesh.stop()
    assert summary["games_finished"] > 0
    assert summary["agent_steps"] > 0
    assert summary["restarts"] == 0
    assert not asked, "traffic went by the proxy, or a library reports to its maker"
    folder = odd_folder / ODD
    assert {f"{name}.sqlite" for name in ("elo", "game", "matchmaker", "model")} <= {
        path.name for path in folder.iterdir()
    }
    made = {path.name for path in odd_folder.iterdir()}
    assert made == {ODD, "services", "summary.json", *(f"{name}.py" for name in SHADOWS)}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_mesh_without_room_says_so_and_fails(tmp_path: Path) -> None:
    """No file may be longer than 1 MB: services start, and no policy can be stored."""
    base = free_block(len(SERVICES)).start
    script = 'ulimit -f 1000; exec "$0" "$@"'
    flags = ["--game", "solo", "--games", "64", "--for", "45s", "--learner=--tracking=none"]
    flags += [
        "--learner=--hidden=768",
        "--plain",
        "--data-dir",
        str(tmp_path / "data"),
        "--port-base",
        str(base),
    ]
    done = subprocess.run(
        ["bash", "-c", script, str(MAZEMESH), "up", *flags],
        capture_output=True,
        text=True,
        timeout=150,
        env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
    )
    assert done.returncode == 1, done.stderr
    lines = done.stderr.splitlines()
    assert any("stopped while nothing has been played" in line for line in lines), lines
    assert any(f"the disk of {tmp_path / 'data'} is full" in line for line in lines), lines


def test_an_address_that_is_not_of_this_machine_is_told_as_such(tmp_path: Path) -> None:
    for host, reason in (("no.such.host.invalid", "is not known"), ("192.0.2.7", "no address of")):
        done = run(tmp_path, "data", dict(os.environ), "up", "--host", host)
        assert done.returncode == 1
        (line,) = done.stderr.decode().splitlines()
        assert reason in line
        assert "in use" not in line


def has_ipv6() -> bool:
    try:
        with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
@pytest.mark.slow
def test_a_mesh_on_ipv6_is_seen(tmp_path: Path) -> None:
    base = free_block(len(SERVICES), hosts=("::1",)).start
    command = [str(MAZEMESH), "up", "--host", "::1", "--plain", "--games", "16"]
    command += ["--data-dir", "data", "--port-base", str(base), "--learner=--tracking=none"]
    environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
    with (
        subprocess.Popen(
            [*command, "--summary", str(tmp_path / "s.json")],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment,
        ) as process,
        Mesh(Addresses.local("::1", base)) as mesh,
    ):
        one = Up(process, mesh, tmp_path / "s.json")
        try:
            one.until(
                lambda: any("games (" in line and " 0 games" not in line for line in one.lines)
            )
            assert one.stop()["games_finished"] > 0
        finally:
            process.kill()


def test_python_of_the_tests_is_the_one_of_the_mesh() -> None:
    assert MAZEMESH.parent == Path(sys.executable).parent
