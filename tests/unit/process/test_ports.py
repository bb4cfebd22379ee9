"""Free ports: what is held is not given out."""

from __future__ import annotations

import socket

import pytest

from mazemesh.errors import Conflict, InvalidArgument, ResourceExhausted
from mazemesh.process.ports import check_ports, free_block, ports_in_use


def test_a_held_port_is_in_use() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert ports_in_use([port]) == [port]
    assert ports_in_use([port]) == []


def test_a_block_is_free_and_none_of_the_taken() -> None:
    block = free_block(5)
    assert len(block) == 5
    assert ports_in_use(block) == []
    with pytest.raises(ResourceExhausted, match="no 5 consecutive ports"):
        free_block(5, taken=range(65536))


def test_a_port_in_use_is_told_as_such() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.2", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Conflict, match=f"port {port} on 127.0.0.2 is in use"):
            check_ports([port], "127.0.0.2")
        check_ports([port], "127.0.0.1")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("no.such.host.invalid", "is not known"),
        ("a..b", "is not known"),
        ("192.0.2.7", "is no address of this machine"),  # RFC 5737: nobody's
        ("2001:db8::7", "is no address of this machine"),  # RFC 3849: the same
    ],
)
def test_a_host_that_is_none_of_this_machine_is_not_told_as_a_port_in_use(
    host: str, reason: str
) -> None:
    with pytest.raises(InvalidArgument, match=reason) as caught:
        check_ports([free_block(1).start], host)
    assert repr(host) in str(caught.value)
    assert "in use" not in str(caught.value)
