"""How a client shows who it is, and whom it believes: one place for all channels of a process.

They are taken from the environment (MAZEMESH_KEY or MAZEMESH_KEY_FILE, MAZEMESH_TLS_CA, and where
servers ask clients for certificates MAZEMESH_TLS_CLIENT_CERT and MAZEMESH_TLS_CLIENT_KEY), unless
they are given. A key never stands in a command line, a URL or a log.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import grpc

from mazemesh.client.addresses import is_loopback
from mazemesh.client.calling.wrapped import WrappedChannel
from mazemesh.errors import InvalidArgument

Options: TypeAlias = Sequence[tuple[str, Any]]

_SUITES: Final = "GRPC_SSL_CIPHER_SUITES"
_KEY: Final = re.compile(r"mm_[0-9a-z]{12}_[A-Za-z0-9_-]{43}")
_TRUE: Final = ("1", "true", "yes", "on")


def require_tls_1_3() -> None:
    """Has this process speak TLS 1.3 and nothing older; before gRPC's first connection.

    gRPC's Python API has no setting for it. What it has are the suites that are offered for TLS
    1.2: one of pre-shared keys, which are never configured, leaves TLS 1.3 alone. Whoever sets the
    suites in the environment means those.
    """
    os.environ.setdefault(_SUITES, "ECDHE-PSK-AES128-CBC-SHA")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What channels are opened with.

    Attributes:
        key: An API key; empty is none.
        ca: PEM of the CA that servers' certificates are signed by; empty is no TLS.
        cert, cert_key: PEM of the client's own certificate and key, where servers ask for one.
        insecure: Lets the key go over a network without TLS.
    """

    key: str = field(default="", repr=False)
    ca: bytes = field(default=b"", repr=False)
    cert: bytes = field(default=b"", repr=False)
    cert_key: bytes = field(default=b"", repr=False)
    insecure: bool = False

    @classmethod
    def found(cls, *, key: str | None = None, ca: str | Path | None = None) -> Credentials:
        """As given, and for the rest as the environment says.

        Args:
            key: An API key; None is that of the environment.
            ca: File with a CA in PEM; None is that of the environment.

        Raises:
            InvalidArgument: a key is none, or a file cannot be read, or is readable for others.
        """
        of = os.environ.get
        text = (key if key is not None else _key_of_environment()).strip()
        if text and not _KEY.fullmatch(text):
            raise InvalidArgument(
                "key is no key of mazemesh: it should be mm_, 12 characters, _ and 43 characters, "
                "as `mazemesh keys create` shows it"
            )
        if isinstance(ca, Path):
            ca = str(ca)
        named = of("MAZEMESH_TLS_CA", "") if ca is None else ca
        cert, cert_key = of("MAZEMESH_TLS_CLIENT_CERT", ""), of("MAZEMESH_TLS_CLIENT_KEY", "")
        return cls(
            text,
            _read(named, "tls_ca (MAZEMESH_TLS_CA)"),
            _read(cert, "MAZEMESH_TLS_CLIENT_CERT"),
            _read(cert_key, "MAZEMESH_TLS_CLIENT_KEY"),
            of("MAZEMESH_INSECURE", "").lower() in _TRUE,
        )

    def channel(self, address: str, options: Options) -> grpc.Channel:
        """A channel to an address, which shows the key with every call.

        Raises:
            InvalidArgument: the key would go over a network in the clear.
        """
        if is_socket(address):  # of this machine and this user
            return grpc.insecure_channel(address, options)
        if not self.ca:
            self.check_clear(address)
            channel = grpc.insecure_channel(address, options)
        else:
            require_tls_1_3()
            channel = grpc.secure_channel(address, self._of_tls(), options)
        return KeyedChannel(channel, self.metadata) if self.key else channel

    def aio_channel(
        self, address: str, options: Options, interceptors: Sequence[Any] = ()
    ) -> grpc.aio.Channel:
        """The same for asyncio; `interceptors` come before those that show the key."""
        import grpc.aio

        from mazemesh.client.calling import keyed_aio

        added = [*interceptors, *(keyed_aio.interceptors(self.metadata) if self.key else ())]
        if not self.ca:
            self.check_clear(address)
            return grpc.aio.insecure_channel(address, options, interceptors=added)
        require_tls_1_3()
        return grpc.aio.secure_channel(address, self._of_tls(), options, interceptors=added)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What is sent with every call."""
        return (("authorization", f"Bearer {self.key}"),) if self.key else ()

    def _of_tls(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.ca, self.cert_key or None, self.cert or None)

    def check_clear(self, address: str) -> None:
        """InvalidArgument where the key would go to an address in the clear, unasked."""
        if self.key and not self.insecure and not all(map(is_loopback, hosts(address))):
            raise InvalidArgument(
                f"the key would go to {address} in the clear; set MAZEMESH_TLS_CA to the file of "
                "the mesh's CA, or MAZEMESH_INSECURE=1 where the network is your own"
            )


class KeyedChannel(WrappedChannel):
    """A channel whose calls carry metadata.

    Interceptors of gRPC do the same at the price of objects and threads for each call.

    Attributes:
        call_metadata: What its calls carry.
    """

    def __init__(self, channel: Any, call_metadata: tuple[tuple[str, str], ...]) -> None:
        super().__init__(channel)
        self.call_metadata = call_metadata

    def unary_unary(self, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _Keyed(self._inner.unary_unary(*arguments, **named), self.call_metadata)

    def unary_stream(self, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _Keyed(self._inner.unary_stream(*arguments, **named), self.call_metadata)

    def stream_unary(self, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _Keyed(self._inner.stream_unary(*arguments, **named), self.call_metadata)

    def stream_stream(self, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _Keyed(self._inner.stream_stream(*arguments, **named), self.call_metadata)


class _Keyed:
    """A method of a channel, whose calls carry metadata."""

    def __init__(self, method: Any, metadata: tuple[tuple[str, str], ...]) -> None:
        self._method, self._metadata = method, metadata

    def __call__(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        return self._method(request, timeout, **self._with_metadata(named))

    def with_call(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        return self._method.with_call(request, timeout, **self._with_metadata(named))

    def future(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        return self._method.future(request, timeout, **self._with_metadata(named))

    def _with_metadata(self, named: dict[str, Any]) -> dict[str, Any]:
        given = named.get("metadata")
        named["metadata"] = (*given, *self._metadata) if given else self._metadata
        return named


def read_key_file(path: Path) -> str:
    """The key in a file.

    Raises:
        InvalidArgument: others may read the file, or it cannot be read.
    """
    try:
        with path.open() as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(1024).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"key_file {path} cannot be read: {error}") from error
    if mode & 0o077:
        raise InvalidArgument(
            f"key_file {path} has mode {mode:03o}, so others may read the key; chmod 600 {path}"
        )
    return text


def is_socket(address: str) -> bool:
    """Whether an address is a socket of this machine's file system."""
    return address.startswith(("unix:", "unix-abstract:"))


def hosts(address: str) -> Iterator[str]:
    """The hosts of an address, or of several, as gRPC writes them."""
    for one in address.split(","):
        bare = re.sub(r"^(?:dns:(?://[^/]*/)?|ipv4:|ipv6:)", "", one.strip())
        host = bare.rpartition(":")[0] if re.search(r":\d+$", bare) else bare
        yield host.removeprefix("[").removesuffix("]")


def _key_of_environment() -> str:
    text = os.environ.get("MAZEMESH_KEY", "")
    file = os.environ.get("MAZEMESH_KEY_FILE", "")
    return text or (read_key_file(Path(file)) if file else "")


def _read(path: str, name: str) -> bytes:
    if not path:
        return b""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{name}: {path} cannot be read: {error.strerror}") from error
