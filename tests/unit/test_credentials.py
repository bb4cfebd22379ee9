import os
from pathlib import Path

import pytest

from mazemesh.client.credentials import Credentials, KeyedChannel, hosts, read_key_file
from mazemesh.client.mesh import connect
from mazemesh.errors import InvalidArgument

KEY = "mm_0123456789ab_" + "s" * 43


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MAZEMESH_")]:
        monkeypatch.delenv(name)


def key_file(folder: Path, mode: int = 0o600) -> Path:
    path = folder / "own.key"
    path.write_text(KEY + "\n")
    path.chmod(mode)
    return path


def test_the_key_of_a_file_of_mode_600(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAZEMESH_KEY_FILE", str(key_file(tmp_path)))
    assert Credentials.found().key == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidArgument, match=f"mode {mode:03o}.*chmod 600"):
        read_key_file(key_file(tmp_path, mode))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"key_file .*none.*cannot be read"):
        read_key_file(tmp_path / "none")


def test_what_is_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAZEMESH_KEY", KEY[:-1] + "t")
    assert Credentials.found().key.endswith("t")
    assert Credentials.found(key=KEY).key == KEY


@pytest.mark.parametrize(
    "key", ["secret", KEY + "s", KEY[:-1], f"Bearer {KEY}", KEY + "\n\n" + KEY]
)
def test_what_is_no_key_is_told_without_it(key: str) -> None:
    with pytest.raises(InvalidArgument, match="key is no key of mazemesh") as caught:
        Credentials.found(key=key)
    assert key not in str(caught.value)


def test_a_key_shows_in_no_repr(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    found = Credentials.found(key=KEY, ca=tmp_path / "ca.pem")
    assert KEY not in repr(found)
    assert found.ca == b"x"


def test_a_ca_that_is_not_there_is_told() -> None:
    with pytest.raises(InvalidArgument, match=r"tls_ca \(MAZEMESH_TLS_CA\): /none/ca.pem"):
        connect(ca="/none/ca.pem")


@pytest.mark.parametrize(
    "address", ["10.0.0.1:1", "example.org:1", "127.0.0.1:1,10.0.0.1:1", "dns:///example.org:1"]
)
def test_a_key_does_not_go_over_a_network_in_the_clear(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidArgument, match="in the clear; set MAZEMESH_TLS_CA"):
        Credentials.found(key=KEY).channel(address, [])
    monkeypatch.setenv("MAZEMESH_INSECURE", "1")
    Credentials.found(key=KEY).channel(address, []).close()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "localhost:1"])
def test_on_this_machine_it_may(address: str) -> None:
    with Credentials.found(key=KEY).channel(address, []) as channel:
        assert isinstance(channel, KeyedChannel)


def test_a_socket_of_this_machine_is_shown_no_key() -> None:
    with Credentials.found(key=KEY).channel("unix:/tmp/none", []) as channel:
        assert not isinstance(channel, KeyedChannel)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:1", ["127.0.0.1"]),
        ("[::1]:50051", ["::1"]),
        ("ipv4:10.0.0.1:1,10.0.0.2:2", ["10.0.0.1", "10.0.0.2"]),
        ("dns:///mesh.example:50051", ["mesh.example"]),
        ("dns://8.8.8.8/mesh.example:1", ["mesh.example"]),
        ("a:1, b:2", ["a", "b"]),
    ],
)
def test_hosts_of_addresses(address: str, expected: list[str]) -> None:
    assert list(hosts(address)) == expected
