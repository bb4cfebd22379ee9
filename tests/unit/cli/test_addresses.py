"""Where a client looks for a mesh."""

import pytest

from mazemesh.client.addresses import Addresses, mesh_at
from mazemesh.errors import InvalidArgument


@pytest.mark.parametrize(
    ("host", "game"),
    [
        ("10.9.8.7", "10.9.8.7:50051"),
        ("::1", "[::1]:50051"),
        ("[::1]", "[::1]:50051"),
        ("0.0.0.0", "127.0.0.1:50051"),
        ("::", "[::1]:50051"),
    ],
)
def test_addresses_are_what_a_client_can_dial(host: str, game: str) -> None:
    assert Addresses.local(host).game == game


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAZEMESH_HOST", "MAZEMESH_PORT_BASE", "MAZEMESH_GAME_ADDRESS"):
        monkeypatch.setenv(name, "")
    assert Addresses.from_environment() == Addresses.local()


@pytest.mark.parametrize("text", ["abc", "70000", "65532", "0", "-1", "5e3", "٣٣٣٣"])
def test_a_port_base_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MAZEMESH_PORT_BASE", text)
    with pytest.raises(InvalidArgument, match=r"MAZEMESH_PORT_BASE.*should be a port from 1 to"):
        Addresses.from_environment()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("mesh.example.org", ("mesh.example.org", None)),
        ("mesh.example.org:6000", ("mesh.example.org", 6000)),
        (" 10.0.0.1:6000 ", ("10.0.0.1", 6000)),
        ("::1", ("::1", None)),
        ("[::1]", ("::1", None)),
        ("[::1]:6000", ("::1", 6000)),
    ],
)
def test_a_mesh_elsewhere_is_a_host_with_or_without_a_port(
    text: str, place: tuple[str, int | None]
) -> None:
    assert mesh_at(text) == place


@pytest.mark.parametrize("text", ["", ":6000", "host:", "host:x", "host:0", "host:65532", "[]:1"])
def test_a_mesh_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"mesh: .* should be HOST or HOST:PORT_BASE"):
        mesh_at(text)
