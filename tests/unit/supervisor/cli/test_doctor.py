"""What would prevent a start is found before it, with its mend."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.process.errors import StartError
from mazemesh.process.ports import free_block
from mazemesh.process.settings import ProcessSettings, parse_settings
from supervisor.checkup import installation, machine


def told(exit_code: int, *arguments: str) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    assert result.exit_code == exit_code, result.output
    answer = json.loads(result.stdout)
    assert answer["passed"] == (exit_code == 0)
    return {one["check"]: one for one in answer["findings"]}


def test_a_machine_that_is_fit(tmp_path: Path) -> None:
    base = str(free_block(5).start)
    found = told(0, "--data-dir", str(tmp_path / "new"), "--port-base", base)
    assert {"python", "packages", "modules", "machine code", "settings", "disk"} <= found.keys()
    assert {"data folder", "ports", "proxy", "cores", "memory", "GPU"} <= found.keys()
    assert all(one["verdict"] != "fail" for one in found.values())
    assert not (tmp_path / "new").exists()


def test_a_port_that_is_held(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        found = told(1, "--data-dir", str(tmp_path), "--port-base", port)
    assert found["ports"]["verdict"] == "fail"
    assert f"port {port}" in found["ports"]["detail"]
    assert "--port-base" in found["ports"]["mend"]


def test_a_file_where_the_data_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = told(1, "--data-dir", str(tmp_path / "file"))
    assert "is no folder" in found["data folder"]["detail"]


def test_a_host_of_another_machine(tmp_path: Path) -> None:
    found = told(1, "--data-dir", str(tmp_path), "--host", "192.0.2.7")
    assert "is no address of this machine" in found["ports"]["detail"]


def test_variables_that_processes_would_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAZEMESH_REPLAY_PORT", "abc")
    monkeypatch.setenv("MAZEMESH_PORT_BASE", "70000")
    found = told(1, "--data-dir", str(tmp_path))
    assert "replay: port = 'abc' is wrong" in found["settings"]["detail"]
    assert "MAZEMESH_PORT_BASE is '70000'" in found["ports"]["detail"]


def test_modules_that_others_took_the_place_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grpc.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "grpc", raising=False)
    (finding,) = installation.modules()
    assert finding.verdict == "fail"
    assert str(tmp_path / "grpc.py") in finding.detail


def test_a_proxy_is_told_without_its_password() -> None:
    (finding,) = machine.proxies({"HTTP_PROXY": "http://me:secret@proxy:3128", "PATH": "x"})
    assert "HTTP_PROXY=http://proxy:3128" in finding.detail
    assert "secret" not in finding.detail
    (finding,) = machine.proxies({"http_proxy": "proxy:3128", "no_proxy": "*"})
    assert "http_proxy=proxy:3128" in finding.detail


def refusal(kind: type[ProcessSettings], arguments: list[str]) -> str:
    """Why settings are refused; "" when they are taken."""
    try:
        parse_settings(kind, arguments, kind.component)
    except StartError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", installation.kinds(), ids=lambda kind: kind.component)
def test_a_bad_value_of_any_variable_is_one_line_that_names_it(
    kind: type[ProcessSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = ["--policy", "x"] if "policy" in kind.model_fields else []
    refused = 0
    for field in kind.model_fields.keys() - {"policy"}:
        variable = kind.environment_variable(field)
        monkeypatch.setenv(variable, "{not: a [value")
        told = refusal(kind, needed)
        if told:
            refused += 1
            (line,) = told.splitlines()
            assert field in line or "{not:" in line
        monkeypatch.delenv(variable)
    assert refused > 2
