"""What a network's outputs say of the next action: distributions over each kind of space.

All of them have `sample`, `log_prob`, `entropy` and `mode`; leading dimensions are free, the last
one is that of the action. `Joint` is a mapping of them by column name (`action`, or
`action.<path>` where an action has several leaves): what algorithms work with, since it is the same
for every game.
"""

from learner.network.distributions.bernoulli import Bernoulli
from learner.network.distributions.categorical import Categorical, MultiCategorical
from learner.network.distributions.clipped import ClippedGaussian
from learner.network.distributions.distribution import Distribution, Reparameterized
from learner.network.distributions.joint import Joint
from learner.network.distributions.squashed import SquashedGaussian

__all__ = [
    "Bernoulli",
    "Categorical",
    "ClippedGaussian",
    "Distribution",
    "Joint",
    "MultiCategorical",
    "Reparameterized",
    "SquashedGaussian",
]
