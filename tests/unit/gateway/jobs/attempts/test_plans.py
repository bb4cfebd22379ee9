"""From what was asked for to commands, and back from lines and reports."""

from __future__ import annotations

import json

import pytest

from mazemesh.errors import InvalidArgument
from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.attempts import report as reports
from services.gateway.jobs.attempts.journal import progress_of
from services.gateway.jobs.attempts.logs import merged
from services.gateway.jobs.launcher import End
from services.gateway.jobs.nouns import work as works
from services.gateway.jobs.nouns.budget import NO_USAGE, Budget, Target, Usage
from services.gateway.jobs.nouns.job import Job, Progress, State
from services.gateway.jobs.nouns.searching import check_search
from services.gateway.jobs.nouns.work import Training, Tuning

TRAINING = Training(
    "race", "dqn", "p", 2, 64, 7, {"learning_rate": 1e-3}, {"width": 5, "hidden": (64, 32)}
)
TUNING = Tuning("solo", "ppo", "s", {"epochs": "1..4"}, settings={"packed": True})


def test_a_run_is_a_learner_and_its_actors() -> None:
    job = Job("j", "", TRAINING, Target(steps=5), Budget(minutes=1), attempt=3)
    made = plans.plan_of(job, 2.0)
    learner, *actors = made.processes
    assert learner.arguments == (
        *("--game=race", "--algorithm=dqn", "--policy=p"),
        *("--hyperparameters=learning_rate=0.001", "--seed=7", "--hidden=64,32", "--width=5"),
    )
    assert (learner.leads, learner.role) == (True, "trainer")
    assert learner.finished == "learner/p/finished"
    assert [one.name for one in actors] == ["actor-0", "actor-1"]
    assert actors[1].arguments == ("play", "--policy=p", "--seed=8", "--games=64")
    assert made.journal == "learner/p/metrics.jsonl"
    assert plans.from_json(json.loads(json.dumps(plans.to_json(made)))) == made


def test_a_search_is_a_command() -> None:
    made = plans.plan_of(Job("j", "", TUNING, attempt=1), 0.0)
    [tune] = made.processes
    assert (tune.module, tune.role, tune.final) == ("mazemesh.cli", "", (1, 2))
    assert tune.arguments[:3] == ("tune", "epochs=1..4", "--study=s")
    assert "--learner=--packed=true" in tune.arguments
    assert made.journal == "tune/s/progress.jsonl"


@pytest.mark.parametrize("work", [TRAINING, TUNING])
def test_work_is_written_and_read(work: works.Work) -> None:
    assert works.from_json(json.loads(json.dumps(works.to_json(work)))) == work


def test_settings_that_open_things_are_refused() -> None:
    for name in ("network", "config", "tracking", "data_dir", "key_file", "policies", "a b"):
        with pytest.raises(InvalidArgument, match="settings"):
            Training("race", "ppo", "p", settings={name: "x"})
    with pytest.raises(InvalidArgument, match="no name"):
        Training("race", "ppo", "p", hyperparameters={"a=1,b": 1.0})
    for space in ({"network": "os:system"}, {}, {"epochs": ""}):
        with pytest.raises(InvalidArgument, match="space"):
            check_search(Tuning("solo", "ppo", "s", space), ["epochs"])
    with pytest.raises(InvalidArgument, match="no use without"):
        check_search(
            Tuning("solo", "ppo", "s", {"epochs": "1..2"}, ("success",), "success=0.5"), ["epochs"]
        )
    check_search(TUNING, ["epochs"])


def test_a_line_of_a_journal_is_progress() -> None:
    line = {
        "time": 5.0,
        "agent_steps": 64,
        "training_step": 3,
        "version": 2,
        "policy_loss": -0.5,
        "loss": 2.0,
        "entropy": float("nan"),
        "episode_reward": 0.25,
        "note": "text",
    }
    told = progress_of(line, 9)
    assert (told.agent_steps, told.episode, told.reward, told.success_rate) == (64, 9, 0.25, None)
    assert told.losses == {"policy": -0.5, "loss": 2.0}
    assert "entropy" not in told.figures
    assert told.trials is None
    assert progress_of({"time": 5.0, "finished": 3, "trials": 20}, 0).trials == 3
    with pytest.raises(ValueError, match="time"):
        progress_of({"agent_steps": 1}, 0)


def test_a_report_is_of_its_attempt() -> None:
    end = End(State.FAILED, "x", ("a", "b"))
    told = reports.Report(2, Usage(seconds=1.0), 7, Progress(1.0), end)
    assert reports.from_json(json.loads(json.dumps(reports.to_json(told)))) == told
    assert told.seen(2, there=False).end == end
    later = told.seen(3, there=True)
    assert (later.end, later.begun, later.usage) == (None, False, Usage(seconds=1.0))


def test_bounds_are_told_in_words() -> None:
    assert Budget().used_up(Usage(steps=10**9)) == ""
    assert "5 steps" in Budget(steps=5).used_up(Usage(steps=5))
    assert "2 minutes" in Budget(minutes=2).used_up(Usage(seconds=120.0))
    assert "0.5 dollars" in Budget(dollars=0.5).used_up(Usage(dollars=0.6))
    assert Target().reached(NO_USAGE) == ""
    assert "1,000 episodes" in Target(episodes=1000).reached(Usage(episodes=1000))


def test_lines_are_merged_by_their_times() -> None:
    def line(second: int, text: str) -> str:
        return json.dumps({"timestamp": f"2026-01-01T00:00:0{second}Z", "event": text})

    one = [line(1, "a"), "a trace", line(4, "b")]
    other = [line(2, "c"), line(3, "d")]
    assert merged([one, other]) == [one[0], "a trace", other[0], other[1], one[2]]
