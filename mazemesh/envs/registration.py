"""The environments' names in Gymnasium's registry."""

from __future__ import annotations

import gymnasium

SOLO_ID = "mazemesh/Solo-v0"


def register() -> None:
    """Register the environments; done once, however often it is called.

    Entry points are given as text, so that numba is imported when an environment is made.
    """
    if SOLO_ID not in gymnasium.registry:
        gymnasium.register(
            id=SOLO_ID,
            entry_point="mazemesh.envs.solo:SoloEnv",
            vector_entry_point="mazemesh.envs.vector:SoloVectorEnv",
        )
