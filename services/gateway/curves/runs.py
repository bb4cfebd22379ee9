"""What is known of a run beside its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_PLACES: Final = ("policy", "game", "algorithm", "origin")
_NO_SETTINGS: Final = frozenset({"run_id", "policy", "game", "algorithm"})
_DEPTH: Final = 4


@dataclass(frozen=True)
class Run:
    """A run, by its learner's description of it.

    Attributes:
        id: Of the run; what tracking knows it by, too.
        policy: Name that it publishes under.
        game: What is learned.
        algorithm: By which.
        origin: Where it lies: "mesh", "job ID", "study NAME" with the trial's number.
        settings: All else that its learner wrote down, nested mappings as names with dots.
    """

    id: str
    policy: str
    game: str
    algorithm: str
    origin: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """For people."""
        if self.origin == "mesh":
            return self.policy
        return f"{self.origin} · {self.policy}"

    def value(self, name: str) -> str:
        """What it is grouped by: a place ("game"), or a setting ("setting:config.epochs")."""
        if name in _PLACES:
            return str(getattr(self, name))
        return str(self.settings.get(name.removeprefix("setting:"), "–"))

    def matches(self, words: str) -> bool:
        """Whether each of the words is in its names."""
        place = " ".join((self.id, *(str(getattr(self, one)) for one in _PLACES))).lower()
        return all(word in place for word in words.lower().split())


def is_group(name: str) -> bool:
    """Whether runs can be grouped by this."""
    return name in _PLACES or name.startswith("setting:")


def run_of(description: Mapping[str, Any], fallback: str, origin: str) -> Run:
    """A run by the file beside its journal; one without has the name of its folder."""
    known = {name: str(description.get(name, "")) for name in ("run_id", "policy", *_PLACES[1:3])}
    return Run(
        known["run_id"] or fallback,
        known["policy"] or fallback,
        known["game"],
        known["algorithm"],
        origin,
        flat({k: v for k, v in description.items() if k not in _NO_SETTINGS}),
    )


def flat(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested mappings as one, names joined by dots; lists as text."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and depth < _DEPTH:
            found |= flat(value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, list | tuple | Mapping):
            found[f"{prefix}{name}"] = str(value)[:200]
        else:
            found[f"{prefix}{name}"] = value
    return found


def compared(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """Settings that differ between runs, and those that are the same in all, each sorted."""
    names = sorted({name for run in runs for name in run.settings})
    differing = [name for name in names if len(_values(run.settings.get(name) for run in runs)) > 1]
    return differing, [name for name in names if name not in differing]


def _values(values: Iterable[Any]) -> set[str]:
    return {str(value) for value in values}
