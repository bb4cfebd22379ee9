"""Gradients of actor-critic losses by a network's outputs, written out for one discrete action.

Automatic differentiation says the same (tests compare them) and takes longer: these arrays are
small and its operations many. For actions of other kinds it is `differentiated`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from learner.network.architecture import ILLEGAL
from learner.network.network import Network

MASKED = float(ILLEGAL)
"""Of a type that torch.compile knows."""


@dataclass(frozen=True)
class Policy:
    """What a network says of n steps.

    Attributes:
        log_policy: log pi(.|x), float32 [n, A]; `ILLEGAL` or less where masked.
        policy: pi(.|x), float32 [n, A].
        entropy: In nats, float32 [n].
        chosen: log pi(a|x) of the actions taken, float32 [n].
        value: float32 [n].
    """

    log_policy: Tensor
    policy: Tensor
    entropy: Tensor
    chosen: Tensor
    value: Tensor

    @classmethod
    def of(cls, outputs: Tensor, illegal: Tensor, action: Tensor) -> Policy:
        """From outputs float32 [n, A + 1], illegal bool [n, A] and action int64 [n, 1]."""
        logits = outputs[:, :-1].masked_fill(illegal, MASKED)
        log_policy = functional.log_softmax(logits, dim=1)
        policy = log_policy.exp()
        entropy = -(policy * log_policy).sum(dim=1)
        return cls(
            log_policy, policy, entropy, log_policy.gather(1, action).squeeze(1), outputs[:, -1]
        )


def gradient(
    now: Policy, action: Tensor, push: Tensor, by_value: Tensor, entropy_cost: float
) -> Tensor:
    """The gradient of mean(loss) by the outputs, float32 [n, A + 1].

    The loss of a step is `-push log pi(a|x) - entropy_cost H(pi(.|x))` plus something of the value.
    By the logits, the gradient of log pi(a|x) is one at a, less pi(.|x); that of -H is
    pi(.|x) (log pi(.|x) + H).

    Args:
        now: The policy at the steps.
        action: Taken, int64 [n, 1].
        push: Derivative of the loss by -log pi(a|x), float32 [n].
        by_value: Derivative of the loss by the value, float32 [n].
        entropy_cost: Weight of the entropy.
    """
    n = len(push)
    result = push.new_empty(n, now.policy.shape[1] + 1)
    pull = -push.unsqueeze(1)
    by_logits = (now.log_policy + now.entropy.unsqueeze(1)).mul_(entropy_cost).sub_(pull)
    by_logits.mul_(now.policy).scatter_add_(1, action, pull)
    torch.div(by_logits, n, out=by_logits)
    result[:, :-1] = by_logits
    result[:, -1] = by_value / n
    return result


def differentiated(
    outputs: Tensor, loss: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    """The gradient of a loss by the outputs, by automatic differentiation; and what it tells.

    Args:
        outputs: Of the network, float32 [n, W + 1].
        loss: From outputs to the loss [] and its statistics [k].
    """
    with torch.enable_grad():
        leaf = outputs.detach().requires_grad_()
        total, told = loss(leaf)
        (by_outputs,) = torch.autograd.grad(total, leaf)
    return by_outputs, told.detach()


def in_units(network: Network, by_outputs: Tensor) -> Tensor:
    """A gradient by outputs [n, W + 1] of a loss whose values are in the network's unit.

    With s the network's `return_scale`, that loss has ((V - target) / s)^2 where this one was made
    with (V - target)^2. Changed in place.
    """
    if isinstance(network.return_scale, Tensor):
        by_outputs[:, -1].div_(network.return_scale.square())
    return by_outputs
