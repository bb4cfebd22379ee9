"""Ranks that start again over the store that torchrun keeps."""

from __future__ import annotations

import multiprocessing
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import pytest
from torch.distributed import TCPStore

from learner.device.ranks import Group
from learner.device.rendezvous import meet

# Processes that have torch already: it takes seconds of processor time to load.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
PATIENCE = 250.0
"""As long as the ranks' own, so that a busy machine fails nothing."""


def take_part(rank: int, port: int, told: Connection) -> None:
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    told.send("here")
    told.send(Group().from_first(os.getpid()))
    told.recv()  # which never comes: it is killed


class Started:
    """A rank, and a pipe of its own: a killed process may hold the lock of a shared queue."""

    def __init__(self, rank: int, port: int) -> None:
        self._told, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=take_part, args=(rank, port, theirs), daemon=True)
        self.process.start()
        assert self.tells() == "here"

    def tells(self) -> Any:
        assert self._told.poll(PATIENCE)
        return self._told.recv()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_a_killed_group_left_in_the_store_misleads_nobody() -> None:
    agent = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    # Whoever starts first after a kill finds what the other one left.
    for order in [(0, 1), (1, 0), (0, 1)]:
        group = {rank: Started(rank, agent.port) for rank in order}
        assert [group[rank].tells() for rank in (0, 1)] == [group[0].process.pid] * 2
        for one in group.values():
            one.kill()


@pytest.mark.timeout(600)
def test_nobody_waits_for_whoever_has_the_port_of_a_killed_rank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(agent.port))
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    with ThreadPoolExecutor(3) as pool:
        before = [one.result() for one in [pool.submit(meet, rank, 3) for rank in (0, 1, 2)]]
        assert before[0] is not None
        left = before[0].port  # type: ignore[attr-defined]
        before.clear()  # its server ends with it
        with socket.create_server(("127.0.0.1", left)):  # takes calls, and answers none
            early = [pool.submit(meet, rank, 3) for rank in (2, 1)]
            stores = [one.result(PATIENCE) for one in (pool.submit(meet, 0, 3), *early)]
            assert stores[0] is not None
            stores[0].set("said", "by rank 0")
            assert [store.get("said") for store in stores if store] == [b"by rank 0"] * 3
