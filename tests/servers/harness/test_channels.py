"""Channels to several servers: calls spread, one may go, one may come."""

import json
import queue
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from mazemesh import contract
from mazemesh.client import channel as channels
from mazemesh.client.channel import dial, open_aio_channel, open_channel, translate
from mazemesh.errors import FailedPrecondition, Reason, Unavailable
from services._harness import Server
from tests.servers.name_server import NameServer
from tests.servers.probe import NAME, Probe, ProbeSettings, add_probe
from tests.servers.running import RunningService, eventually

METHOD = ("probe.Probe", "UnaryUnary")
AT_ONCE = (("grpc.dns_min_time_between_resolutions_ms", 100),)


class NamedProbe(Probe):
    """Answers with its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name.encode()

    async def unary_unary(self, request: bytes, context: Any) -> bytes:
        peer: str = context.peer()
        return peer.encode() if request == b"peer" else self.name


@contextmanager
def named(name: str, folder: Path, **settings: Any) -> Iterator[RunningService[ProbeSettings]]:
    async def bind(_: ProbeSettings, server: Server) -> None:
        server.add_servicer(NAME, add_probe, NamedProbe(name))

    probe = RunningService(ProbeSettings(data_dir=folder, **settings), bind)
    try:
        yield probe
    finally:
        probe.close()


def who(channel: grpc.Channel, request: bytes = b"") -> str:
    answer: bytes = channel.unary_unary("/probe.Probe/UnaryUnary")(request, timeout=10)
    return answer.decode()


def answers(channel: grpc.Channel, calls: int = 20) -> Counter[str]:
    return Counter(who(channel) for _ in range(calls))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_calls_spread_over_a_list_and_go_on_without_one(host: str, tmp_path: Path) -> None:
    with named("a", tmp_path) as a, ExitStack() as later:
        b = later.enter_context(named("b", tmp_path))
        addresses = [f"{host}:{one.address.rpartition(':')[2]}" for one in (a, b)]
        with open_channel(",".join(addresses), (METHOD,)) as channel:
            # The first that is connected answers alone until the other is, too.
            eventually(lambda: len(answers(channel)) == 2)
            assert answers(channel) == {"a": 10, "b": 10}
            later.close()
            assert answers(channel) == {"a": 20}


def test_a_new_instance_gets_calls_once_connections_have_their_age(tmp_path: Path) -> None:
    with (
        NameServer(["127.0.0.1"]) as names,
        named("a", tmp_path, max_connection_age_seconds=0.3) as a,
    ):
        port = int(a.address.rpartition(":")[2])
        with open_channel(f"dns://{names.address}/game.test:{port}", (METHOD,), AT_ONCE) as channel:
            assert answers(channel) == {"a": 20}
            with named("b", tmp_path, host="127.0.0.2", port=port):
                names.addresses.append("127.0.0.2")
                eventually(lambda: len(answers(channel)) == 2)


def test_streams_outlast_the_age_of_their_connection(tmp_path: Path) -> None:
    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    peers = set[str]()

    def has_connected_anew() -> bool:
        before = len(peers)
        peers.add(who(channel, b"peer"))
        return len(peers) > max(before, 1)

    with (
        named("a", tmp_path, max_connection_age_seconds=0.2) as a,
        open_channel(a.address) as channel,
    ):
        stream = channel.stream_stream("/probe.Probe/StreamStream")
        answering = stream(iter(requests.get, None), timeout=30)
        for number in (b"0", b"1", b"2"):
            requests.put(number)
            assert next(answering) == number
            eventually(has_connected_anew)
        requests.put(None)
        assert list(answering) == []


async def test_an_event_loop_calls_by_the_same_rules(tmp_path: Path) -> None:
    with named("a", tmp_path) as a, named("b", tmp_path) as b:
        async with open_aio_channel(f"{a.address},{b.address}", (METHOD,)) as channel:
            call = channel.unary_unary("/probe.Probe/UnaryUnary")
            assert {await call(b"", timeout=10) for _ in range(2)} <= {b"a", b"b"}


def test_only_named_methods_are_tried_again_and_within_a_budget() -> None:
    def config(*methods: tuple[str, str]) -> dict[str, Any]:
        options = dict(dial("host:1", methods).options)
        told: dict[str, Any] = json.loads(str(options["grpc.service_config"]))
        return told

    assert config() == {"methodConfig": []}
    assert config(METHOD)["retryThrottling"] == {"maxTokens": 100, "tokenRatio": 0.1}
    assert config(METHOD)["methodConfig"][0]["name"] == [
        {"service": METHOD[0], "method": METHOD[1]}
    ]


@pytest.mark.parametrize(
    ("agent", "reason", "remedy"),
    [
        ("mazemesh/0.0.1 contract/0 needs/0", Reason.CLIENT_TOO_OLD, "upgrade the client"),
        ("mazemesh/9.0 contract/9 needs/9", Reason.SERVER_TOO_OLD, "upgrade the server"),
    ],
)
def test_who_does_not_understand_the_other_is_told_what_to_upgrade(
    agent: str, reason: Reason, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with named("a", tmp_path) as a:
        with open_channel(a.address) as channel:
            assert who(channel) == "a"
        monkeypatch.setattr(channels, "user_agent", lambda: agent)
        with open_channel(a.address) as channel:
            for kind in ("unary_unary", "stream_stream"):
                method = getattr(channel, kind)("/probe.Probe/" + kind.title().replace("_", ""))
                request = iter([b""]) if kind == "stream_stream" else b""
                with pytest.raises(grpc.RpcError) as caught:
                    list(method(request, timeout=10))
                error = translate(caught.value, a.address)
                assert isinstance(error, FailedPrecondition)
                assert error.reason == reason
                assert remedy in str(error)


def test_who_tells_no_version_is_served(tmp_path: Path) -> None:
    with named("a", tmp_path) as a, grpc.insecure_channel(a.address) as foreign:
        assert who(foreign) == "a"
    contract.check_client("")
    contract.check_client(contract.user_agent() + " grpc-python/1.85.1")


def test_an_outage_is_followed_by_no_storm(tmp_path: Path) -> None:
    class Failing(Probe):
        calls = 0

        async def unary_unary(self, request: bytes, context: Any) -> bytes:
            self.calls += 1
            raise Unavailable("away")

    failing = Failing()

    async def bind(_: ProbeSettings, server: Server) -> None:
        server.add_servicer(NAME, add_probe, failing)

    probe = RunningService(ProbeSettings(data_dir=tmp_path), bind)
    try:
        with open_channel(probe.address, (METHOD,)) as channel:
            pending = [
                channel.unary_unary("/probe.Probe/UnaryUnary").future(b"", timeout=20)
                for _ in range(200)
            ]
            assert all(isinstance(one.exception(), grpc.RpcError) for one in pending)
    finally:
        probe.close()
    # Five attempts each would be a thousand calls; half of the hundred tokens are repeated.
    assert 200 < failing.calls <= 200 + 60
