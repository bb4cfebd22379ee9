"""A recommender: slates of items for a user whose interests move.

`SlateEnv` is the environment with vector rewards, `make` what mazemesh plays: the same with one
reward, by weights. `baselines` has what one would do without learning.
"""

from mazemesh_recommender.environment import OBJECTIVES, SlateEnv
from mazemesh_recommender.scalarised import MODES, LinearReward, make

__all__ = ["MODES", "OBJECTIVES", "LinearReward", "SlateEnv", "make"]
