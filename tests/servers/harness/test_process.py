"""The life of a service as a process: signals, drain, exit status, messages."""

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mazemesh.process.parent import PARENT_VARIABLE
from tests.servers.probe import NAME, call
from tests.servers.processes import service_process

PROBE = "tests.servers.probe"
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def run_to_end(*arguments: str) -> tuple[int, str]:
    """Runs a probe that is expected to end by itself; gives exit status and standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", PROBE, *arguments), stderr=asyncio.subprocess.PIPE
    )
    _, text = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, text.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_calls_in_flight_finish(number: signal.Signals, tmp_path: Path) -> None:
    async with service_process(PROBE, "--data-dir", str(tmp_path)) as service:
        async with grpc.aio.insecure_channel(service.address) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            await watch.read()
            talk: Any = channel.stream_stream(f"/{NAME}/StreamStream")(timeout=20)
            await talk.write(b"before")
            assert await talk.read() == b"before"

            service.send(number)
            assert (await asyncio.wait_for(watch.read(), 10)).status == NOT_SERVING
            await talk.write(b"after")
            assert await talk.read() == b"after"
            await talk.done_writing()
            assert await talk.read() is grpc.aio.EOF
        assert await asyncio.wait_for(service.ended(), 10) == 0
    assert [line["event"] for line in service.lines] == ["listening", "draining", "stopped"]
    assert service.lines[1]["reason"] == number.name


async def test_a_call_that_never_ends_is_cut_after_the_drain_time(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path), "--drain-seconds", "0.2")
    async with service_process(PROBE, *arguments) as service:
        async with grpc.aio.insecure_channel(service.address) as channel:
            stream = channel.unary_stream(f"/{NAME}/UnaryStream")(b"a !hold", timeout=20)
            assert await stream.read() == b"a"
            service.send(signal.SIGTERM)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.read()
        assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
        assert await asyncio.wait_for(service.ended(), 10) == 0


async def test_the_same_signal_again_stops_at_once(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path), "--drain-seconds", "600")
    async with (
        service_process(PROBE, *arguments) as service,
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stream = channel.unary_stream(f"/{NAME}/UnaryStream")(b"a !hold", timeout=60)
        assert await stream.read() == b"a"
        service.send(signal.SIGTERM)
        await service.log_line("draining")
        service.send(signal.SIGTERM)
        assert await asyncio.wait_for(service.ended(), 10) == 128 + signal.SIGTERM


async def test_ctrl_c_passed_on_as_sigterm_still_drains(tmp_path: Path) -> None:
    async with service_process(PROBE, "--data-dir", str(tmp_path)) as service:
        async with grpc.aio.insecure_channel(service.address) as channel:
            talk: Any = channel.stream_stream(f"/{NAME}/StreamStream")(timeout=20)
            await talk.write(b"a")
            await talk.read()
            service.send(signal.SIGINT)
            await service.log_line("draining")
            service.send(signal.SIGTERM)
            await talk.write(b"b")
            assert await talk.read() == b"b"
            await talk.done_writing()
        assert await asyncio.wait_for(service.ended(), 10) == 0


async def test_the_log_has_the_traceback_under_the_id_that_the_caller_got(tmp_path: Path) -> None:
    async with service_process(PROBE, "--data-dir", str(tmp_path)) as service:
        async with grpc.aio.insecure_channel(service.address) as channel:
            buggy = channel.unary_unary(f"/{NAME}/UnaryUnary")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await buggy(b"!bug", timeout=10, metadata=(("x-request-id", "mine"),))
        line = await service.log_line("call failed")
    assert line["error_id"] in (caught.value.details() or "")
    assert "KeyError: 'secret detail'" in line["exception"]
    assert line["service"] == "probe"
    assert re.fullmatch("[0-9a-f]{16}", line["instance"])
    assert line["method"] == f"/{NAME}/UnaryUnary"
    assert line["request_id"] == "mine"
    assert line["peer"].startswith("ipv4:127.0.0.1")


async def test_a_crashed_task_ends_the_process_with_status_1(tmp_path: Path) -> None:
    status, log = await run_to_end("--data-dir", str(tmp_path), "--crash")
    assert status == 1
    assert "a background task fell over" in log
    assert '"task": "crasher"' in log


async def test_a_port_in_use_is_one_message(tmp_path: Path) -> None:
    async with service_process(PROBE, "--data-dir", str(tmp_path)) as service:
        port = service.address.rpartition(":")[2]
        status, log = await run_to_end("--data-dir", str(tmp_path), "--port", port)
    assert status == 1
    (line,) = (json.loads(line) for line in log.splitlines())
    assert line["event"].startswith(f"cannot start: port {port} on 127.0.0.1 cannot be opened")


async def test_a_wrong_setting_is_one_message() -> None:
    status, log = await run_to_end("--port", "99999")
    assert status == 2
    assert log == (
        "probe: port = '99999' is wrong: input should be less than or equal to 65535 "
        "(set it by --port or MAZEMESH_PROBE_PORT)\n"
    )


async def test_calls_work_again_after_a_restart_on_the_same_port(tmp_path: Path) -> None:
    port = "0"
    for _ in range(2):
        arguments = ("--data-dir", str(tmp_path), "--port", port)
        async with service_process(PROBE, *arguments) as service:
            port = service.address.rpartition(":")[2]
            async with grpc.aio.insecure_channel(service.address) as channel:
                assert await call(channel, "UnaryUnary", b"a") == [b"a"]
                service.send(signal.SIGTERM)
                assert await asyncio.wait_for(service.ended(), 10) == 0


SUPERVISOR = f"""
import os, subprocess, sys
environment = dict(os.environ, {PARENT_VARIABLE}=str(os.getpid()))
arguments = [sys.executable, "-m", "{PROBE}", "--log-format", "json", "--data-dir", sys.argv[1]]
subprocess.Popen(arguments, env=environment)
sys.stdin.read()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel feature is Linux's")
async def test_a_killed_supervisor_takes_its_service_along(tmp_path: Path) -> None:
    supervisor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SUPERVISOR, str(tmp_path)),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert supervisor.stderr is not None
    assert b"listening" in await asyncio.wait_for(supervisor.stderr.readline(), 20)
    supervisor.kill()
    # The service holds the other end of this pipe: the end of file is its end.
    log = await asyncio.wait_for(supervisor.stderr.read(), 10)
    await supervisor.wait()
    assert b'"reason": "SIGTERM"' in log
    assert b"stopped" in log


async def test_a_service_whose_supervisor_died_during_its_start_drains(tmp_path: Path) -> None:
    environment = {
        PARENT_VARIABLE: str(os.getppid())
    }  # some process, but not the one that starts it
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", PROBE, "--log-format", "json", "--data-dir", str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    _, log = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert b"SIGTERM" in log
