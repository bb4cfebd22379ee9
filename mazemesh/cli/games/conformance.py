"""`mazemesh conformance`: whether a server keeps what the contract promises."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from mazemesh.cli.options import Json
from mazemesh.cli.output import print_json, print_table


class Service(StrEnum):
    """The services that there are checks of."""

    GAME = "game"
    MODEL = "model"
    REPLAY = "replay"


def conformance(
    service: Annotated[Service, typer.Argument(help="What the server claims to be.")],
    address: Annotated[str, typer.Argument(help="Where it listens, as 127.0.0.1:50051.")],
    json: Json = False,
) -> None:
    """Check whether a server, of whatever language, keeps what the contract promises.

    Exit status 1 when it does not. What the checks make there, they remove again.
    """
    from mazemesh.conformance import SUITES, run

    checks = SUITES[service]
    results = list(run(checks, address))
    passed = all(one.passed for one in results)
    if json:
        print_json({"passed": passed, "checks": [asdict(one) for one in results]})
    else:
        told = [
            (check.name, "ok" if one.passed else "FAIL", one.detail or check.promise)
            for check, one in zip(checks, results, strict=True)
        ]
        print_table(
            f"{service} at {address}", ("check", "verdict", "promise, or what is wrong"), told
        )
    if not passed:
        raise typer.Exit(1)
