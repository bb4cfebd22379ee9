"""What a call passes before its servicer, over real sockets."""

import asyncio
import time
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mazemesh.client.credentials import Credentials
from mazemesh.error_details import details_in
from mazemesh.sqlite_url import sqlite_url
from services._harness import Server
from services._harness.access.audit.log import AuditLog
from services._harness.access.audit.reading import lines, verify
from services._harness.access.callers.roles import Role
from tests.servers.access.guarded_probe import channel, guarded_probe
from tests.servers.access.secure_services import OPTIONS, Keys
from tests.servers.probe import NAME, call


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(sqlite_url(tmp_path / "access.sqlite"))
    for role in (Role.VIEWER, Role.WORKER, Role.OPERATOR):
        made.add(role.value, role)
    made.add("trainer", Role.TRAINER, policies=["*"])
    return made


async def refused_stream(server: Server, key: str, kind: str, message: bytes) -> grpc.StatusCode:
    """The status of a stream that is refused; grpc.aio's client may say INTERNAL where it wrote."""

    def call() -> grpc.StatusCode:
        with Credentials(key).channel(server.address, OPTIONS) as one:
            method = one.stream_stream if kind == "StreamStream" else one.stream_unary
            stub = method(f"/{NAME}/{kind}")
            with pytest.raises(grpc.RpcError) as caught:
                list(stub(iter([message]), timeout=10))
        error: Any = caught.value
        code: grpc.StatusCode = error.code()
        return code

    return await asyncio.to_thread(call)


