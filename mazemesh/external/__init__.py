"""A simulator that steps itself, whose agents a mesh plays and trains (docs/external.md).

```python
kinds = {"cart": AgentKind(Box((-inf,), (inf,), (4,)), Discrete(2), policy="cartpole")}
with connect().model.simulator(kinds) as simulator:
    episode = simulator.episode()
    action = episode.act(observation)
    ...
    episode.end(terminated=True, reward=1.0)
```
"""

from mazemesh.external.episode import Episode
from mazemesh.external.kinds import AgentKind, Rows, Turned
from mazemesh.external.simulator import Simulator

__all__ = ["AgentKind", "Episode", "Rows", "Simulator", "Turned"]
