"""A part of the memory for games."""

from __future__ import annotations


class Share:
    """Memory that was reserved, as long as somebody keeps this; the games do that it is for."""