async def code_of(awaited: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await awaited
    code: grpc.StatusCode = caught.value.code()
    return code


async def test_an_rpc_that_is_in_no_table_is_refused_to_everybody(
    tmp_path: Path, keys: Keys
) -> None:
    async with guarded_probe(tmp_path) as server:
        for key in keys.texts.values():
            code = await refused_stream(server, key, "StreamStream", b"x")
            assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_all_kinds_of_calls_pass_with_their_role(tmp_path: Path, keys: Keys) -> None:
    async with guarded_probe(tmp_path) as server:
        async with channel(server, keys.texts["worker"]) as one:
            assert await call(one, "UnaryUnary", b"a") == [b"a"]
            assert await call(one, "UnaryStream", b"a b") == [b"a", b"b"]
            code = await refused_stream(server, keys.texts["worker"], "StreamUnary", b"a")
            assert code is grpc.StatusCode.PERMISSION_DENIED
            code = await code_of(call(one, "UnaryUnary", b"!NotFound"))
            assert code is grpc.StatusCode.NOT_FOUND
        async with channel(server, keys.texts["trainer"]) as one:
            assert await call(one, "StreamUnary", b"a", b"b") == [b"a b"]


async def test_who_is_refused_is_told_what_would_be_right(tmp_path: Path, keys: Keys) -> None:
    async with guarded_probe(tmp_path) as server, channel(server, keys.texts["viewer"]) as one:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(one, "UnaryStream", b"a")
        assert caught.value.details() == (
            "a viewer may not call UnaryStream; admin and operator and worker may"
        )


async def until_refused(one: grpc.aio.Channel) -> None:
    """Calls until one is refused, which it raises."""
    for _ in range(1_000):
        await call(one, "UnaryUnary", b"a")
        await asyncio.sleep(0.02)


async def test_a_revoked_key_ends_on_all_instances_within_five_seconds(
    tmp_path: Path, keys: Keys
) -> None:
    """Two instances of one database; both had known the key, and one of them holds a connection."""
    key = await asyncio.to_thread(keys.add, "victim", Role.WORKER)
    async with guarded_probe(tmp_path) as first, guarded_probe(tmp_path) as second:
        text = keys.texts["victim"]
        async with channel(first, text) as one, channel(second, text) as other:
            for each in (one, other):
                assert await call(each, "UnaryUnary", b"a") == [b"a"]
            await asyncio.to_thread(keys.revoke, key)
            began = time.monotonic()
            for each in (one, other):
                with pytest.raises(grpc.aio.AioRpcError, match="was revoked") as caught:
                    await until_refused(each)
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert time.monotonic() - began < 30.0


async def test_a_key_that_is_made_while_services_run_is_good_at_once(
    tmp_path: Path, keys: Keys
) -> None:
    async with guarded_probe(tmp_path) as server:
        await asyncio.to_thread(keys.add, "late", Role.WORKER)
        async with channel(server, keys.texts["late"]) as one:
            assert await call(one, "UnaryUnary", b"a") == [b"a"]


async def test_last_use_is_noted_when_the_service_stops(tmp_path: Path, keys: Keys) -> None:
    key = await asyncio.to_thread(keys.add, "used", Role.WORKER)
    async with guarded_probe(tmp_path) as server, channel(server, keys.texts["used"]) as one:
        await call(one, "UnaryUnary", b"a")
    assert (await asyncio.to_thread(keys.stored, key.id)).use_time is not None


async def test_more_than_the_limit_is_told_with_a_time(tmp_path: Path, keys: Keys) -> None:
    async with (
        guarded_probe(tmp_path, calls_per_second=20) as server,
        channel(server, keys.texts["worker"]) as one,
    ):
        results = await asyncio.gather(
            *(call(one, "UnaryUnary", b"a") for _ in range(200)), return_exceptions=True
        )
        refused = [error for error in results if isinstance(error, grpc.aio.AioRpcError)]
        assert {error.code() for error in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        details = details_in(refused[0].trailing_metadata())
        assert details.retry_after is not None
        assert 0 < details.retry_after <= 1
        async with channel(server, keys.texts["viewer"]) as other:
            assert await call(other, "UnaryUnary", b"a") == [b"a"]


async def test_who_has_no_key_is_held_back_and_holds_nobody_back(
    tmp_path: Path, keys: Keys
) -> None:
    async with (
        guarded_probe(tmp_path, stranger_calls_per_second=20) as server,
        channel(server) as stranger,
        channel(server, keys.texts["worker"]) as known,
    ):
        flood = [
            asyncio.create_task(code_of(call(stranger, "UnaryUnary", b"a"))) for _ in range(200)
        ]
        assert await call(known, "UnaryUnary", b"a") == [b"a"]
        codes = await asyncio.gather(*flood)
        assert set(codes) == {
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        }


async def test_streams_of_a_key_are_bounded(tmp_path: Path, keys: Keys) -> None:
    async with (
        guarded_probe(tmp_path, streams_per_key=2, drain_seconds=0) as server,
        channel(server, keys.texts["worker"]) as one,
    ):
        path = f"/{NAME}/UnaryStream"
        held = [one.unary_stream(path)(b"a !hold", timeout=30) for _ in range(2)]
        for each in held:
            assert await anext(aiter(each)) == b"a"
        code = await code_of(call(one, "UnaryStream", b"a"))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        for each in held:
            each.cancel()


async def test_a_greedy_key_beside_a_polite_one(tmp_path: Path, keys: Keys) -> None:
    """By counts, not by times: while hundreds of calls of one wait, the other's are answered."""
    async with (
        guarded_probe(tmp_path, calls_per_second=40) as server,
        channel(server, keys.texts["worker"]) as greedy,
        channel(server, keys.texts["viewer"]) as polite,
    ):
        flood = [asyncio.create_task(call(greedy, "UnaryUnary", b"x")) for _ in range(400)]
        answered = 0
        while not all(task.done() for task in flood) and answered < 15:
            assert await call(polite, "UnaryUnary", b"a") == [b"a"]
            answered += 1
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        assert answered > 3
        assert any(isinstance(outcome, grpc.aio.AioRpcError) for outcome in outcomes)


async def test_the_audit_log_tells_who_did_what(tmp_path: Path, keys: Keys) -> None:
    async with guarded_probe(tmp_path) as server:
        async with channel(server, keys.texts["trainer"]) as one:
            stub = one.stream_unary(f"/{NAME}/StreamUnary")
            await stub(iter([b"a"]), timeout=10, metadata=(("x-request-id", "mine"),))
        await refused_stream(server, keys.texts["operator"], "StreamUnary", b"!NotFound")
        async with channel(server, keys.texts["worker"]) as one:
            await call(one, "UnaryUnary", b"a")  # a read
            await call(one, "UnaryStream", b"a")
            await call(one, "UnaryStream", b"a")
        await refused_stream(server, keys.texts["worker"], "StreamUnary", b"a")
    folder = tmp_path / "audit"
    assert verify(folder) == []
    told = [
        (line["role"], line["method"].rpartition("/")[2], line.get("outcome") or line["outcomes"])
        for line in lines(folder)
    ]
    assert told[:3] == [
        ("trainer", "StreamUnary", "OK"),
        ("operator", "StreamUnary", "ASKED"),
        ("operator", "StreamUnary", "NOT_FOUND"),
    ]
    assert ("worker", "UnaryStream", {"OK": 2}) in told
    assert "UnaryUnary" not in {method for _, method, _ in told}
    assert ("-", "StreamUnary", {"PERMISSION_DENIED": 1}) in told
    first = lines(folder)[0]
    assert first["request_id"] == "mine"
    assert first["address"] == "ipv4:127.0.0.1"
    assert not any(text in str(lines(folder)) for text in keys.texts.values())


async def test_what_cannot_be_audited_is_not_done_by_an_operator(
    tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async with guarded_probe(tmp_path) as server:
        monkeypatch.setattr(AuditLog, "write", full)
        async with channel(server, keys.texts["operator"]) as one:
            code = await refused_stream(server, keys.texts["operator"], "StreamUnary", b"a")
            assert code is grpc.StatusCode.UNAVAILABLE
            assert await call(one, "UnaryUnary", b"a") == [b"a"]
        monkeypatch.undo()


async def test_keys_are_in_no_log(
    tmp_path: Path, keys: Keys, capfd: pytest.CaptureFixture[str]
) -> None:
    async with guarded_probe(tmp_path) as server:
        for text in (*keys.texts.values(), "mm_0123456789ab_" + "s" * 43):
            async with channel(server, text) as one:
                for kind in ("UnaryUnary", "StreamStream"):
                    with pytest.raises(grpc.aio.AioRpcError) as caught:
                        await call(one, kind, b"!bug")
                    assert text[-20:] not in str(caught.value)
    out, err = capfd.readouterr()
    assert not any(text[-20:] in out + err for text in keys.texts.values())
    assert "s" * 43 not in out + err


async def test_reflection_can_be_turned_off(tmp_path: Path) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    async with (
        guarded_probe(tmp_path, keys="off", reflection=False) as server,
        channel(server) as one,
    ):
        stub = reflection_pb2_grpc.ServerReflectionStub(one)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([request]), timeout=10)
        assert await code_of(anext(aiter(call))) is grpc.StatusCode.UNIMPLEMENTED
