"""The built-in players: their names, codes and policy names.

The engine itself plays them (`BatchEngine.next_controller`), from what it knows of the game:

* random: uniform over the open passages; never stays.
* wall-follower: keeps its right hand on the wall; finds the exit of every maze without loops.
* shortest-path: walks down the distance to the exit; ties are drawn.
"""

from __future__ import annotations

from mazemesh.errors import InvalidArgument

BOTS: tuple[str, ...] = ("random", "wall-follower", "shortest-path")
EXTERNAL = -1
RANDOM, WALL_FOLLOWER, SHORTEST_PATH = range(len(BOTS))
_PREFIX = "bot/"


def bot_policy(name: str) -> str:
    """Return the policy name of a bot, such as "bot/random"."""
    return _PREFIX + name


def is_bot(policy: str) -> bool:
    """Return whether a policy name is that of a built-in bot."""
    return policy.startswith(_PREFIX) and policy.removeprefix(_PREFIX) in BOTS


def bot_name(policy: str) -> str:
    """Return the bare name of a bot given as "bot/<name>" or "<name>"."""
    return policy.removeprefix(_PREFIX)


def bot_code(policy: str) -> int:
    """Return the controller code of a bot given as "bot/<name>" or "<name>".

    Raises:
        InvalidArgument: No such bot; the message names those that exist.
    """
    name = policy.removeprefix(_PREFIX)
    if name not in BOTS:
        known = ", ".join(bot_policy(bot) for bot in BOTS)
        raise InvalidArgument(f"bot: {policy!r} is unknown; the bots are {known}")
    return BOTS.index(name)
