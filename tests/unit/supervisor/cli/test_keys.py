import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mazemesh.cli.app import app
from services._harness.access.audit.reading import lines, verify

RUNNER = CliRunner()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MAZEMESH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MAZEMESH_DATABASE_URL", raising=False)

    def command(*arguments: str) -> Result:
        return RUNNER.invoke(app, list(arguments))

    return command


def listed(run: Any) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(run("keys", "list", "--json").stdout)["keys"]
    return keys


def test_a_key_from_making_to_revoking(run: Any, tmp_path: Path) -> None:
    made = json.loads(run("keys", "create", "--role", "worker", "--json").stdout)
    assert made["key"].startswith(f"mm_{made['id']}_")
    (key,) = listed(run)
    assert (key["id"], key["role"], key["state"]) == (made["id"], "worker", "good")
    assert made["key"][-43:] not in run("keys", "list", "--json").stdout
    assert run("keys", "revoke", made["id"]).exit_code == 0
    assert listed(run)[0]["state"] == "was revoked"
    folder = tmp_path / "data" / "audit"
    assert [(line["method"], line["outcome"]) for line in lines(folder)] == [
        ("keys create", "ASKED"),
        ("keys create", "OK"),
        ("keys revoke", "ASKED"),
        ("keys revoke", "OK"),
    ]
    assert verify(folder) == []
    assert made["key"][-43:] not in str(lines(folder))


def test_a_key_in_a_file(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.key"
    flags = ("--role", "trainer", "--policies", "ann-", "--expires", "90d", "--out", str(file))
    made = run("keys", "create", *flags, "--json")
    assert "key" not in json.loads(made.stdout)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("mm_")
    again = run("keys", "create", *flags)
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    (key,) = listed(run)
    assert key["policies"] == ["ann-"]
    assert key["expire_time"] - key["create_time"] == 90 * 86_400


def test_what_is_wrong_is_one_line(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.key"
    for flags, told in (
        (("--role", "king"), "should be one of viewer, player"),
        (("--role", "trainer", "--out", str(file)), "--policies"),
        (("--role", "worker", "--expires", "soon"), "examples: 12h, 90d"),
    ):
        result = run("keys", "create", *flags)
        assert result.exit_code == 1
        assert told in result.stderr
    assert not file.exists()
    assert run("keys", "revoke", "0123456789ab").exit_code == 1
    assert listed(run) == []


def test_the_audit_log_is_shown_and_verified(run: Any, tmp_path: Path) -> None:
    run("keys", "create", "--role", "viewer", "--label", "ann")
    assert "ann" in run("audit").stdout
    told = json.loads(run("audit", "--verify", "--json").stdout)
    assert (told["ok"], told["heads"]["keys-1"]["number"]) == (True, 2)
    file = tmp_path / "data" / "audit" / "keys-1.000001.jsonl"
    file.write_text(file.read_text().replace("ann", "bob"))
    result = run("audit", "--verify")
    assert result.exit_code == 1
    assert "line 1: it was changed" in result.stdout


def test_certificates(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "certs"
    for name in ("mesh", "other"):
        made = run("certs", "--host", "mesh.example", "--name", name, "--out", str(out), "--json")
        assert made.exit_code == 0, made.output
    files = {path.name: path.stat().st_mode & 0o777 for path in out.iterdir()}
    assert files == {
        **dict.fromkeys(("ca.pem", "mesh.pem", "other.pem"), 0o644),
        **dict.fromkeys(("ca-key.pem", "mesh-key.pem", "other-key.pem"), 0o600),
    }
    assert run("certs", "--host", "no host", "--out", str(out)).exit_code == 1
