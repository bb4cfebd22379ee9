"""The harness over a real socket: statuses, streams, health, reflection, metrics, ports."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from mazemesh import errors
from mazemesh.error_details import details_in, to_metadata
from services._harness import Server, StartError, serve
from services._harness.calls.status_message import LONGEST
from tests.servers.probe import GARBAGE, NAME, Probe, ProbeSettings, add_probe, bind, call

KINDS = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture
def settings(tmp_path: Path) -> ProbeSettings:
    return ProbeSettings(port=0, data_dir=tmp_path, metrics_port=0)


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def server(settings: ProbeSettings, probe: Probe) -> AsyncIterator[Server]:
    async def bind_probe(settings: ProbeSettings, server: Server) -> None:
        server.add_servicer(NAME, add_probe, probe)

    async with serve(settings, bind_probe) as server:
        yield server


@pytest.fixture
async def channel(server: Server) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(server.address) as channel:
        yield channel


@pytest.mark.parametrize("kind", KINDS)
async def test_messages_pass(channel: grpc.aio.Channel, kind: str) -> None:
    assert b" ".join(await call(channel, kind, b"a b")) == b"a b"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("InvalidArgument", grpc.StatusCode.INVALID_ARGUMENT),
        ("NotFound", grpc.StatusCode.NOT_FOUND),
        ("Conflict", grpc.StatusCode.ABORTED),
        ("AlreadyExists", grpc.StatusCode.ALREADY_EXISTS),
        ("FailedPrecondition", grpc.StatusCode.FAILED_PRECONDITION),
        ("OutOfRange", grpc.StatusCode.OUT_OF_RANGE),
        ("ResourceExhausted", grpc.StatusCode.RESOURCE_EXHAUSTED),
        ("Unavailable", grpc.StatusCode.UNAVAILABLE),
        ("DeadlineExceeded", grpc.StatusCode.DEADLINE_EXCEEDED),
        ("Cancelled", grpc.StatusCode.CANCELLED),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_each_exception_has_its_status(
    channel: grpc.aio.Channel, kind: str, name: str, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, f"!{name}".encode())
    assert caught.value.code() is code
    assert caught.value.details() == f"{name} says what is wrong"
    sent = errors.Details("SOME_REASON", "rows[1].size", 3.0)
    told = errors.from_status(code, "page_size: no", sent)
    assert isinstance(told, getattr(errors, name))
    assert told.details == sent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("order", "details"),
    [
        ("FailedPrecondition/MATCH_FINISHED", errors.Details(reason="MATCH_FINISHED")),
        ("FailedPrecondition", errors.NO_DETAILS),
        ("field", errors.Details(field="rows[3].size")),
        ("later", errors.Details(retry_after=2.5)),
        ("Unavailable", errors.Details(retry_after=1.0)),
        ("full", errors.Details(retry_after=5.0)),
    ],
)
async def test_details_travel_beside_the_message(
    channel: grpc.aio.Channel, kind: str, order: str, details: errors.Details
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, f"!{order}".encode())
    assert details_in(caught.value.trailing_metadata()) == details


def test_details_of_another_domain_or_none_at_all_are_none_of_ours() -> None:
    sent = errors.Details("MATCH_FINISHED")
    (found,) = to_metadata(9, "message", sent)
    assert details_in([("x", "y"), found]) == sent
    for metadata in (None, [], [("x", "y")], [(found[0], b"\xff")], [(found[0], found[1][:-30])]):
        assert details_in(metadata) == errors.NO_DETAILS
    foreign = (found[0], found[1].replace(b"\x08mazemesh", b"\x08else.org"))
    assert details_in([foreign]) == errors.NO_DETAILS
    assert to_metadata(9, "message", errors.NO_DETAILS) == ()


def test_all_headers_of_the_longest_error_are_within_what_clients_take() -> None:
    message = "x" * LONGEST
    ((_, found),) = to_metadata(3, message, errors.Details("R" * 40, "f" * 4000, 1.0))
    assert len(message) + len(found) * 4 / 3 < 6_500


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("page_size: -1 is outside 0..1000", "page_size"),
        ("since_revision is -1; expected 0 or more", "since_revision"),
        ("results[2].games[0].scores = [] is wrong: send two", "results[2].games[0].scores"),
        ("metadata has 2000 keys; at most 1000 are allowed", "metadata"),
        ("the first message has no header; send the header, then chunks", ""),
        ("a chunk has 9 bytes; at most 8 are allowed", ""),
    ],
)
def test_a_message_that_begins_with_a_field_is_about_it(message: str, field: str) -> None:
    assert errors.InvalidArgument(message).field == field
    assert errors.InvalidArgument(message, field="other").field == "other"
    if field:
        nested = errors.InvalidArgument(f"matches[1].{message}")
        assert nested.field == f"matches[1].{field}"
        with pytest.raises(errors.InvalidArgument) as caught, errors.within("matches[1]"):
            raise errors.InvalidArgument(message)
        assert (caught.value.field, str(caught.value)) == (nested.field, str(nested))
    arrived = errors.from_status(grpc.StatusCode.INVALID_ARGUMENT, message)
    assert arrived.field == "", "a client reads nothing out of a message"


def test_cancelled_without_a_reason_is_the_callers_own_doing() -> None:
    assert isinstance(errors.from_status(grpc.StatusCode.CANCELLED, ""), errors.Unavailable)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_that_quotes_a_long_value_keeps_its_status(
    channel: grpc.aio.Channel, kind: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, b"!long")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert (caught.value.details() or "").startswith("there is no policy xxx")


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_exception_is_internal_and_tells_nothing_but_an_id(
    channel: grpc.aio.Channel, kind: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, b"!bug")
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert re.match(r"internal error [0-9a-f]{8}:", caught.value.details() or "")
    assert "secret detail" not in (caught.value.details() or "")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_message_is_an_invalid_argument(
    channel: grpc.aio.Channel, server: Server, kind: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, GARBAGE)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "this is no message"
    assert await call(channel, kind, b"a") == [b"a"]
    labels = {"grpc_service": NAME, "grpc_method": kind, "grpc_code": "INVALID_ARGUMENT"}
    await server._in_flight.wait_idle()
    assert server.registry.get_sample_value("grpc_server_handled_total", labels) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_full_disk_is_told_as_such(channel: grpc.aio.Channel, kind: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, b"!full")
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert caught.value.details() == "the disk is full (No space left on device); make room"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_abort_by_the_servicer_stays_as_it_is(
    channel: grpc.aio.Channel, kind: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind, b"!abort")
    assert caught.value.code() is grpc.StatusCode.DATA_LOSS
    assert caught.value.details() == "aborted by the servicer"


async def test_answers_before_an_error_arrive(channel: grpc.aio.Channel) -> None:
    stream = channel.unary_stream(f"/{NAME}/UnaryStream")(b"a b !NotFound c", timeout=10)
    assert [await stream.read(), await stream.read()] == [b"a", b"b"]
    with pytest.raises(grpc.aio.AioRpcError, match="NotFound says what is wrong"):
        await stream.read()


async def test_an_unknown_method_is_unimplemented(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(f"/{NAME}/Nothing")(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_deadline_ends_the_work_on_both_sides(
    channel: grpc.aio.Channel, probe: Probe
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(f"/{NAME}/UnaryUnary")(b"!hold", timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(probe.cancelled.wait(), 10)


async def test_a_caller_that_leaves_a_stream_closes_its_generator(
    channel: grpc.aio.Channel, probe: Probe
) -> None:
    stream = channel.unary_stream(f"/{NAME}/UnaryStream")(b"a !hold", timeout=10)
    assert await stream.read() == b"a"
    stream.cancel()
    await asyncio.wait_for(probe.closed.wait(), 10)


async def test_a_message_over_64_mib_is_refused(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, "UnaryUnary", bytes(64 * 1024 * 1024 + 1))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_health_knows_the_server_and_the_service(channel: grpc.aio.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ("", NAME):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
        assert answer.status == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_lists_the_service(channel: grpc.aio.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = stub.ServerReflectionInfo(iter([request]), timeout=10)
    listed = (await answers.read()).list_services_response.service
    assert {service.name for service in listed} >= {NAME, "grpc.health.v1.Health"}


async def test_metrics_count_calls_by_method_and_code(
    server: Server, channel: grpc.aio.Channel
) -> None:
    for _ in range(3):
        await call(channel, "UnaryUnary", b"a")
    with pytest.raises(grpc.aio.AioRpcError):
        await call(channel, "UnaryStream", b"!NotFound")
    with pytest.raises(grpc.aio.AioRpcError):
        await call(channel, "UnaryUnary", b"!abort")
    await server._in_flight.wait_idle()

    url = f"http://127.0.0.1:{server.metrics_port}/metrics"
    page = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=10).read().decode())

    def sample(name: str, method: str, code: str = "") -> float:
        code_label = f'grpc_code="{code}",' if code else ""
        labels = f'{code_label}grpc_method="{method}",grpc_service="{NAME}"'
        found = re.search(rf"^{name}{{{re.escape(labels)}}} (\S+)$", page, re.MULTILINE)
        assert found, f"{name}{{{labels}}} is not on the page:\n{page}"
        return float(found[1])

    assert sample("grpc_server_handled_total", "UnaryUnary", "OK") == 3
    assert sample("grpc_server_handled_total", "UnaryUnary", "DATA_LOSS") == 1
    assert sample("grpc_server_handled_total", "UnaryStream", "NOT_FOUND") == 1
    assert sample("grpc_server_handling_seconds_count", "UnaryUnary") == 4
    assert sample("grpc_server_in_flight", "UnaryUnary") == 0
    assert "process_cpu_seconds_total" in page
    instance = server.settings.instance
    assert f'mazemesh_instance_info{{instance="{instance}",service="probe"}} 1.0' in page


async def test_healthz_says_what_the_health_of_grpc_says(
    server: Server, channel: grpc.aio.Channel
) -> None:
    async def status() -> int:
        place = HTTPConnection("127.0.0.1", server.metrics_port, timeout=10)
        try:
            await asyncio.to_thread(place.request, "GET", "/healthz")
            return (await asyncio.to_thread(place.getresponse)).status
        finally:
            place.close()

    assert await status() == 200
    held = channel.unary_stream(f"/{NAME}/UnaryStream")(b"a !hold", timeout=10)
    assert await held.read() == b"a"
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)  # the task has begun: it drains, and the call keeps the server open
    assert await status() == 503
    held.cancel()
    await stopping


async def test_calls_in_flight_are_shown_and_a_leaving_caller_counts_as_cancelled(
    server: Server, channel: grpc.aio.Channel
) -> None:
    labels = {"grpc_service": NAME, "grpc_method": "UnaryStream"}
    held = channel.unary_stream(f"/{NAME}/UnaryStream")(b"a !hold", timeout=10)
    assert await held.read() == b"a"
    assert server.registry.get_sample_value("grpc_server_in_flight", labels) == 1
    held.cancel()
    await asyncio.wait_for(server._in_flight.wait_idle(), 10)
    assert server.registry.get_sample_value("grpc_server_in_flight", labels) == 0
    labels["grpc_code"] = "CANCELLED"
    assert server.registry.get_sample_value("grpc_server_handled_total", labels) == 1


async def test_two_servers_in_one_process_have_metrics_of_their_own(
    server: Server, channel: grpc.aio.Channel, settings: ProbeSettings
) -> None:
    await call(channel, "UnaryUnary", b"a")
    labels = {"grpc_service": NAME, "grpc_method": "UnaryUnary", "grpc_code": "OK"}
    async with serve(settings, bind) as other:
        assert other.port != server.port
        assert other.registry.get_sample_value("grpc_server_handled_total", labels) is None
    assert server.registry.get_sample_value("grpc_server_handled_total", labels) == 1


async def test_a_port_in_use_is_refused_before_the_service_is_bound(
    server: Server, tmp_path: Path
) -> None:
    bound = []

    async def bind_second(settings: ProbeSettings, server: Server) -> None:
        bound.append(server)

    second = ProbeSettings(port=server.port, data_dir=tmp_path)
    with pytest.raises(StartError, match=rf"port {server.port} .*another probe .*--port"):
        async with serve(second, bind_second):
            pass
    assert not bound


async def test_a_metrics_port_in_use_is_refused(server: Server, tmp_path: Path) -> None:
    second = ProbeSettings(port=0, data_dir=tmp_path, metrics_port=server.metrics_port)
    with pytest.raises(StartError, match=rf"metrics port {server.metrics_port} .*--metrics-port"):
        async with serve(second, bind):
            pass


async def test_hooks_and_tasks_run_in_order(settings: ProbeSettings) -> None:
    story: list[str] = []
    running = asyncio.Event()

    def hook(name: str):  # type: ignore[no-untyped-def]
        async def write() -> None:
            story.append(name)

        return write

    async def task() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            story.append("task cancelled")

    async def bind_hooks(settings: ProbeSettings, server: Server) -> None:
        server.on_start(hook("start"))
        server.on_drain(hook("drain"))
        server.on_stop(hook("stop first added"))
        server.on_stop(hook("stop last added"))
        server.background(task, "task")
        story.append("bound")

    async with serve(settings, bind_hooks) as server:
        await asyncio.wait_for(running.wait(), 10)
    assert story == [
        *("bound", "start", "drain", "task cancelled", "stop last added", "stop first added"),
    ]
    assert not server.failed.is_set()


async def test_a_failing_hook_keeps_no_other_from_running(settings: ProbeSettings) -> None:
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    async def fail() -> None:
        raise OSError("disk full")

    async def bind_hooks(settings: ProbeSettings, server: Server) -> None:
        server.on_stop(close)
        server.on_stop(fail)

    async with serve(settings, bind_hooks) as server:
        pass
    assert closed.is_set()
    assert server.failed.is_set()


async def test_what_bind_opened_is_closed_when_the_start_fails(settings: ProbeSettings) -> None:
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    async def fail() -> None:
        raise errors.FailedPrecondition("the log is damaged")

    async def bind_failing(settings: ProbeSettings, server: Server) -> None:
        server.on_stop(close)
        server.on_start(fail)

    with pytest.raises(errors.FailedPrecondition, match="the log is damaged"):
        async with serve(settings, bind_failing):
            pytest.fail("the server must not start")
    assert closed.is_set()


async def test_a_crashed_task_marks_the_server_as_failed(settings: ProbeSettings) -> None:
    crashing = settings.model_copy(update={"crash": True})
    async with serve(crashing, bind) as server:
        await asyncio.wait_for(server.failed.wait(), 10)


@pytest.mark.parametrize("error", [errors.ResourceExhausted, errors.Unavailable])
async def test_a_task_that_finds_something_away_or_full_is_run_again(
    settings: ProbeSettings, error: type[errors.MazemeshError]
) -> None:
    runs, done = [], asyncio.Event()

    async def task() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise error("not now")
        done.set()

    async def bind_with_task(settings: ProbeSettings, server: Server) -> None:
        server.background(task, "patient")

    async with serve(settings, bind_with_task) as server:
        await asyncio.wait_for(done.wait(), 60)
        assert not server.failed.is_set()
    assert runs == [0, 1]


async def test_an_open_health_watch_does_not_hold_up_the_drain(settings: ProbeSettings) -> None:
    slow = settings.model_copy(update={"drain_seconds": 60.0})
    async with asyncio.timeout(10):
        async with serve(slow, bind) as server:
            channel = grpc.aio.insecure_channel(server.address)
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert (await watch.read()).status == SERVING
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        await channel.close()
