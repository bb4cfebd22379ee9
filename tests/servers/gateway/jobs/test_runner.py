"""The process that keeps a job's processes, with real processes that stand in for a learner."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.gateway.jobs.attempts.plan import Plan, Process, plan_of
from services.gateway.jobs.job_runner.main import KEPT_BY_ANOTHER, LOCK
from services.gateway.jobs.job_runner.mesh_watch import MeshWatch
from services.gateway.jobs.job_runner.reports import report_of_line
from services.gateway.jobs.nouns.budget import Budget, Target, Usage
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training
from tests.servers.gateway.jobs.plans import PRACTICE, SECONDS, practice_plan, running


def test_it_does_its_steps_and_tells(tmp_path: Path) -> None:
    plan = practice_plan("--policy=practice", target=Target(steps=200), dollars_an_hour=3600.0)
    with running(tmp_path, plan) as runner:
        told = runner.ended()
    assert told.end is not None
    assert (told.end.state, told.end.reason) == (State.FINISHED, "it has done its 200 steps")
    assert told.progress is not None
    assert (told.progress.agent_steps, told.progress.reward) == (200, 0.5)
    assert (told.progress.success_rate, told.progress.losses) == (0.25, {"policy": -0.1})
    usage = told.usage
    assert usage.steps == 200
    assert usage.seconds > 0
    assert usage.cpu_seconds > 0
    assert usage.memory_bytes > 1 << 20
    assert usage.dollars == pytest.approx(usage.seconds, rel=1e-6)


def test_a_search_is_finished_when_its_command_is(tmp_path: Path) -> None:
    tune = Process("tune", PRACTICE, ("tune", "--policy=s"), "", leads=True, final=(1, 2))
    with running(tmp_path, Plan("job", 1, (tune,), "tune/s/progress.jsonl")) as runner:
        told = runner.ended()
    assert told.end is not None
    assert (told.end.state, told.end.reason) == (State.FINISHED, "it has done all its work")
    assert told.progress is not None
    assert told.progress.trials == 3


def test_a_crash_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    plan = practice_plan("--crash-at=100", target=Target(steps=200))
    with running(tmp_path, plan) as runner:
        told = runner.ended()
    assert told.end is not None
    assert told.end.state is State.FINISHED
    assert (told.usage.restarts, told.usage.steps) == (1, 200)
    assert "begins at 100" in (tmp_path / "job" / "learner.log").read_text()


def test_what_was_used_before_counts_where_nobody_here_knows_of_it(tmp_path: Path) -> None:
    # A pod begins with an empty disk: the attempt before it ran elsewhere.
    job = Job("job", "", Training("race", "ppo", "p"), usage=Usage(seconds=59.9, dollars=3.0))
    used = plan_of(job, 0.0).used
    plan = practice_plan(budget=Budget(minutes=1.0), attempt=2, used=used)
    with running(tmp_path, plan) as runner:
        told = runner.ended()
    assert told.end is not None
    assert (told.end.state, "1 minutes" in told.end.reason) == (State.BUDGET, True)
    assert 60.0 <= told.usage.seconds < 120.0
    assert told.usage.dollars == 3.0


def test_a_target_of_episodes_counts_those_of_all_actors(tmp_path: Path) -> None:
    plan = practice_plan(actors=2, target=Target(episodes=20))
    with running(tmp_path, plan) as runner:
        told = runner.ended()
    assert told.end is not None
    assert (told.end.state, told.end.reason) == (State.FINISHED, "it has done its 20 episodes")
    assert told.usage.episodes >= 20
    assert (tmp_path / "mesh/learner/practice/saved").exists()  # it was stopped in order


@pytest.mark.parametrize(
    ("budget", "price", "words"),
    [
        (Budget(steps=100), 0.0, "100 steps"),
        (Budget(minutes=0.01), 0.0, "0.01 minutes"),
        (Budget(dollars=0.5), 3600.0, "0.5 dollars"),
    ],
)
def test_a_budget_ends_it_in_order(
    tmp_path: Path, budget: Budget, price: float, words: str
) -> None:
    with running(tmp_path, practice_plan(budget=budget, dollars_an_hour=price)) as runner:
        told = runner.ended()
    assert told.end is not None
    assert told.end.state is State.BUDGET
    assert words in told.end.reason
    # In so short a time it may not have begun.
    saved = (tmp_path / "mesh/learner/practice/saved").exists()
    assert saved or not budget.steps


def test_what_is_refused_has_failed_with_its_last_lines(tmp_path: Path) -> None:
    with running(tmp_path, practice_plan("--refuse")) as runner:
        told = runner.ended()
    assert told.end is not None
    assert told.end.state is State.FAILED
    assert told.end.reason == "learner ended with status 2: cannot start: width = 1 is wrong"
    assert "width = 1" in told.end.log[-1]


def test_a_signal_is_a_cancellation(tmp_path: Path) -> None:
    with running(tmp_path, practice_plan(actors=1)) as runner:
        runner.until(lambda told: told.progress is not None)
        runner.stop()
        runner.stop()  # again it does nothing
        told = runner.ended()
    assert told.end is not None
    assert told.end.state is State.CANCELLED
    assert (tmp_path / "mesh/learner/practice/saved").exists()


def test_it_goes_on_where_an_earlier_attempt_was_killed(tmp_path: Path) -> None:
    with running(tmp_path, practice_plan()) as runner:
        before = runner.until(lambda told: told.usage.steps > 50).usage
        children = psutil.Process(runner.process.pid).children()
        runner.process.kill()
        runner.process.wait(SECONDS)
    assert children
    psutil.wait_procs(children, SECONDS)  # they end with it, however it ended
    assert not any(child.is_running() for child in children)
    plan = practice_plan(attempt=2, target=Target(steps=500))
    with running(tmp_path, plan) as runner:
        told = runner.ended()
    assert told.attempt == 2
    assert told.usage.steps >= 500  # those of a batch are counted together
    assert told.usage.seconds > before.seconds
    assert told.usage.cpu_seconds > before.cpu_seconds


def test_a_job_has_one_keeper(tmp_path: Path) -> None:
    with running(tmp_path, practice_plan()) as runner:
        runner.until(lambda told: True)
        with running(tmp_path, practice_plan()) as second:
            assert second.process.wait(SECONDS) == KEPT_BY_ANOTHER
        assert runner.process.poll() is None


def test_who_looks_whether_it_is_kept_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    with (tmp_path / "job" / LOCK).open("a+") as looked:
        fcntl.flock(looked, fcntl.LOCK_SH)
        with running(tmp_path, practice_plan(target=Target(steps=20))) as runner:
            opened = runner.process.pid
            while not any(
                one.path.endswith(f"job/{LOCK}") for one in psutil.Process(opened).open_files()
            ):
                assert runner.process.poll() is None
            fcntl.flock(looked, fcntl.LOCK_UN)
            told = runner.ended()
    assert told.end is not None
    assert told.end.state is State.FINISHED


def test_it_ends_with_its_mesh_and_goes_on_with_the_next(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as mesh:
        watch = MeshWatch.of_process(mesh.pid)
        assert watch is not None
        assert not watch.gone
        with running(tmp_path, practice_plan(), "--watch", str(watch)) as runner:
            runner.until(lambda told: told.progress is not None)
            mesh.kill()
            mesh.wait()
            told = runner.ended()
    assert watch.gone
    assert told.end is not None
    assert told.end.state is State.QUEUED
    assert (tmp_path / "mesh/learner/practice/saved").exists()


def test_it_ends_where_nobody_can_look_any_more(tmp_path: Path) -> None:
    with running(tmp_path, practice_plan()) as runner:
        runner.until(lambda told: told.progress is not None)
        runner.folder.rename(tmp_path / "elsewhere")
        assert runner.process.wait(SECONDS) == 0
    assert (tmp_path / "mesh/learner/practice/saved").exists()


def test_where_it_is_replaced_a_signal_is_no_end(tmp_path: Path) -> None:
    flags = ("--replaced", "--report", "stdout", "--echo")
    with running(tmp_path, practice_plan(), *flags) as runner:
        assert runner.process.stdout is not None
        lines = iter(runner.process.stdout)
        assert any("begins at 0" in line for line in lines)
        assert any(
            (told := report_of_line(line)) is not None and told.progress is not None
            for line in lines
        )
        runner.stop()
        rest = list(lines)
        assert runner.process.wait(SECONDS) == 75
    reports = [told for line in rest if (told := report_of_line(line))]
    assert reports
    assert reports[-1].end is None


def test_each_process_shows_the_key_of_its_role_alone(tmp_path: Path) -> None:
    keys = {
        "MAZEMESH_JOB_TRAINER_KEY_FILE": "/keys/trainer",
        "MAZEMESH_JOB_WORKER_KEY": "worker-key",
    }
    plan = practice_plan(target=Target(steps=20))
    with running(tmp_path, plan, **keys) as runner:
        runner.ended()
    assert "with /keys/trainer -" in (tmp_path / "job" / "learner.log").read_text()


def test_the_plan_may_come_as_base64(tmp_path: Path) -> None:
    import base64

    from services.gateway.jobs.attempts import plan as plans

    plan = practice_plan(target=Target(steps=20))
    text = base64.b64encode(json.dumps(plans.to_json(plan)).encode()).decode()
    command = [sys.executable, "-P", "-m", "services.gateway.jobs.job_runner"]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path / "job"), "--report", "stdout"],
        env={**os.environ, "MAZEMESH_DATA_DIR": str(tmp_path / "mesh"), "MAZEMESH_JOB": text},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    reports = [told for line in done.stdout.splitlines() if (told := report_of_line(line))]
    assert reports[-1].end is not None
    assert reports[-1].end.state is State.FINISHED
