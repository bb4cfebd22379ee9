"""Games of others: Gymnasium and PettingZoo environments, stepped in processes of their own.

A foreign game is named by where it comes from:

* `gymnasium:CartPole-v1`: an id that `gymnasium.make` knows;
* `pettingzoo:pettingzoo.classic.rps_v2`: a module with `parallel_env`, or `module:callable`;
* a name of its own, which an installed package gave it in the entry-point group `mazemesh.games`.

Arguments follow a question mark: `gymnasium:FrozenLake-v1?is_slippery=false&map_name=8x8`.
"""

from typing import TYPE_CHECKING

from mazemesh.games.foreign.environments.names import foreign_among, plugins, policy_name

if TYPE_CHECKING:
    from mazemesh.games.foreign.game import ForeignGame, load

__all__ = ["ForeignGame", "foreign_among", "load", "plugins", "policy_name"]


def __getattr__(name: str) -> object:
    # These take numpy and multiprocessing, which whoever only reads a name need not load.
    if name in ("ForeignGame", "load"):
        from mazemesh.games.foreign import game

        return getattr(game, name)
    raise AttributeError(f"module 'mazemesh.games.foreign' has no attribute {name!r}")
