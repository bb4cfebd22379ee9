"""Where the ranks that torchrun started find one another.

torchrun keeps one store for all starts of a group, and the process group writes each rank's address
under the same name at every start. A rank that is quick after a restart reads the address that a
killed rank left, and waits for nobody. So rank 0 serves a store of its own at each start, and only
its address is told through torchrun's store: whoever reads a left one is refused, and reads again.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from mazemesh.errors import Unavailable

if TYPE_CHECKING:
    from torch.distributed import Store

_ADDRESS = "mazemesh/rank-0"
_PATIENCE = timedelta(minutes=5)
_ATTEMPT = timedelta(seconds=1)


def meet(rank: int, size: int) -> Store | None:
    """The store of this start of the group; None where it is new anyway (rank 0 serves it).

    Raises:
        Unavailable: the ranks did not find one another within five minutes.
    """
    from torch.distributed import TCPStore

    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    host = os.environ["MASTER_ADDR"]  # the machine of rank 0
    told = TCPStore(host, int(os.environ["MASTER_PORT"]), timeout=_PATIENCE)
    if rank == 0:
        own = TCPStore(host, 0, size, is_master=True, wait_for_workers=False, timeout=_PATIENCE)
        told.set(_ADDRESS, str(own.port))
        return own
    return _found(told, host, size)


def _found(told: Store, host: str, size: int) -> Store:
    from torch.distributed import DistError, TCPStore

    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while True:
        port = int(told.get(_ADDRESS))
        try:
            store = TCPStore(host, port, size, wait_for_workers=False, timeout=_ATTEMPT)
        except DistError as error:
            if time.monotonic() > deadline:
                raise Unavailable(f"rank 0 does not answer at {host}:{port}: {error}") from error
            continue
        store.set_timeout(_PATIENCE)
        return store
