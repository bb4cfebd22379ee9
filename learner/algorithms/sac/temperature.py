"""What a nat of entropy is worth, learned (Haarnoja et al. 2018, section 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from learner.algorithms.algorithm import Start
from learner.algorithms.sac import SACConfig
from learner.network.gradients.descent import Descent


class Temperature:
    """alpha = exp(l), where l descends on alpha's loss: l * (entropy - target entropy).

    By l, the gradient of equation 18 there is alpha times that; as usual it is left out, so that a
    temperature near 0 finds its way back.
    """

    def __init__(self, start: Start[SACConfig]) -> None:
        config, place = start.config, start.place
        self._logarithm = nn.Parameter(torch.full((1,), math.log(config.temperature)))
        module = nn.ParameterList([self._logarithm]).to(place.device)
        self._descent = Descent(
            module,
            config.temperature_learning_rate,
            math.inf,
            ranks=start.ranks,
            recordable=place.on_gpu,
        )
        self._learned = config.temperature_learning_rate > 0

    @property
    def value(self) -> Tensor:
        """alpha, float32 []."""
        return self._descent.vector[0].exp()

    def step(self, excess: Tensor) -> None:
        """One step, where the policy's entropy is so much above its target, float32 []."""
        if self._learned:
            self._descent.gradient.copy_(excess.view(1))
            self._descent.step()

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"logarithm": self._descent.vector.clone(), "optimizer": self._descent.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        self._descent.vector.copy_(state["logarithm"])
        self._descent.restore(state["optimizer"])
