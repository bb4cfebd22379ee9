"""From observations of any space to features: an encoder a leaf, and all of them side by side."""

from learner.network.encoders.tree import TreeEncoder

__all__ = ["TreeEncoder"]
