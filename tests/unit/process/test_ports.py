"""Free ports: what is held is not given out."""

from __future__ import annotations

import socket

import pytest

from mazemesh.errors import ResourceExhausted
from mazemesh.process.ports import free_block, ports_in_use


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
