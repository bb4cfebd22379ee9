"""dm_env_rpc on the port of this service: clients of dm_env create worlds and play in them.

Needs the extra `dm-env-rpc`. A stream is one client. Errors are answers; the stream goes on.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

import grpc
import grpc.aio
from dm_env_rpc.v1 import dm_env_rpc_pb2 as dm
from dm_env_rpc.v1.dm_env_rpc_pb2_grpc import EnvironmentServicer
from google.rpc.status_pb2 import Status

from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError, status_of
from mazemesh.games import Catalogue, Purpose, seeds
from services._harness.calls.context import Context
from services._harness.calls.handlers import limited
from services.game.dm_env import wire as messages
from services.game.dm_env.worlds import World, Worlds
from services.game.play.hold import Hold

SERVICE = "dm_env_rpc.v1.Environment"
MAX_BYTES = 64 << 10
"""Of a message: some settings, or one action."""


class DmEnvRpcServicer(EnvironmentServicer):  # type: ignore[misc]  # dm_env_rpc is untyped
    """Serves the worlds of a server, of `games`."""

    def __init__(self, worlds: Worlds, games: Catalogue) -> None:
        self._worlds = worlds
        self._games = games
        self._streams: set[Hold] = set()
        self._stopping: MazemeshError | None = None

    async def Process(self, requests: object, context: Context) -> None:
        """One client, until it goes."""
        if self._stopping is not None:
            raise self._stopping
        client = _Client(self._worlds, self._games)
        hold = Hold("the stream")
        self._streams.add(hold)
        try:
            with hold.take() as stream:
                while (request := await stream.wait(context.read)) is not grpc.aio.EOF:
                    await context.write(await client.answer(request))
        finally:
            self._streams.discard(hold)
            client.leave()

    def end_streams(self, reason: MazemeshError) -> None:
        """Ends the streams of all clients, and those that come."""
        self._stopping = reason
        for hold in list(self._streams):
            hold.end(reason)


def add_dm_env_rpc_servicer(servicer: DmEnvRpcServicer, server: grpc.aio.Server) -> None:
    """Serves it as the generated code does, but a message may have no more than `MAX_BYTES`."""
    handler: Any = grpc.stream_stream_rpc_method_handler(
        servicer.Process,
        request_deserializer=limited(dm.EnvironmentRequest.FromString, MAX_BYTES),
        response_serializer=dm.EnvironmentResponse.SerializeToString,
    )
    handlers = grpc.method_handlers_generic_handler(SERVICE, {"Process": handler})
    server.add_generic_rpc_handlers((handlers,))


class _Client:
    """One stream's state: which world it has joined."""

    def __init__(self, worlds: Worlds, games: Catalogue) -> None:
        self._worlds = worlds
        self._games = games
        self._world: World | None = None

    def leave(self) -> None:
        if self._world is not None:
            self._worlds.leave(self._world)
            self._world = None

    async def answer(self, request: dm.EnvironmentRequest) -> dm.EnvironmentResponse:
        kind = request.WhichOneof("payload")
        try:
            if kind not in _ANSWERS:
                raise InvalidArgument(f"payload: {kind} is not supported")
            answer = await _ANSWERS[kind](self, getattr(request, kind))
        except MazemeshError as error:
            code = status_of(error).value[0]
            return dm.EnvironmentResponse(error=Status(code=code, message=str(error)))
        return dm.EnvironmentResponse(**{kind: answer})

    async def create_world(self, request: dm.CreateWorldRequest) -> dm.CreateWorldResponse:
        read = partial(messages.world_setup, request.settings, _draw_seed, self._games)
        world = await self._worlds.create(read)
        return dm.CreateWorldResponse(world_name=world.name)

    async def join_world(self, request: dm.JoinWorldRequest) -> dm.JoinWorldResponse:
        messages.check_known(request.settings, {})
        if self._world is not None:
            raise FailedPrecondition(f"world {self._world.name!r} is joined; leave it first")
        self._world = self._worlds.join(request.world_name)
        return dm.JoinWorldResponse(specs=messages.specs(self._joined.batch.engine.spec))

    async def step(self, request: dm.StepRequest) -> dm.StepResponse:
        world = self._joined
        messages.check_requested(request)
        # An episode's first step begins it, and its actions are not looked at.
        action = messages.action(request, world.batch.engine.spec) if world.begun else None
        return messages.step_response(await world.step(action), request)

    async def reset(self, request: dm.ResetRequest) -> dm.ResetResponse:
        messages.check_known(request.settings, {})
        self._joined.restart()
        return dm.ResetResponse(specs=messages.specs(self._joined.batch.engine.spec))

    async def reset_world(self, request: dm.ResetWorldRequest) -> dm.ResetWorldResponse:
        messages.check_known(request.settings, {})
        self._worlds.find(request.world_name).restart()
        return dm.ResetWorldResponse()

    async def leave_world(self, request: dm.LeaveWorldRequest) -> dm.LeaveWorldResponse:
        self.leave()
        return dm.LeaveWorldResponse()

    async def destroy_world(self, request: dm.DestroyWorldRequest) -> dm.DestroyWorldResponse:
        self._worlds.destroy(request.world_name)
        return dm.DestroyWorldResponse()

    @property
    def _joined(self) -> World:
        if self._world is None:
            raise FailedPrecondition("no world is joined; join one first")
        return self._world


_ANSWERS: dict[str | None, Any] = {
    "create_world": _Client.create_world,
    "join_world": _Client.join_world,
    "step": _Client.step,
    "reset": _Client.reset,
    "reset_world": _Client.reset_world,
    "leave_world": _Client.leave_world,
    "destroy_world": _Client.destroy_world,
}


def _draw_seed() -> int:
    return seeds.seed(Purpose.TRAINING, secrets.randbelow(seeds.NUMBERS))
