"""Power control in a 5G network: each cell is an agent, and disturbs the others.

`RadioNetwork` is the environment with vector rewards, `make` what mazemesh plays: the same with one
reward, by weights. `baselines` has what the field would do without learning.
"""

from mazemesh_radio.environment import OBJECTIVES, RadioNetwork
from mazemesh_radio.scalarised import MODES, LinearRewards, make

__all__ = ["MODES", "OBJECTIVES", "LinearRewards", "RadioNetwork", "make"]
