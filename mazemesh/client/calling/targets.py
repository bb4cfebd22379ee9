"""What gRPC is told of an address: one server, a name that stands for several, or a list."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple

from mazemesh.client.addresses import SCHEMES, is_loopback
from mazemesh.errors import InvalidArgument


class Target(NamedTuple):
    """A name that gRPC resolves, and whether its calls go to all that it stands for, in turn."""

    name: str
    spread: bool


def target_of(address: str) -> Target:
    """What an address means.

    - `host:port` is one server;
    - `dns:///name:port` is every server that the name has an address of, looked up again whenever a
      connection ends: for instances that come and go;
    - `a:1,b:2` is each of these servers. Names among them are looked up now.

    Raises:
        InvalidArgument: a part of a list is no host:port.
    """
    if address.startswith(SCHEMES):
        return Target(address, spread=address.startswith("dns:"))
    several = [part.strip() for part in address.split(",") if part.strip()]
    if len(several) < 2:
        return Target(address.strip().removesuffix(","), spread=False)
    return Target(_numeric(several), spread=True)


def is_local(address: str) -> bool:
    """Whether an address is of this machine by its very form, as 127.0.0.1 and localhost are."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    hosts = [part.strip().rpartition(":")[0].strip("[]") for part in address.split(",")]
    return all(map(is_loopback, hosts))


def _numeric(addresses: list[str]) -> str:
    """GRPC's name for a list of servers, which takes numbers of one family alone."""
    found = [pair for address in addresses for pair in _look_up(address)]
    if not found:  # gRPC says it at each call, as of any name that there is not
        return f"dns:///{addresses[0]}"
    if all(ip.version == 4 for ip, _ in found):
        return "ipv4:" + ",".join(f"{ip}:{port}" for ip, port in found)
    # Both families are written as the larger one (RFC 4291, 2.5.5.2).
    mapped = (f"::ffff:{ip}" if ip.version == 4 else str(ip) for ip, _ in found)
    return "ipv6:" + ",".join(f"[{ip}]:{port}" for ip, (_, port) in zip(mapped, found, strict=True))


_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def _look_up(address: str) -> list[tuple[_Ip, int]]:
    """The numbers of a host:port; none where its name is not known."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidArgument(
            f"address: {address!r} in a list should be host:port, or [IPv6 address]:port"
        )
    try:
        infos = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        return []
    numbers = dict.fromkeys(str(info[4][0]) for info in infos)
    return [(ipaddress.ip_address(number), int(port)) for number in numbers]
