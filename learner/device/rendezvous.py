"""Where the ranks that torchrun started find one another.

torchrun keeps one store for all starts of a group, and the process group writes each rank's address
under the same name at every start. A rank that is quick after a restart would read the address that
a killed rank left, and wait for nobody, or for whoever has that port by now. So rank 0 serves a
store of its own at each start, and through torchrun's it is told only to who has asked: each rank
asks under a name that was never used before, and nobody but a living rank 0 answers.
"""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from mazemesh.errors import Unavailable

if TYPE_CHECKING:
    from torch.distributed import Store

_PATIENCE = timedelta(minutes=5)
_LOOK_SECONDS = 0.02


def meet(rank: int, size: int) -> Store | None:
    """The store of this start of the group; None where it is new anyway (rank 0 serves it).

    Raises:
        Unavailable: the ranks did not find one another within five minutes.
    """
    from torch.distributed import DistError, TCPStore

    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    host = os.environ["MASTER_ADDR"]  # the machine of rank 0
    told = TCPStore(host, int(os.environ["MASTER_PORT"]), timeout=_PATIENCE)
    try:
        return _answer_all(told, host, size) if rank == 0 else _ask(told, host, rank, size)
    except DistError as error:
        raise Unavailable(f"rank {rank} of {size} does not find the others: {error}") from error


def _ask(told: Store, host: str, rank: int, size: int) -> Store:
    """The store of rank 0, as soon as it has answered."""
    from torch.distributed import TCPStore

    question = uuid.uuid4().hex
    told.set(_asks(rank), question)
    port = int(told.get(_answers(question)))
    store = TCPStore(host, port, size, wait_for_workers=False, timeout=_PATIENCE)
    store.set(_is_here(rank), "")
    return store


def _answer_all(told: Store, host: str, size: int) -> Store:
    """The store that is served here, as soon as all others are connected to it."""
    from torch.distributed import TCPStore

    own = TCPStore(host, 0, size, is_master=True, wait_for_workers=False, timeout=_PATIENCE)
    missing, answered = set(range(1, size)), set[bytes]()
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while missing:
        for rank in missing:
            question = told.get(_asks(rank)) if told.check([_asks(rank)]) else b""
            if question and question not in answered:  # one that was killed may have left it
                told.set(_answers(question.decode()), str(own.port))
                answered.add(question)
        missing = {rank for rank in missing if not own.check([_is_here(rank)])}
        if time.monotonic() > deadline:
            raise Unavailable(
                f"ranks {sorted(missing)} of {size} are not here after "
                f"{_PATIENCE.total_seconds():.0f} s"
            )
        time.sleep(_LOOK_SECONDS)
    return own


def _asks(rank: int) -> str:
    return f"mazemesh/rank-{rank}-asks"


def _answers(question: str) -> str:
    return f"mazemesh/answer-{question}"


def _is_here(rank: int) -> str:
    return f"mazemesh/rank-{rank}-is-here"
