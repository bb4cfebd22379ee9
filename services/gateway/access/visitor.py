"""Who makes a request: a key in its header, or the one that its login cookie seals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from fastapi import Depends
from grpc.aio import UnaryUnaryMultiCallable
from starlette.requests import HTTPConnection

from mazemesh.client.channel import DEADLINE
from mazemesh.client.mesh import Mesh
from services._harness.access.callers.keys import NOBODY, Caller
from services._harness.access.callers.roles import Role
from services.gateway.context import GatewayDep
from services.gateway.mesh import Meshes
from services.gateway.rpcs import Request, Response, Rpcs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who makes a request.

    Attributes:
        caller: Their key's role and names; nobody where no keys are asked for, or without a key.
        key: The key's text, which calls to services show; empty is the gateway's own.
        address: Where they connect from.
        by_cookie: Whether they are logged in to the console, rather than sending a key themselves.
        name: Of a person whom a provider named.
    """

    caller: Caller = NOBODY
    key: str = ""
    address: str = ""
    by_cookie: bool = False
    name: str = ""

    @property
    def role(self) -> Role | None:
        """What they are; None without a key."""
        return None if self.caller.key is None else self.caller.key.role

    @property
    def id(self) -> str:
        """The key's id, for logs and limits; `-` without one."""
        return self.caller.id

    @property
    def counted_as(self) -> str:
        """Whose they are where what one may have is bounded: a key's id, or an address."""
        return self.id if self.role is not None else self.address


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to services in the name of a visitor."""

    meshes: Meshes
    rpcs: Rpcs
    visitor: Visitor

    async def ask(
        self,
        method: UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        deadline: float = DEADLINE,
    ) -> Response:
        """One call on the event loop: `await calls.ask(calls.rpcs.elo.GetRating, request)`."""
        return await self.rpcs.ask(method, request, self.visitor.key, deadline)

    async def __call__(self, work: Callable[[Mesh], T]) -> T:
        """What `work(mesh)` returns or raises, in a thread."""
        return await self.meshes.call(self.visitor.key, work)


def _visitor(connection: HTTPConnection) -> Visitor:
    return cast("Visitor", connection.scope["state"]["visitor"])


VisitorDep = Annotated[Visitor, Depends(_visitor)]
"""Who makes the request, as a parameter of a route."""


def _calls(gateway: GatewayDep, visitor: VisitorDep) -> Calls:
    return Calls(gateway.meshes, gateway.rpcs, visitor)


CallsDep = Annotated[Calls, Depends(_calls)]
"""`await calls(lambda mesh: mesh.elo.rating(...))`, with the visitor's own key."""
