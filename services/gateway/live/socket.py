"""One WebSocket a tab: it says what it follows, and is sent what happens.

The browser says `{"type": "subscribe", "topic": "games/G"}`, and `unsubscribe`; commands go over
REST. It is sent JSON arrays of `{"topic", "type", "id", "seq", "data"}`: of each (type, id) the
latest alone, so a browser that is slow is behind by what it cannot show, and no more. `seq` goes up
by one with each news of a topic that was made. Beside the topics' own types there are `stale` (the
service is away: what is shown is old), `over` (nothing more will come, and why), `gap` (so many
points were left out), `refused` (it may not be followed, and why), and `beat` with an empty topic.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from mazemesh.errors import (
    InvalidArgument,
    MazemeshError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
)
from services.gateway.access.endpoints import endpoint_of
from services.gateway.access.sockets import SocketDep
from services.gateway.access.visitor import Visitor, VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.live.hub import MOST_TOPICS, Hub
from services.gateway.live.mailbox import Mailbox
from services.gateway.rest.problems import problem_of

router = APIRouter(include_in_schema=False)

_BEAT_SECONDS: Final = 15.0
_TOGETHER_SECONDS: Final = 0.02
"""For which news gather before they are sent: one message for all boards of a page."""

_VISIBLE: Final = re.compile("[!-~]+")
"""What names of topics are made of."""

_LONGEST_MESSAGE: Final = 1024
_MOST_MESSAGES: Final = 50
"""A second, of one socket."""

_NORMAL, _GOING_AWAY, _BAD_DATA, _POLICY, _LATER = 1000, 1001, 1007, 1008, 1013


@router.websocket("/ws/live")
async def live(socket: SocketDep, gateway: GatewayDep, visitor: VisitorDep) -> None:
    """Follows what its browser asks for until one of both ends it."""
    await Line(socket, gateway, visitor).run()


class Line:
    """One socket that is open, whatever it follows."""

    def __init__(self, socket: WebSocket, gateway: Gateway, visitor: Visitor) -> None:
        self._socket, self._gateway, self._visitor = socket, gateway, visitor
        self._hub: Hub = gateway.hub
        self._mailbox = Mailbox()
        self._topics: set[str] = set()
        self._window, self._heard = 0.0, 0
        self.code, self.reason = _NORMAL, ""

    async def run(self) -> None:
        """Returns when it is over; the socket is then closed."""
        tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._say())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for topic in self._topics:
                self._hub.leave(topic, self._mailbox)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._gateway.sockets.metrics.replaced(self._mailbox.replaced)
            await self._close()

    async def _hear(self) -> None:
        try:
            while True:
                text = await self._socket.receive_text()
                if not self._obey(text):
                    return
        except (WebSocketDisconnect, KeyError):
            return  # KeyError: bytes, which nobody sends here

    def _obey(self, text: str) -> bool:
        """Does what a message asks; whether the socket goes on."""
        now = asyncio.get_running_loop().time()
        if now - self._window >= 1.0:
            self._window, self._heard = now, 0
        self._heard += 1
        if self._heard > _MOST_MESSAGES:
            self.code, self.reason = _POLICY, f"more than {_MOST_MESSAGES} messages in a second"
            return False
        if len(text) > _LONGEST_MESSAGE:
            self.code, self.reason = _BAD_DATA, f"a message is longer than {_LONGEST_MESSAGE}"
            return False
        topic = ""
        try:
            wanted = _read(text)
            topic = wanted["topic"]
            if wanted["type"] == "subscribe":
                self._subscribe(topic)
            else:
                self._unsubscribe(topic)
        except MazemeshError as error:
            told = problem_of(error).model_dump(exclude_none=True)
            self._mailbox.tell(topic, "refused", told)
        return True

    def _subscribe(self, topic: str) -> None:
        if topic in self._topics:
            return
        if len(self._topics) >= MOST_TOPICS:
            raise ResourceExhausted(
                f"topic: a socket follows at most {MOST_TOPICS}", retry_after=1.0
            )
        check_topic(topic, self._visitor, self._gateway)
        self._hub.follow(topic, self._mailbox)
        self._topics.add(topic)

    def _unsubscribe(self, topic: str) -> None:
        if topic in self._topics:
            self._topics.discard(topic)
            self._hub.leave(topic, self._mailbox)

    async def _say(self) -> None:
        seconds = self._gateway.settings.socket_send_seconds
        metrics = self._gateway.sockets.metrics
        while True:
            try:
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._mailbox.wait()
                await asyncio.sleep(_TOGETHER_SECONDS)
                text = self._mailbox.take()
            except TimeoutError:
                text = '[{"topic":"","type":"beat","id":"","data":null}]'
            if not text:
                continue
            try:
                async with asyncio.timeout(seconds):
                    await self._socket.send_text(text)
            except TimeoutError:
                self.code = _LATER
                self.reason = f"too slow: it took nothing in for {seconds:g} s"
                metrics.dropped("slow")
                return
            except (WebSocketDisconnect, RuntimeError, OSError):
                return  # it is gone
            metrics.sent(len(text))

    async def _close(self) -> None:
        gone = WebSocketState.DISCONNECTED
        if gone in (self._socket.client_state, self._socket.application_state):
            return
        try:
            async with asyncio.timeout(1.0):
                await self._socket.close(self.code, self.reason)
        except (TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
            pass  # it takes nothing in; its connection is cut a little later


def check_topic(topic: str, visitor: Visitor, gateway: Gateway) -> None:
    """Whether a visitor may follow a topic: who may read its page by REST may.

    Raises:
        PermissionDenied: the role may not.
        NotFound: there is no such topic.
    """
    kind = topic.partition("/")[0]
    endpoint = endpoint_of("TOPIC", kind)
    if endpoint is None:
        raise NotFound(f"topic: there is none that begins with {kind[:64]!r}")
    if gateway.server.access is None or endpoint.roles is None:
        return
    if visitor.role is None or visitor.role not in endpoint.roles:
        raise PermissionDenied(f"topic: a {visitor.role or 'stranger'} may not follow {kind}")


def _read(text: str) -> dict[str, str]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"message: {text[:40]!r} should be JSON") from error
    if not isinstance(message, dict) or message.get("type") not in ("subscribe", "unsubscribe"):
        raise InvalidArgument("type: it should be 'subscribe' or 'unsubscribe'")
    topic = message.get("topic")
    if not isinstance(topic, str) or not _VISIBLE.fullmatch(topic):
        raise InvalidArgument("topic: it should be visible characters, as 'leaderboards/race'")
    return message
