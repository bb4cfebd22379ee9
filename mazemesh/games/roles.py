"""Which seats of a game belong together by name: the roles that policies of one run may have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mazemesh.errors import InvalidArgument
from mazemesh.games.spec import GameSpec

_NUMBERED = re.compile(r"[-_]?\d+$")


def roles(spec: GameSpec) -> dict[str, tuple[int, ...]]:
    """Seats by all names that they go by, in training, where seat s has start place s.

    An agent's own name ("adversary_0"), the family that its name is numbered in ("adversary"), and
    the number of its team ("1"), or its own where each plays for itself.
    """
    found: dict[str, list[int]] = {}
    team = spec.teams or tuple(range(spec.seats))
    for seat in range(spec.seats):
        names = [str(team[seat])]
        if spec.agents:
            agent = spec.agents[seat]
            names += [agent, _NUMBERED.sub("", agent)]
        for name in dict.fromkeys(filter(None, names)):
            found.setdefault(name, []).append(seat)
    return {name: tuple(seats) for name, seats in found.items()}


def cast(spec: GameSpec, policies: Mapping[str, str]) -> list[tuple[str, str, tuple[int, ...]]]:
    """Role, policy and seats of each policy of a run, in the order of their first seats.

    Args:
        spec: Of the game.
        policies: Names of policies by role.

    Raises:
        InvalidArgument: fewer than two policies, one twice, no such role, or roles that do not give
            each seat to one policy.
    """
    known, given = roles(spec), ", ".join(f"{role}={name}" for role, name in policies.items())
    if len(policies) < 2 or len(set(policies.values())) < len(policies):
        raise InvalidArgument(
            f"policies: {given or 'none'}; expected two or more, each of another name, as "
            f"{_example(spec, known)}"
        )
    for role in policies:
        if role not in known:
            raise InvalidArgument(
                f"policies: {spec.name} has no role {role!r}; there are {', '.join(sorted(known))}"
            )
    found = [(role, name, known[role]) for role, name in policies.items()]
    held = sorted(seat for _, _, seats in found for seat in seats)
    if held != list(range(spec.seats)):
        raise InvalidArgument(
            f"policies: {given} have the seats {held}; each of the {spec.seats} seats of "
            f"{spec.name} should have one policy, as by {_example(spec, known)}"
        )
    return sorted(found, key=lambda one: one[2])


def _example(spec: GameSpec, known: Mapping[str, Sequence[int]]) -> str:
    """A mapping that would be right, by families where agents have names, else by teams."""
    if spec.agents:
        names = dict.fromkeys(_NUMBERED.sub("", agent) or agent for agent in spec.agents)
    else:
        names = dict.fromkeys(map(str, spec.teams or range(spec.seats)))
    if len(names) < 2:
        names = dict.fromkeys(spec.agents)
    return ",".join(f"{name}={spec.name.partition(':')[0]}-{name}" for name in names)
