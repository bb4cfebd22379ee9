"""What may be told of a run by whoever only asks for it: settings of the learner, by subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "game": (
        *("width", "height", "view", "generator", "loops", "step_limit", "seats"),
        *("line_of_sight", "shaping", "shaping_discount"),
    ),
    "network": (
        *("hidden", "activation", "image", "frames", "memory_cell", "value_layers"),
        *("normalize_observations", "normalize_rewards"),
    ),
    "machine": ("device", "threads", "precision", "batches_ahead", "packed"),
    "publishing": ("publish_steps", "publish_seconds", "snapshot_seconds", "checkpoint_seconds"),
}
"""All others name modules, files, servers or policies: the operator's, and nobody else's."""

SETTINGS: Final = frozenset(name for names in SECTIONS.values() for name in names)
"""All of them."""
