"""The games as Gymnasium and PettingZoo environments, played in this process.

Importing this package registers `mazemesh/Solo-v0` with Gymnasium.
"""

from mazemesh.envs.parallel import MazeParallelEnv, parallel_env
from mazemesh.envs.registration import register
from mazemesh.envs.solo import SoloEnv
from mazemesh.envs.vector import SoloVectorEnv

__all__ = ["MazeParallelEnv", "SoloEnv", "SoloVectorEnv", "parallel_env", "register"]

register()
