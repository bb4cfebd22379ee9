"""A policy version loaded for inference."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from mazemesh.errors import InvalidArgument

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Observation = npt.NDArray[Any]
"""Of the game's observation_dtype: uint8, in foreign games also float32."""


class OnnxPolicy:
    """An ONNX policy (see model.proto) in one onnxruntime session.

    Attributes:
        reference: "name:version".
        version: The version number.
        greedy: Its logits are Q-values, of which the best is taken; no distribution to draw from.
    """

    def __init__(
        self, reference: str, data: bytes, *, greedy: bool = False, threads: int = 1
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A spinning thread pool would take the core from the games and the learner.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self.reference = reference
        self.greedy = greedy
        self.version = int(reference.rpartition(":")[2])
        try:
            self._session = ort.InferenceSession(data, options, providers=_providers())
        except Exception as error:
            raise InvalidArgument(f"policy {reference} does not load: {error}") from error

    def infer(self, observation: Observation, action_mask: Bytes) -> tuple[Float, Float]:
        """Logits float32 [n, A] and value float32 [n] for observations [n, D] and masks [n, A]."""
        logits, value = self._session.run(
            ["logits", "value"], {"observation": observation, "action_mask": action_mask}
        )
        return cast("Float", logits), cast("Float", value)


def _providers() -> list[str]:
    """The GPU provider where onnxruntime has one, then the CPU."""
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    available = ort.get_available_providers()
    return [provider for provider in wanted if provider in available]
