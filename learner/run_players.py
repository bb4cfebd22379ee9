"""Who plays in the games of a run, by its settings."""

from __future__ import annotations

from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument, Reason
from mazemesh.games import GameSpec
from mazemesh.games.roles import cast
from mazemesh.names import POLICY


def roles_of(
    settings: LearnerSettings, spec: GameSpec
) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Of a run of several policies, as they are set.

    Raises:
        InvalidArgument: they do not fit the game, this one is not among them, or they cannot be
            together with what else is set.
    """
    if not settings.policies:
        return ()
    given = ",".join(f"{role}={name}" for role, name in settings.policies.items())
    found = cast(spec, settings.policies)
    for name in settings.policies.values():
        POLICY.check("policies", name)
    if settings.policy_name not in settings.policies.values():
        raise InvalidArgument(
            f"policies: {given}: this learner's policy is {settings.policy_name!r}, and should be "
            "one of them (--policy)"
        )
    if settings.exploits or settings.exploits_pool or settings.lockstep:
        raise InvalidArgument(
            f"policies: {given}: an exploiter, and a learner in lockstep, has one policy; leave "
            "--exploits, --exploits-pool and --lockstep out"
        )
    return tuple(found)


def check_opponents(settings: LearnerSettings, seats: int, num_sides: int) -> None:
    """Raises InvalidArgument: `pool` or `exploits` cannot be as they are set."""
    own, pool, exploited = settings.policy_name, settings.pool, settings.exploits
    if settings.exploits_pool and (exploited or not pool):
        raise InvalidArgument(
            f"exploits_pool: pool is {','.join(pool) or 'empty'} and exploits "
            f"{exploited or 'empty'}; it wants names in pool, and exploits empty"
        )
    if not (pool or exploited):
        return
    given = f"pool = {','.join(pool) or 'none'}, exploits = {exploited or 'none'}"
    if seats == 1:
        raise InvalidArgument(f"{given}: {settings.game} has one seat, and so no opponents")
    if num_sides == 1:
        raise InvalidArgument(
            f"{given}: all players of {settings.game} win and lose together, so there is no "
            "adversary; leave both empty",
            reason=Reason.NO_ADVERSARY,
        )
    if settings.lockstep:
        raise InvalidArgument(f"{given}: in lockstep a run has no opponents but its own versions")
    if pool and exploited:
        raise InvalidArgument(f"{given}: who exploits a policy meets that one alone; set one")
    if own in (exploited, *pool) or len(set(pool)) < len(pool):
        raise InvalidArgument(f"{given}: should name other policies than {own!r}, each once")
