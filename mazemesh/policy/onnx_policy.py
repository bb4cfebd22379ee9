"""A policy version loaded for inference."""

from __future__ import annotations

from copy import copy
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.experience import policy_digest
from mazemesh.policy.sampling import Actions, best, sample

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Observation = npt.NDArray[Any]
"""Of the game's observation_dtype: uint8, in foreign games also float32."""


class OnnxPolicy:
    """An ONNX policy (see model.proto) in one onnxruntime session.

    The file is run as it is: it comes from Model, which has validated it, or has passed
    `mazemesh.policy.graph.check_graph`.

    Attributes:
        reference: "name:version".
        version: The version number.
        greedy: Its logits are Q-values, of which the best is taken; no distribution to draw from.
        digest: Of the file, as `mazemesh.experience.policy_digest` says.
        state_size: Elements of what it remembers from step to step; 0 for a policy without memory.
    """

    def __init__(
        self, reference: str, data: bytes, *, greedy: bool = False, threads: int = 1
    ) -> None:
        import onnxruntime as ort  # a fifth of a second, which who only names a policy need not pay

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A spinning thread pool would take the core from the games and the learner.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self.reference = reference
        self.greedy = greedy
        self.digest = policy_digest(data)
        self.version = int(reference.rpartition(":")[2])
        try:
            self._session = ort.InferenceSession(data, options, providers=_providers())
        except Exception as error:
            raise InvalidArgument(f"policy {reference} does not load: {error}") from error

        sizes = {one.name: one.shape[1] for one in self._session.get_inputs()}
        self.state_size: int = sizes.get("state", 0)

    def known_as(self, reference: str, *, greedy: bool) -> OnnxPolicy:
        """The same file as this version, in the same session."""
        one = copy(self)
        one.reference, one.greedy = reference, greedy
        one.version = int(reference.rpartition(":")[2])
        return one

    def infer(
        self, observation: Observation, action_mask: Bytes, state: Float | None = None
    ) -> tuple[Float, Float, Float]:
        """Answers to n observations.

        Args:
            observation: [n, D].
            action_mask: uint8 [n, A].
            state: float32 [n, state_size], zeros at the beginning of an episode; not read by a
                policy without memory.

        Returns:
            Logits float32 [n, A], value float32 [n], and the next state float32 [n, state_size].
        """
        inputs = {"observation": observation, "action_mask": action_mask}
        if not self.state_size:
            logits, value = self._session.run(["logits", "value"], inputs)
            return cast("Float", logits), cast("Float", value), no_state(len(value))
        if state is None:
            state = np.zeros((len(observation), self.state_size), np.float32)
        names = ["logits", "value", "next_state"]
        outputs = self._session.run(names, {**inputs, "state": state})
        return cast("tuple[Float, Float, Float]", tuple(outputs))

    def act(
        self,
        observation: Observation,
        action_mask: Bytes,
        state: Float | None = None,
        *,
        rng: np.random.Generator | None = None,
        temperature: float = 1.0,
    ) -> tuple[Actions, Float]:
        """Chooses an action for each of n observations.

        Args:
            observation: [n, D].
            action_mask: uint8 [n, A].
            state: As for `infer`.
            rng: Source of the draws from softmax(logits / temperature); None takes the best action,
                as Q-networks (`greedy`) always do.
            temperature: 0 takes the best action too.

        Returns:
            Actions int8 [n], and the next state float32 [n, state_size].
        """
        logits, _, next_state = self.infer(observation, action_mask, state)
        if rng is None or self.greedy:
            return best(logits), next_state
        return sample(logits, temperature, rng), next_state


def no_state(rows: int) -> Float:
    """The state of a policy without memory, float32 [rows, 0]."""
    return np.zeros((rows, 0), np.float32)


def _providers() -> list[str]:
    """The GPU provider where onnxruntime has one, then the CPU."""
    import onnxruntime as ort

    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    available = ort.get_available_providers()
    return [provider for provider in wanted if provider in available]
