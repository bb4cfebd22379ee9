"""What gRPC is told of an address."""

import socket
from typing import Any

import pytest

from mazemesh.client.calling.targets import Target, is_local, target_of
from mazemesh.errors import InvalidArgument


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"a": ["10.0.0.1"], "b": ["10.0.0.2", "fd00::2"], "10.0.0.3": ["10.0.0.3"]}

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror("unknown")
        return [(0, 0, 0, "", (number, port)) for number in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("address", "target", "spread"),
    [
        ("a:1", "a:1", False),
        ("[::1]:1", "[::1]:1", False),
        ("a:1,", "a:1", False),
        ("unix-abstract:x,y", "unix-abstract:x,y", False),
        ("dns:///game:50051", "dns:///game:50051", True),
        ("a:1,10.0.0.3:2", "ipv4:10.0.0.1:1,10.0.0.3:2", True),
        ("a:1, unknown:2", "ipv4:10.0.0.1:1", True),
        ("a:1,b:2", "ipv6:[::ffff:10.0.0.1]:1,[::ffff:10.0.0.2]:2,[fd00::2]:2", True),
        ("unknown:1,other:2", "dns:///unknown:1", True),
    ],
)
def test_one_server_a_name_or_a_list(address: str, target: str, spread: bool) -> None:
    assert target_of(address) == Target(target, spread)


@pytest.mark.parametrize("part", ["b", ":1", "b:", "b:x", "b:0", "b:65536"])
def test_a_part_of_a_list_is_a_host_and_a_port(part: str) -> None:
    with pytest.raises(InvalidArgument, match=r"address: .* should be host:port"):
        target_of(f"127.0.0.1:1,{part}")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("unix:/x", True),
        ("127.0.0.1:1,127.0.0.1:2", True),
        ("127.0.0.1:1,10.0.0.1:2", False),
        ("mesh.example.org:1", False),
        ("dns:///localhost:1", False),
    ],
)
def test_what_is_of_this_machine_says_so(address: str, local: bool) -> None:
    assert is_local(address) is local
