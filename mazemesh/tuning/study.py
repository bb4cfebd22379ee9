"""A study in its SQLite file, kept by Optuna (extra `tune`)."""

from __future__ import annotations

import math
import sqlite3
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from mazemesh.analysis.journal import Floats
from mazemesh.analysis.pareto import pareto_front
from mazemesh.analysis.topsis import closeness
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.sqlite_url import sqlite_url
from mazemesh.tuning.definition import Definition
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.space import Choice, Dimension, Interval, Value

SamplerName = Literal["nsga2", "nsga3", "tpe", "random"]

_NAME = "study"
_DEFINITION = "definition"
_SHORTFALL = "shortfall"
_ERROR = "error"
_PRUNES_FROM = 4
_SPARED_REPORTS = 2


@dataclass(frozen=True)
class TrialRecord:
    """A trial that is over.

    Attributes:
        number: From 0.
        state: How it ended.
        parameters: As they were used.
        values: By objective; empty unless complete.
        shortfall: How far it stayed below the target; 0 or less when it reached it.
        error: Why it failed.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    parameters: Mapping[str, Value]
    values: Mapping[str, float]
    shortfall: float = 0.0
    error: str = ""

    @property
    def comparable(self) -> bool:
        """Whether it can be on the front: it has all values, and reached the target if any."""
        return bool(self.values) and all(map(math.isfinite, self.values.values()))


class Study:
    """Proposes parameters and remembers results; what is written survives a kill.

    Safe to call from several threads.

    Args:
        file: SQLite database; made when it does not exist.
        definition: What is searched for.
        space: Its dimensions.
        sampler: Who proposes; None takes NSGA-II, or TPE for a single objective.
        trials: How many are planned, which decides the size of a population.
        prune: End trials early that stay below the median of those before at the same time.

    Raises:
        InvalidArgument: pruning with several objectives, or with one that is not seen under way.
    """

    def __init__(
        self,
        file: Path,
        definition: Definition,
        space: Mapping[str, Dimension],
        *,
        sampler: SamplerName | None = None,
        trials: int = 50,
        prune: bool = False,
    ) -> None:
        self.definition, self._space = definition, space
        self._objectives = definition.parsed_objectives()
        if prune and definition.objectives not in (("success",), ("rating",)):
            raise InvalidArgument(
                f"prune: needs success or rating as the only objective, not "
                f"{', '.join(definition.objectives)}"
            )
        self._lock = threading.Lock()
        self._running: dict[int, optuna.Trial] = {}
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        best = optuna.study.StudyDirection
        directions = [best.MAXIMIZE if one.maximise else best.MINIMIZE for one in self._objectives]
        self._study = optuna.create_study(
            storage=_storage(file),
            study_name=_NAME,
            directions=directions,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(_PRUNES_FROM, _SPARED_REPORTS)
            if prune
            else optuna.pruners.NopPruner(),
        )
        # A seed alone would propose the same trials again after each start.
        seed = definition.seed + 1000 * len(self._study.trials)
        chosen = sampler or ("nsga2" if len(directions) > 1 else "tpe")
        self._study.sampler = _sampler(chosen, seed, max(4, min(50, trials // 4)))
        if _DEFINITION not in self._study.user_attrs:
            self._study.set_user_attr(_DEFINITION, definition.to_json())

    def recover(self) -> int:
        """Puts trials that were cut off by a kill back into the queue; how many there were."""
        with self._lock:
            cut = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            for trial in cut:
                self._study.tell(trial.number, state=TrialState.FAIL)
                if len(trial.params) == len(self._space):
                    self._study.enqueue_trial(trial.params)
            return len(cut)

    def ask(self) -> tuple[int, dict[str, Value]]:
        """Number and parameters of the next trial."""
        with self._lock:
            trial = self._study.ask()
            parameters = {name: _suggest(trial, name, one) for name, one in self._space.items()}
            self._running[trial.number] = trial
            return trial.number, parameters

    def report(self, number: int, step: int, value: float) -> bool:
        """Notes a running trial's only objective; whether to prune it. Once a step counts."""
        with self._lock:
            trial = self._running[number]
            if step not in self._study.trials[number].intermediate_values:
                trial.report(value, step)
            return trial.should_prune()

    def complete(self, number: int, measurement: Measurement) -> None:
        """Notes the result of a trial."""
        with self._lock:
            trial = self._running.pop(number)
            trial.set_user_attr(_SHORTFALL, measurement.shortfall)
            if self.definition.target:
                trial.set_constraint("target", measurement.shortfall)
            self._study.tell(trial, [measurement.values[one.name] for one in self._objectives])

    def prune(self, number: int) -> None:
        """Notes that a trial was ended early."""
        with self._lock:
            self._study.tell(self._running.pop(number), state=TrialState.PRUNED)

    def fail(self, number: int, error: str) -> None:
        """Notes that a trial broke."""
        with self._lock:
            trial = self._running.pop(number)
            trial.set_user_attr(_ERROR, error)
            self._study.tell(trial, state=TrialState.FAIL)

    def put_back(self, number: int) -> None:
        """Notes that a trial was interrupted; its parameters are the next to be proposed."""
        with self._lock:
            trial = self._running.pop(number)
            self._study.tell(trial, state=TrialState.FAIL)
            self._study.enqueue_trial(trial.params)

    def trials(self) -> list[TrialRecord]:
        """Trials with a result, and failed ones that say why, by number."""
        with self._lock:
            kept = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
            found = self._study.get_trials(deepcopy=False, states=kept)
            records = [self._record(trial) for trial in found]
        return [one for one in records if one.state != "failed" or one.error]

    @property
    def finished(self) -> int:
        """Trials that count: complete and pruned ones."""
        return sum(one.state != "failed" for one in self.trials())

    def front(self) -> list[TrialRecord]:
        """Trials that none dominates, by number."""
        known = [one for one in self.trials() if one.comparable]
        if not known:
            return []
        maximise = [one.maximise for one in self._objectives]
        return [known[index] for index in pareto_front(self._matrix(known), maximise)]

    def choose(self, weights: Mapping[str, float]) -> tuple[TrialRecord, dict[int, float]]:
        """The trial of the front with the largest closeness, and all of theirs by number.

        Raises:
            FailedPrecondition: no trial can be compared yet.
        """
        front = self.front()
        if not front:
            known = "none has" if not self.definition.target else "none reached the target of"
            raise FailedPrecondition(
                f"choose: of {self.finished} trials {known} {self.definition.target or 'values'}"
            )
        scale = [weights[one.name] for one in self._objectives]
        maximise = [one.maximise for one in self._objectives]
        close = closeness(self._matrix(front), scale, maximise)
        shares = {one.number: float(share) for one, share in zip(front, close, strict=True)}
        return front[int(np.argmax(close))], shares

    def _matrix(self, records: list[TrialRecord]) -> Floats:
        rows = [[one.values[objective.name] for objective in self._objectives] for one in records]
        return np.array(rows, np.float64)

    def _record(self, trial: FrozenTrial) -> TrialRecord:
        complete = trial.state == TrialState.COMPLETE
        names = [one.name for one in self._objectives]
        return TrialRecord(
            number=trial.number,
            state="complete"
            if complete
            else "pruned"
            if trial.state == TrialState.PRUNED
            else "failed",
            parameters={name: _used(self._space[name], raw) for name, raw in trial.params.items()},
            values=dict(zip(names, trial.values, strict=True)) if complete else {},
            shortfall=float(trial.user_attrs.get(_SHORTFALL, 0.0)),
            error=str(trial.user_attrs.get(_ERROR, "")),
        )


