"""What is asked of every server: a policy of a race, and rows of observations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mazemesh.games import get_game
from mazemesh.policy.onnx_policy import OnnxPolicy

SECONDS_RAW = 1.0


@dataclass(frozen=True)
class Workload:
    """A network of dense layers that plays a race."""

    hidden: tuple[int, ...] = (256, 256)

    @cached_property
    def file(self) -> bytes:
        """The ONNX file."""
        from learner.network.architecture import Architecture, initial_parameters
        from learner.network.export.onnx_policy import to_onnx

        architecture = Architecture(
            "actor-critic", self.observation_size, self.num_actions, self.hidden
        )
        return to_onnx(architecture, initial_parameters(architecture, 0))

    @cached_property
    def observation_size(self) -> int:
        """Bytes of a row."""
        return get_game("race").spec().observation_size

    @cached_property
    def num_actions(self) -> int:
        """Of a row."""
        return get_game("race").spec().num_actions

    def save(self, folder: Path) -> Path:
        """The file on disk, for servers that take one."""
        path = folder / "policy.onnx"
        path.write_bytes(self.file)
        return path

    def raw(self, batch: int) -> float:
        """Observations a second of onnxruntime alone, one thread, in this process."""
        policy = OnnxPolicy("raw:1", self.file)
        rng = np.random.default_rng(0)
        observation = rng.integers(0, 256, (batch, self.observation_size), dtype=np.uint8)
        mask = np.ones((batch, self.num_actions), np.uint8)
        policy.infer(observation, mask)
        rows, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < SECONDS_RAW:
            policy.infer(observation, mask)
            rows += batch
        return rows / elapsed
