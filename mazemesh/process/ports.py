"""Free ports for servers that are about to be started, and what is wrong with the others."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Collection, Sequence

from mazemesh.errors import Conflict, FailedPrecondition, InvalidArgument, ResourceExhausted

# Below what kernels give to outgoing connections (Linux 32768-60999, macOS and Windows from
# 49152): a client that dials a port of that range while nobody listens there may be given that
# very port for its own end, and then holds it.
_RANGE = range(10_000, 32_000)
_ATTEMPTS = 200

_Place = tuple[socket.AddressFamily, tuple[str, int]]


def ports_in_use(ports: Collection[int], host: str = "127.0.0.1") -> list[int]:
    """Those ports that cannot be had at this moment."""
    return [port for port in ports if _obstacle(port, host) is not None]


def free_block(
    count: int, taken: Collection[int] = (), hosts: Sequence[str] = ("127.0.0.1",)
) -> range:
    """Consecutive ports that nobody holds on any of `hosts` now, at a random place, none `taken`.

    Raises:
        ResourceExhausted: no block was found.
    """
    for _ in range(_ATTEMPTS):
        first = random.randrange(_RANGE.start, _RANGE.stop - count)  # noqa: S311
        block = range(first, first + count)
        if set(block).isdisjoint(taken) and not any(ports_in_use(block, host) for host in hosts):
            return block
    raise ResourceExhausted(f"no {count} consecutive ports of {' and '.join(hosts)} are free")


def check_ports(ports: Sequence[int], host: str) -> None:
    """Tells why servers could not listen at these ports of a host.

    Raises:
        InvalidArgument: the host's name is unknown, or it is no address of this machine.
        FailedPrecondition: the process may not open these ports.
        Conflict: somebody listens there.
    """
    check_host(host)
    taken = []
    for port in ports:
        obstacle = _obstacle(port, host)
        if obstacle is not None and obstacle.errno in (errno.EACCES, errno.EPERM):
            raise FailedPrecondition(
                f"port {port} on {host} may not be opened ({obstacle.strerror}); choose a "
                "--port-base of 1024 or more"
            )
        if obstacle is not None:
            taken.append(port)
    if taken:
        raise Conflict(
            f"port {', '.join(map(str, taken))} on {host} is in use; stop what holds it, "
            "or choose another --port-base"
        )


def check_host(host: str) -> None:
    """Tells why nothing could listen on a host, whatever the port.

    Raises:
        InvalidArgument: its name is unknown, or it is no address of this machine.
    """
    obstacle = _obstacle(0, host)
    if obstacle is None:
        return
    if isinstance(obstacle, socket.gaierror):
        reason = f"is not known ({obstacle.strerror})"
    elif obstacle.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        reason = f"is no address of this machine ({obstacle.strerror})"
    else:
        reason = f"cannot be listened on ({obstacle.strerror})"
    raise InvalidArgument(
        f"host {host!r} {reason}; take 127.0.0.1 for this machine alone, one of its own addresses, "
        "or 0.0.0.0 for all of them"
    )


def _obstacle(port: int, host: str) -> OSError | None:
    """Why a server cannot listen there; None when it can."""
    try:
        places = _resolved(host, port)
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, "no name of a host")
    except OSError as error:
        return error
    for family, address in places:
        try:
            with socket.socket(family) as probe:
                # As servers do: a port in TIME_WAIT is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            return error
    return None


def _resolved(host: str, port: int) -> list[_Place]:
    """The addresses of a host, of IPv4 alone where it has both, as a server would take them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    places = [(family, address[:2]) for family, _, _, _, address in found]
    old = [place for place in places if place[0] == socket.AF_INET]
    return [(family, (str(name), int(number))) for family, (name, number) in old or places]
