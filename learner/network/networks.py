"""The network of an architecture: its layers, a composed one, or the user's own."""

from __future__ import annotations

from learner.network.architecture import Architecture, Parameters
from learner.network.layered import Layered, Recurrent
from learner.network.network import Network


def make(architecture: Architecture, seed: int = 0) -> Network:
    """The network of an architecture, its weights as they come; `seed` is of those of modules."""
    if architecture.own is not None:
        from learner.network.own import OwnNetwork

        return OwnNetwork(architecture, architecture.own, seed)
    if not architecture.plain:
        from learner.network.composed import Composed

        return Composed(architecture, seed)
    return Recurrent(architecture) if architecture.memory else Layered(architecture)


def build(architecture: Architecture, parameters: Parameters) -> Network:
    """The network of an architecture with the weights given."""
    network = make(architecture)
    network.load(parameters)
    return network
