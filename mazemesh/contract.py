"""Which contract a client or server speaks, and with which others it can work.

A client tells in its user agent what it speaks and the least that it needs:
`mazemesh/0.1.0 contract/1 needs/1`. A server refuses an older client than it can serve, and one
that needs more than it has, each by a reason and with what to upgrade. Clients that tell nothing,
as those of other languages, are served: for them the contract itself is the promise.
"""

from __future__ import annotations

import re
from typing import Final

from mazemesh.errors import FailedPrecondition, Reason

CONTRACT: Final = 1
"""Goes up when a message or rule is added without which a peer cannot do its work."""

OLDEST_CLIENT: Final = 1
"""The least contract of clients that a server of this version serves."""

OLDEST_SERVER: Final = 1
"""The least contract of servers that a client of this version works with."""

_AGENT: Final = re.compile(r"mazemesh/(\S{1,40}) contract/(\d{1,6}) needs/(\d{1,6})(?!\d)")


UPGRADE: Final = (Reason.CLIENT_TOO_OLD, Reason.SERVER_TOO_OLD)
"""Reasons that waiting does not mend: somebody has to upgrade."""


def user_agent() -> str:
    """What clients of this version tell of themselves."""
    from mazemesh import __version__

    return f"mazemesh/{__version__} contract/{CONTRACT} needs/{OLDEST_SERVER}"


def check_client(agent: str) -> None:
    """Refuses a client by its user agent.

    Raises:
        FailedPrecondition: it is too old for this server, or this server for it; its reason is
            CLIENT_TOO_OLD or SERVER_TOO_OLD.
    """
    from mazemesh import __version__

    told = _AGENT.search(agent)
    if told is None:
        return
    version, speaks, needs = told[1], int(told[2]), int(told[3])
    if speaks < OLDEST_CLIENT:
        raise FailedPrecondition(
            f"the client is mazemesh {version} and speaks contract {speaks}; this server, mazemesh "
            f"{__version__}, serves contract {OLDEST_CLIENT} and later: upgrade the client "
            f"(pip install 'mazemesh=={__version__}')",
            reason=Reason.CLIENT_TOO_OLD,
        )
    if needs > CONTRACT:
        raise FailedPrecondition(
            f"this server is mazemesh {__version__} and speaks contract {CONTRACT}; the client, "
            f"mazemesh {version}, needs contract {needs}: upgrade the server, or take an older "
            f"client (pip install 'mazemesh=={__version__}')",
            reason=Reason.SERVER_TOO_OLD,
        )
