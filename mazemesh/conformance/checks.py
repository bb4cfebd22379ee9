"""What a check is, and how several are run on a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import grpc

from mazemesh.client.channel import open_channel
from mazemesh.error_details import details_in

DEADLINE: Final = 10.0
"""Seconds that a call of a check may take."""


class NotAsAgreed(Exception):
    """The server did something else than the contract says."""


@dataclass(frozen=True)
class Check:
    """One promise of the contract.

    Attributes:
        name: for people and scripts, as "writes-once".
        promise: what the server has to do, in a sentence.
        attempt: looks whether it does; raises `NotAsAgreed`, or what gRPC raises.
    """

    name: str
    promise: str
    attempt: Callable[[grpc.Channel], None]


@dataclass(frozen=True)
class Result:
    """What a check found; `detail` says what was wrong."""

    check: str
    passed: bool
    detail: str
    seconds: float


def run(checks: Iterable[Check], address: str) -> Iterator[Result]:
    """The results of checks on the server at an address, one after the other."""
    with open_channel(address) as channel:
        for check in checks:
            began = time.monotonic()
            detail = _wrong(check, channel)
            yield Result(check.name, not detail, detail, time.monotonic() - began)


def agree(holds: bool, otherwise: str) -> None:
    """Raises `NotAsAgreed` unless something holds."""
    if not holds:
        raise NotAsAgreed(otherwise)


def expect(code: grpc.StatusCode, call: Callable[[], Any], field: str = "") -> None:
    """Raises `NotAsAgreed` unless a call fails with a status, for a field where one is named."""
    try:
        call()
    except grpc.RpcError as error:
        failed: Any = error
        agree(
            failed.code() is code,
            f"the status is {failed.code().name} ({failed.details()}); expected {code.name}",
        )
        told = details_in(failed.trailing_metadata()).field
        agree(not field or told == field, f"BadRequest names {told!r}; expected {field!r}")
    else:
        raise NotAsAgreed(f"the call was answered; expected {code.name}")


def _wrong(check: Check, channel: grpc.Channel) -> str:
    try:
        check.attempt(channel)
    except NotAsAgreed as error:
        return str(error)
    except grpc.RpcError as error:
        call: Any = error
        return f"{call.code().name}: {call.details()}"
    except StopIteration:
        return "the stream ended where a message was expected"
    return ""
