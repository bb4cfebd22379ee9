"""Searches by a runner that needs no mesh: counting, stopping, resuming, failing, pruning."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.tuning.definition import Definition
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.search import Search
from mazemesh.tuning.space import Dimension, parse_dimension
from mazemesh.tuning.study import SamplerName, Study, stored_definition
from mazemesh.tuning.trial import TrialFailed
from tests.unit.tuning.fakes import DEFINITION, FormulaRunner, Interrupting, Told, success

ONE = dataclasses.replace(DEFINITION, objectives=("success",), target="")


def dimensions(definition: Definition) -> dict[str, Dimension]:
    return {
        name: parse_dimension(name, text, whole=name == "epochs")
        for name, text in definition.space.items()
    }


def open_study(
    folder: Path,
    definition: Definition = DEFINITION,
    *,
    sampler: SamplerName | None = None,
    prune: bool = False,
) -> Study:
    return Study(
        folder / "study.sqlite",
        definition,
        dimensions(definition),
        sampler=sampler,
        trials=16,
        prune=prune,
    )


def search(
    study: Study,
    trials: int,
    *,
    runner: FormulaRunner | None = None,
    before: Callable[[int], None] = lambda number: None,
    stop: threading.Event | None = None,
    jobs: int = 1,
    prune: bool = False,
) -> tuple[FormulaRunner, Told]:
    runner, told = runner or FormulaRunner(before), Told()
    Search(study, runner, told, stop or threading.Event(), prune=prune).run(trials, jobs)
    return runner, told


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["nsga2", "nsga3", "tpe", "random"])
def test_a_search_runs_its_trials_and_knows_the_front(tmp_path: Path, sampler: SamplerName) -> None:
    study = open_study(tmp_path, sampler=sampler)
    runner, told = search(study, 16)
    records = study.trials()
    assert [one.number for one in records] == list(range(16)) == [n for n, _ in runner.ran]
    assert [dict(one.parameters) for one in records] == [parameters for _, parameters in runner.ran]
    assert told.finished == 16
    for one in records:
        assert 1e-4 <= float(one.parameters["learning_rate"]) <= 1e-2
        assert one.parameters["epochs"] in (1, 2, 3, 4)
        assert one.values["success"] == pytest.approx(success(one.parameters))
        assert one.comparable == (one.values["success"] >= 0.5) == (one.shortfall <= 0)
    front = study.front()
    assert front
    for one in front:
        assert not any(
            other.comparable
            and other.values["success"] > one.values["success"]
            and other.values["seconds"] < one.values["seconds"]
            for other in records
        )


@pytest.mark.slow
def test_the_sampler_learns_where_success_is(tmp_path: Path) -> None:
    study = open_study(tmp_path, ONE)
    search(study, 24)
    found = [one.values["success"] for one in study.trials()]
    assert max(found[12:]) > 0.98
    assert sum(found[12:]) > sum(found[:12])


def test_a_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    _, told = search(open_study(tmp_path), 8, before=Interrupting(stop, 5), stop=stop)
    assert told.lines[-1].startswith("5 interrupted")
    again = open_study(tmp_path)
    assert again.finished == 5
    (lost,) = [parameters for number, parameters in _last_asked(again)]
    runner, _ = search(again, 8)
    assert again.finished == 8
    assert len(runner.ran) == 3
    assert runner.ran[0][1] == lost
    assert len({str(one.parameters) for one in again.trials()}) == 8


def _last_asked(study: Study) -> list[tuple[int, dict[str, object]]]:
    """What waits to be tried again."""
    waiting = [one for one in study._study.trials if one.state.name == "WAITING"]
    return [
        (
            one.number,
            {
                name: dimension.value(one.system_attrs["fixed_params"][name])  # type: ignore[union-attr]
                for name, dimension in study._space.items()
            },
        )
        for one in waiting
    ]


def test_trials_cut_off_by_a_kill_are_tried_again(tmp_path: Path) -> None:
    killed = open_study(tmp_path)
    search(killed, 2)
    _, parameters = killed.ask()  # and never tells how it went
    again = open_study(tmp_path)
    assert again.recover() == 1
    assert again.finished == 2
    assert again.ask()[1] == parameters
    assert again.recover() == 1


def test_the_definition_is_kept_with_the_study(tmp_path: Path) -> None:
    assert stored_definition(tmp_path / "study.sqlite") is None
    open_study(tmp_path)
    assert stored_definition(tmp_path / "study.sqlite") == DEFINITION


def test_several_trials_run_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=20)
    study = open_study(tmp_path)
    runner, _ = search(study, 6, before=lambda number: together.wait() and None, jobs=3)
    assert study.finished == 6
    assert sorted(number for number, _ in runner.ran) == list(range(6))


def test_stopping_keeps_what_the_others_finish(tmp_path: Path) -> None:
    stop, together = threading.Event(), threading.Barrier(2, timeout=20)
    interrupt = Interrupting(stop, 1)

    def before(number: int) -> None:
        together.wait()
        interrupt(number)

    study = open_study(tmp_path)
    search(study, 6, before=before, stop=stop, jobs=2)
    assert [one.number for one in study.trials()] == [0]


def test_one_failure_is_told_and_passed_over(tmp_path: Path) -> None:
    def before(number: int) -> None:
        if number == 1:
            raise TrialFailed("no snapshot was probed")

    study = open_study(tmp_path)
    runner, told = search(study, 3, before=before)
    assert len(runner.ran) == 4
    assert "1 failed: no snapshot was probed" in told.lines
    assert [one.state for one in study.trials()] == ["complete", "failed", "complete", "complete"]
    assert study.trials()[1].error == "no snapshot was probed"


def test_three_failures_in_a_row_end_the_search(tmp_path: Path) -> None:
    def before(number: int) -> None:
        if number > 0:
            raise TrialFailed(f"port {number}")

    study = open_study(tmp_path)
    with pytest.raises(TrialFailed, match="3 trials in a row failed, the last: port 3"):
        search(study, 9, before=before)
    assert study.finished == 1


def test_an_error_that_nobody_expected_loses_no_result(tmp_path: Path) -> None:
    together = threading.Barrier(2, timeout=20)

    def before(number: int) -> None:
        together.wait()
        if number == 1:
            raise RuntimeError("disk")

    study = open_study(tmp_path)
    with pytest.raises(RuntimeError, match="disk"):
        search(study, 6, before=before, jobs=2)
    assert [one.number for one in study.trials()] == [0]
    assert open_study(tmp_path).recover() == 0


@pytest.mark.slow
def test_trials_below_the_median_are_ended_early(tmp_path: Path) -> None:
    study = open_study(tmp_path, ONE, sampler="random", prune=True)
    runner, told = search(study, 16, prune=True)
    records = study.trials()
    pruned = [one for one in records if one.state == "pruned"]
    complete = [one for one in records if one.state == "complete"]
    assert pruned
    assert len(pruned) + len(complete) == study.finished == 16
    assert all(runner.reports[one.number] < 40 for one in pruned)
    assert all(runner.reports[one.number] == 40 for one in complete)
    worst_kept = max(success(one.parameters) for one in pruned)
    assert worst_kept < max(one.values["success"] for one in complete)
    assert f"{pruned[0].number} pruned" in told.lines


def test_pruning_needs_one_objective_that_is_seen_under_way(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"prune: .* not success, seconds"):
        open_study(tmp_path, prune=True)


def test_weights_decide_who_is_chosen(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    for wanted, seconds in ((0.9, 40.0), (0.8, 15.0), (0.6, 10.0), (0.5, 30.0)):
        number, _ = study.ask()
        study.complete(number, Measurement({"success": wanted, "seconds": seconds}, -0.1))
    assert [one.number for one in study.front()] == [0, 1, 2]
    assert study.choose({"success": 1.0, "seconds": 0.0})[0].number == 0
    assert study.choose({"success": 0.0, "seconds": 1.0})[0].number == 2
    chosen, close = study.choose({"success": 1.0, "seconds": 1.0})
    assert chosen.number == 1
    # Shares of the range: success 2/3, seconds 5/6; weights 1/2 each.
    best, worst = (1 / 6**2 + 1 / 12**2) ** 0.5, (1 / 3**2 + 5**2 / 12**2) ** 0.5
    assert close[1] == pytest.approx(worst / (best + worst))


def test_nothing_is_chosen_while_no_trial_reached_the_target(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number, _ = study.ask()
    study.complete(number, Measurement({"success": 0.3, "seconds": float("inf")}, 0.2))
    assert study.front() == []
    assert study.trials()[0].shortfall == 0.2
    with pytest.raises(FailedPrecondition, match=r"of 1 trials none reached .* success=0.5"):
        study.choose({"success": 1.0, "seconds": 1.0})
