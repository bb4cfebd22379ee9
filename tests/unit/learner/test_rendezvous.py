"""Ranks that start again over the store that torchrun keeps."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.process import BaseProcess
from typing import Any

from torch.distributed import TCPStore

from learner.ranks import Group

CONTEXT = multiprocessing.get_context("spawn")


def take_part(rank: int, port: int, told: Any, leave: Any) -> None:
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    told.put((rank, "here"))
    told.put((rank, Group().from_first(os.getpid())))
    leave.wait(60)


def start(rank: int, port: int, told: Any, leave: Any) -> BaseProcess:
    process = CONTEXT.Process(target=take_part, args=(rank, port, told, leave), daemon=True)
    process.start()
    assert told.get(timeout=60) == (rank, "here")
    return process


def test_what_a_killed_group_left_in_the_store_misleads_nobody() -> None:
    agent = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    told, leave = CONTEXT.Queue(), CONTEXT.Event()
    # Whoever starts first after a kill finds what the other one left.
    for order in [(0, 1), (1, 0), (0, 1)]:
        group = {rank: start(rank, agent.port, told, leave) for rank in order}
        first = group[0].pid
        assert sorted(told.get(timeout=60) for _ in group) == [(0, first), (1, first)]
        for process in group.values():
            process.kill()
            process.join()