def stored_definition(file: Path) -> Definition | None:
    """What a study was begun with; None when there is none yet."""
    if not file.exists():
        return None
    storage = _storage(file)
    known = {one.study_name for one in storage.get_all_studies()}
    if _NAME not in known:
        return None
    attributes = optuna.load_study(study_name=_NAME, storage=storage).user_attrs
    return Definition.from_json(attributes[_DEFINITION]) if _DEFINITION in attributes else None


def stored_trials(file: Path) -> list[TrialRecord]:
    """Trials of a study that is over, or that another process runs; by number. It is not changed.

    Parameters are as they were drawn, numbers with six digits.
    """
    study = optuna.load_study(study_name=_NAME, storage=_storage(file))
    names = Definition.from_json(study.user_attrs[_DEFINITION]).objectives
    kept = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    found = []
    for trial in study.get_trials(deepcopy=False, states=tuple(kept)):
        record = TrialRecord(
            number=trial.number,
            state=kept[trial.state],  # type: ignore[arg-type]
            parameters={
                name: float(f"{raw:.6g}") if isinstance(raw, float) else raw
                for name, raw in trial.params.items()
            },
            values=dict(zip(names, trial.values, strict=True))
            if trial.state == TrialState.COMPLETE
            else {},
            shortfall=float(trial.user_attrs.get(_SHORTFALL, 0.0)),
            error=str(trial.user_attrs.get(_ERROR, "")),
        )
        if record.state != "failed" or record.error:
            found.append(record)
    return found


def _storage(file: Path) -> optuna.storages.RDBStorage:
    file.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(file, check_same_thread=False)
        # A write-ahead log that is not flushed at each of a trial's many commits: a killed process
        # loses nothing, a power cut at most the last trials.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    return optuna.storages.RDBStorage(sqlite_url(file), engine_kwargs={"creator": connect})


def _sampler(name: SamplerName, seed: int, population: int) -> optuna.samplers.BaseSampler:
    make: dict[SamplerName, Callable[[], optuna.samplers.BaseSampler]] = {
        "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed, population_size=population),
        "nsga3": lambda: optuna.samplers.NSGAIIISampler(seed=seed, population_size=population),
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
        "random": lambda: optuna.samplers.RandomSampler(seed=seed),
    }
    with warnings.catch_warnings():
        # NSGA-III counts as experimental; whoever names it wants it.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return make[name]()


def _suggest(trial: optuna.Trial, name: str, dimension: Dimension) -> Value:
    if isinstance(dimension, Choice):
        return str(trial.suggest_categorical(name, dimension.values))
    if dimension.whole:
        low, high = round(dimension.low), round(dimension.high)
        return dimension.value(trial.suggest_int(name, low, high, log=dimension.log))
    drawn = trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    return dimension.value(drawn)


def _used(dimension: Dimension, raw: float | str) -> Value:
    return dimension.value(float(raw)) if isinstance(dimension, Interval) else str(raw)
