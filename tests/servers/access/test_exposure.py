"""Beyond this machine a service needs TLS and keys, or to be told that it does not."""

from pathlib import Path
from typing import Any

import pytest

from mazemesh.client.addresses import is_loopback
from mazemesh.process.errors import StartError
from tests.servers.access.guarded_probe import guarded_probe, tls


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "needs TLS"),
        ({"keys": "on"}, "needs TLS"),
        ({"keys": "off"}, r"needs TLS .* and keys"),
        ({"keys": "off", "tls": True}, r"needs keys .*mazemesh keys create"),
    ],
)
async def test_without_tls_and_keys_it_refuses_to_start(
    tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    given = {"keys": "auto", **settings}
    if given.pop("tls", False):
        given.update(tls(tmp_path / "certs"))
    with pytest.raises(StartError, match=told) as caught:
        async with guarded_probe(tmp_path, host="0.0.0.0", **given):
            pass
    assert caught.value.exit_code == 2
    assert "--insecure" in str(caught.value)


async def test_with_both_it_starts_and_asks_for_keys(tmp_path: Path) -> None:
    settings = {"keys": "auto", **tls(tmp_path / "certs")}
    async with guarded_probe(tmp_path, host="0.0.0.0", **settings) as server:
        assert server.settings.asks_for_keys


async def test_insecure_lets_it_start(tmp_path: Path) -> None:
    async with guarded_probe(tmp_path, host="0.0.0.0", keys="auto", insecure=True) as server:
        assert not server.settings.asks_for_keys
        assert not (tmp_path / "access.sqlite").exists()


async def test_half_a_pair_is_told(tmp_path: Path) -> None:
    files = tls(tmp_path / "certs")
    with pytest.raises(StartError, match="tls_cert is set, but not tls_key"):
        async with guarded_probe(tmp_path, tls_cert=files["tls_cert"]):
            pass
    with pytest.raises(StartError, match="tls_client_ca is set, but neither"):
        async with guarded_probe(tmp_path, tls_client_ca=files["tls_cert"]):
            pass


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, True) for host in ("127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.x")),
    ],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
