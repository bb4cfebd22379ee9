"""Real processes, small ones, under the supervisor."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from mazemesh.cli.claim import claimed, read_note, write_note
from mazemesh.errors import Conflict
from supervisor.running.child import Child
from supervisor.running.layout import Layout, ProcessSpec
from supervisor.running.supervise import Supervisor


def child_of(program: str, tmp_path: Path, told: list[str]) -> Child:
    spec = ProcessSpec("worker", (sys.executable, "-c", program), metrics_port=0)
    return Child(spec, dict(os.environ), tmp_path, told.append)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def until_line(path: Path, count: int) -> list[str]:
    """Waits until the process has written `count` lines."""
    async with asyncio.timeout(20):
        while True:
            lines = lines_of(path)
            if len(lines) >= count:
                return lines
            await asyncio.sleep(0.02)


SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    child = child_of(SLEEPER, tmp_path, told)
    keeping = asyncio.create_task(child.keep_alive())
    (first,) = await until_line(child.log_file, 1)
    os.kill(int(first), signal.SIGKILL)
    _, second = await until_line(child.log_file, 2)
    assert first != second
    assert child.restarts == 1
    assert "SIGKILL" in told[0]
    await child.stop(5.0)
    await keeping
    assert child.pid is None


async def test_a_process_that_refuses_its_settings_is_not_tried_again(tmp_path: Path) -> None:
    child = child_of("raise SystemExit(2)", tmp_path, [])
    await asyncio.wait_for(child.keep_alive(), 20)
    assert child.restarts == 0
    assert "status 2" in child.broken


async def test_members_of_a_league_run_while_they_are_wanted(tmp_path: Path) -> None:
    done = tmp_path / "finished"
    program = f"import pathlib; pathlib.Path({str(done)!r}).touch()"
    learner = (sys.executable, "-c", program)
    spy = ProcessSpec("learner-spy", (sys.executable, "-c", SLEEPER), 0, member="spy")
    layout = Layout(
        services=(ProcessSpec("service", (sys.executable, "-c", SLEEPER), 0),),
        workers=(ProcessSpec("learner", learner, 0, finished=done), spy),
        environment=dict(os.environ),
    )
    supervisor = Supervisor(layout, tmp_path)
    await supervisor.start()
    # A member that stands by keeps no run from its end.
    await asyncio.wait_for(supervisor.finished.wait(), 20)
    log = tmp_path / "learner-spy.log"
    assert lines_of(log) == []
    assert supervisor.acting == supervisor.children[:2]
    supervisor.begin_member("spy")
    supervisor.begin_member("spy")  # it runs already, once its turn has come
    (first,) = await until_line(log, 1)
    await supervisor.end_member("spy")
    assert [one.spec.name for one in supervisor.acting] == ["service", "learner"]
    supervisor.begin_member("spy")
    assert [first] == (await until_line(log, 2))[:1]
    assert len(supervisor.acting) == 3
    assert not supervisor.broken.is_set()
    await supervisor.stop()
    assert len(lines_of(log)) == 2


async def test_a_process_that_has_done_its_work_is_left_alone(tmp_path: Path) -> None:
    """It says so by a file: to end in order it may have been asked by anybody."""
    done, other = tmp_path / "finished", tmp_path / "nothing"
    program = f"import pathlib; pathlib.Path({str(done)!r}).touch()"
    layout = Layout(
        services=(ProcessSpec("service", (sys.executable, "-c", SLEEPER), 0),),
        workers=(ProcessSpec("learner", (sys.executable, "-c", program), 0, finished=done),),
        environment=dict(os.environ),
    )
    supervisor = Supervisor(layout, tmp_path)
    await supervisor.start()
    await asyncio.wait_for(supervisor.finished.wait(), 20)
    assert supervisor.restarts == 0
    assert not supervisor.broken.is_set()
    await supervisor.stop()
    spec = ProcessSpec("learner", (sys.executable, "-c", "print(1)"), 0, finished=other)
    child = Child(spec, dict(os.environ), tmp_path, print)
    keeping = asyncio.create_task(child.keep_alive())
    await until_line(child.log_file, 2)
    assert child.restarts
    await child.stop(5.0)
    await keeping
    assert not child.finished


async def test_a_process_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    told: list[str] = []
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
    child = child_of(ignoring, tmp_path, told)
    keeping = asyncio.create_task(child.keep_alive())
    await until_line(child.log_file, 1)
    await child.stop(0.2)
    await asyncio.wait_for(keeping, 20)
    assert "is killed" in told[-1]


def test_one_mesh_a_folder(tmp_path: Path) -> None:
    with claimed(tmp_path):
        write_note(tmp_path, {"port_base": 50051})
        with pytest.raises(Conflict, match=str(os.getpid())), claimed(tmp_path):
            pass
        note = read_note(tmp_path)
        assert note is not None
        assert note["port_base"] == 50051
    assert read_note(tmp_path) is None
    with claimed(tmp_path):
        pass


def test_the_note_of_a_dead_mesh_is_not_believed(tmp_path: Path) -> None:
    write_note(tmp_path, {"pid": 2**22 + 1, "port_base": 1})
    assert read_note(tmp_path) is None


async def test_what_is_late_is_started_when_told_and_stopped_like_the_rest(tmp_path: Path) -> None:
    command = (sys.executable, "-c", SLEEPER)
    layout = Layout(
        (ProcessSpec("soon", command, 0), ProcessSpec("later", command, 0, late=True)),
        (ProcessSpec("never", command, 0, late=True),),
        dict(os.environ),
    )
    supervisor = Supervisor(layout, tmp_path)
    soon, later, never = supervisor.children
    await supervisor.start()
    await until_line(soon.log_file, 1)
    assert (later.pid, never.pid) == (None, None)
    assert not supervisor.complete
    await never.stop(5.0)
    supervisor.start_late()
    supervisor.start_late()
    assert supervisor.complete
    assert len(await until_line(later.log_file, 1)) == 1
    await supervisor.stop()
    assert (soon.pid, later.pid) == (None, None)
    assert not never.log_file.exists()


async def test_what_happens_before_anybody_listens_is_told_later(tmp_path: Path) -> None:
    refusing = ProcessSpec("worker", (sys.executable, "-c", "raise SystemExit(2)"), 0)
    supervisor = Supervisor(Layout((), (refusing,), dict(os.environ)), tmp_path)
    await supervisor.start()
    await asyncio.wait_for(supervisor.broken.wait(), 20)
    told: list[str] = []
    supervisor.tell_by(told.append)
    assert [line.split(";")[0] for line in told] == ["worker ended with status 2"]
    await supervisor.stop()
