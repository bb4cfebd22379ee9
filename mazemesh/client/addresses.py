"""Where the five services of a mesh listen."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import Final

from mazemesh.errors import InvalidArgument

GAME_PORT: Final = 50051
"""Default port of the Game service; the others follow in the order of `Addresses`' fields."""

_GATEWAY_ABOVE: Final = 5
"""Of the gateway's port, above that of the last service."""

LAST_PORT_BASE: Final = 65531
"""The largest port of Game that leaves room for the four others."""

_MESH: Final = re.compile(
    r"""(?: \[ (?P<bracketed> [^\[\]]+ ) \] | (?P<host> [^:\[\]]+ ) )
        (?: : (?P<port> [0-9]{1,5} ) )?
    | (?P<ipv6> [^:\[\]]* (?: : [^:\[\]]* ){2,} )""",
    re.VERBOSE,
)

SCHEMES: Final = ("dns:", "unix:", "unix-abstract:", "ipv4:", "ipv6:")
"""What names begin with that gRPC resolves by itself."""

_EVERY_INTERFACE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def mesh_at(text: str) -> tuple[str, int | None]:
    """Host and port base of `HOST` or `HOST:PORT_BASE`; the port is None where there is none.

    Raises:
        InvalidArgument: it is neither.
    """
    match = _MESH.fullmatch(text.strip())
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 1 <= port <= LAST_PORT_BASE):
        raise InvalidArgument(
            f"mesh: {text!r} should be HOST or HOST:PORT_BASE, the port of Game, which the other "
            f"four follow, 1 to {LAST_PORT_BASE}"
        )
    return match["bracketed"] or match["ipv6"] or match["host"], port


def is_loopback(host: str) -> bool:
    """Whether a host stands for this machine alone, by its very form: 127.0.0.1, ::1, localhost."""
    bare = host.removeprefix("[").removesuffix("]")
    if bare == "localhost":
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


def reachable(host: str) -> str:
    """Where a client of the same machine reaches what listens on `host`."""
    bare = host.removeprefix("[").removesuffix("]")
    return _EVERY_INTERFACE.get(bare, bare)


def host_port(host: str, port: int) -> str:
    """`host:port`, with the brackets that an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def split_addresses(text: str) -> tuple[str, ...]:
    """The addresses of a list that is separated by commas; spaces around them do not count.

    What gRPC resolves by itself, as dns:///name:port, is one.

    Raises:
        InvalidArgument: there is none, or one stands twice.
    """
    if text.startswith(SCHEMES):
        return (text,)
    addresses = tuple(filter(None, map(str.strip, text.split(","))))
    if not addresses or len(set(addresses)) < len(addresses):
        raise InvalidArgument(
            f"address: {text!r} should be host:port, or several of these, each once, separated by "
            "commas"
        )
    return addresses


@dataclass(frozen=True)
class Addresses:
    """Where each service is: `host:port`, or instances by `dns:///name:port` or a list.

    Of Replay a list names its shards, each of which has a part of every table.
    """

    game: str
    matchmaker: str
    model: str
    elo: str
    replay: str

    @classmethod
    def local(
        cls, host: str = "127.0.0.1", port_base: int = GAME_PORT, instances: int = 1
    ) -> Addresses:
        """Consecutive ports on one host: Game, Matchmaker, Model, Elo, Replay.

        Of a host that stands for every interface, the machine's own address. The ports of a second
        instance of each service follow those of the first.
        """
        count = len(fields(cls))
        return cls(
            *(
                ",".join(
                    host_port(reachable(host), port_base + count * instance + index)
                    for instance in range(instances)
                )
                for index in range(count)
            )
        )

    @classmethod
    def from_environment(
        cls, host: str | None = None, port_base: int | None = None, instances: int = 1
    ) -> Addresses:
        """From MAZEMESH_HOST and MAZEMESH_PORT_BASE, each overridden by MAZEMESH_<SERVICE>_ADDRESS.

        Arguments that are given come before the environment. An empty variable counts as not set.

        Raises:
            InvalidArgument: MAZEMESH_PORT_BASE is no port that leaves room for the others.
        """
        base = cls.local(
            host or os.environ.get("MAZEMESH_HOST") or "127.0.0.1",
            port_base or port_base_of_environment(),
            instances,
        )
        if host is not None or port_base is not None:
            return base
        return cls(
            **{
                field.name: os.environ.get(f"MAZEMESH_{field.name.upper()}_ADDRESS")
                or getattr(base, field.name)
                for field in fields(cls)
            }
        )


def gateway_url(addresses: Addresses, *, tls: bool = False) -> str:
    """Where `mazemesh up` puts the gateway of a mesh: five above its last service.

    That is Game's port + 9 where there is one instance of each service.

    Raises:
        InvalidArgument: the addresses are none of `mazemesh up`, so it may be anywhere.
    """
    shards = split_addresses(addresses.replay)
    match = _MESH.fullmatch(shards[-1])
    if match is None or not match["port"]:
        raise InvalidArgument(
            f"gateway: where it is cannot be told by the address of Replay, {addresses.replay}; "
            "name its URL, as http://127.0.0.1:50060, in MAZEMESH_GATEWAY_URL or connect(gateway=)"
        )
    host = match["bracketed"] or match["host"]
    scheme = "https" if tls else "http"
    return f"{scheme}://{host_port(host, int(match['port']) + _GATEWAY_ABOVE)}"


def port_base_of_environment() -> int:
    """MAZEMESH_PORT_BASE, 50051 where it is empty or not set.

    Raises:
        InvalidArgument: it is no port that leaves room for the others.
    """
    text = os.environ.get("MAZEMESH_PORT_BASE", "").strip()
    if not text:
        return GAME_PORT
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= LAST_PORT_BASE:
        raise InvalidArgument(
            f"MAZEMESH_PORT_BASE is {text!r} and should be a port from 1 to {LAST_PORT_BASE}: "
            "that of Game, which the other four follow"
        )
    return int(text)
