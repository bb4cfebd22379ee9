"""A policy version loaded for inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.experience import policy_digest
from mazemesh.games.spaces import Discrete, Space
from mazemesh.policy.deciding import Actions, Deciding
from mazemesh.policy.file.space_text import ACTION_SPACE, space_of
from mazemesh.policy.heads import ACTION_DISTRIBUTION, distribution_of, heads
from mazemesh.policy.sampling import best, sample

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Observation = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
"""[n, *shape] of the game's observation; of several leaves by column, `observation.<path>`, or a
record with these fields."""

_DTYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(uint16)": np.uint16,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
}


class OnnxPolicy:
    """An ONNX policy (see model.proto) in one onnxruntime session.

    The file is run as it is: it comes from Model, which has validated it, or has passed
    `mazemesh.policy.file.graph.check_graph`.

    Attributes:
        reference: "name:version".
        version: The version number.
        greedy: Its logits are Q-values, of which the best is taken; no distribution to draw from.
        digest: Of the file, as `mazemesh.experience.policy_digest` says.
        state_size: Elements of what it remembers from step to step; 0 for a policy without memory.
        deciding: What its answers say of actions.
    """

    def __init__(
        self,
        reference: str,
        data: bytes,
        *,
        greedy: bool = False,
        threads: int = 1,
        action_space: Space | None = None,
        action_distribution: str = "",
        providers: Sequence[str] | None = None,
        own_threads: bool = True,
    ) -> None:
        """What is not told of its actions stands in the file's own metadata.

        Without it actions are one number, with a logit each. `providers` are onnxruntime's; None
        takes a GPU where there is one. Without threads of its own the session has no arena either:
        it is one of many in a process that made threads for all of them.

        Raises:
            InvalidArgument: onnxruntime does not load it, or its outputs are not those of the
                actions.
        """
        import onnxruntime as ort  # a fifth of a second, which who only names a policy need not pay

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A spinning thread pool would take the core from the games and the learner.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        if not own_threads:
            options.use_per_session_threads = False
            options.enable_cpu_mem_arena = False
            options.add_session_config_entry("session.force_spinning_stop", "1")
        self.reference = reference
        self.greedy = greedy
        self.digest = policy_digest(data)
        self.version = int(reference.rpartition(":")[2])
        try:
            chosen = _providers() if providers is None else list(providers)
            self._session = ort.InferenceSession(data, options, providers=chosen)
        except Exception as error:
            raise InvalidArgument(f"policy {reference} does not load: {error}") from error

        inputs = {one.name: one.shape for one in self._session.get_inputs()}
        self.state_size: int = inputs["state"][1] if "state" in inputs else 0
        told = self._session.get_modelmeta().custom_metadata_map
        if action_space is None:
            action_space = _actions(inputs, told, reference)
        drawn = action_distribution or told.get(f"mazemesh.{ACTION_DISTRIBUTION}", "clipped")
        self.deciding = Deciding(action_space, distribution_of(drawn, f"policy {reference}"))
        self._numbered = isinstance(action_space, Discrete)
        self._heads = heads(action_space)
        answers = [name for head in self._heads for name in head.outputs]
        there = {one.name for one in self._session.get_outputs()}
        if missing := {*answers, "value"} - there:
            raise InvalidArgument(
                f"policy {reference} has the outputs {sorted(there)}; its actions need "
                f"{sorted(missing)} too"
            )
        self._answers = len(answers)
        self._outputs = [*answers, "value", *(["next_state"] if self.state_size else [])]
        self._masks = [(head.mask, head.masks) for head in self._heads if head.mask]

    @property
    def inputs(self) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
        """Name, dtype and shape of a row of each input of the file."""
        return tuple(
            (one.name, np.dtype(_DTYPES[one.type]).name, tuple(one.shape[1:]))
            for one in self._session.get_inputs()
        )

    @property
    def providers(self) -> tuple[str, ...]:
        """Onnxruntime's execution providers that the session has, the preferred one first."""
        return tuple(self._session.get_providers())

    def warm(self) -> None:
        """Runs the session once, on zeros."""
        inputs = {
            one.name: np.zeros((1, *one.shape[1:]), _DTYPES[one.type])
            for one in self._session.get_inputs()
        }
        self._session.run(self._outputs, inputs)

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
            observation: [n, *shape], or by column.
            action_mask: uint8 [n, A]; of several leaves the masks of all, [n, M].
            state: float32 [n, state_size], zeros at the beginning of an episode; not read by a
                policy without memory.

        Returns:
            Logits float32 [n, A] (of other actions than one number those of all heads, [n, W]),
            value float32 [n], and the next state float32 [n, state_size].
        """
        inputs: dict[str, Any]
        if isinstance(observation, Mapping):
            inputs = dict(observation)
        elif observation.dtype.names is not None:
            names = observation.dtype.names
            inputs = {name: np.ascontiguousarray(observation[name]) for name in names}
        else:
            inputs = {"observation": observation}
        if len(self._masks) == 1:
            inputs[self._masks[0][0]] = action_mask
        else:
            for name, part in self._masks:
                inputs[name] = np.ascontiguousarray(action_mask[:, part])
        if self.state_size:
            if state is None:
                state = np.zeros((_rows(observation), self.state_size), np.float32)
            inputs["state"] = state
        outputs = self._session.run(self._outputs, inputs)
        count = self._answers
        logits = outputs[0] if count == 1 else np.concatenate(outputs[:count], axis=1)
        value = outputs[count]
        after = outputs[count + 1] if self.state_size else no_state(len(value))
        return cast("Float", logits), cast("Float", value), cast("Float", after)

    def seen(self, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[Observation, Bytes]:
        """Observation and masks as `infer` takes them, of columns of n rows by name.

        Other columns may not be among them; those of masks need not be, where there are none.
        """
        masks = [columns[head.mask] for head in self._heads if head.mask]
        observed = {
            name: np.ascontiguousarray(column)
            for name, column in columns.items()
            if not name.startswith("action_mask")
        }
        first = next(iter(observed.values()))
        if len(masks) > 1:
            mask = np.concatenate(masks, axis=1)
        else:
            mask = masks[0] if masks else np.zeros((len(first), 0), np.uint8)
        return first if len(observed) == 1 else observed, mask

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
            observation: [n, *shape], or by column.
            action_mask: uint8 [n, A]; of several leaves the masks of all, [n, M].
            state: As for `infer`.
            rng: Source of the draws from softmax(logits / temperature), and of Gaussians whose
                deviations are multiplied by the temperature; None takes the best action (the mean,
                where actions are continuous), as Q-networks (`greedy`) always do.
            temperature: 0 takes the best action too.

        Returns:
            Actions [n, *shape], within their bounds (of one number int8 or int32 [n]; of several
            leaves by column), and the next state float32 [n, state_size].
        """
        logits, _, next_state = self.infer(observation, action_mask, state)
        return self.decide(logits, rng, temperature), next_state

    def decide(
        self, logits: Float, rng: np.random.Generator | None = None, temperature: float = 1.0
    ) -> Actions:
        """Actions by what `infer` answered, as `act` says."""
        if rng is None or self.greedy:
            return best(logits) if self._numbered else self.deciding.best(logits)
        if self._numbered:
            return sample(logits, temperature, rng)
        return self.deciding.bounded(self.deciding.draw(logits, temperature, rng))


def _rows(observation: Observation) -> int:
    if isinstance(observation, Mapping):
        return len(next(iter(observation.values())))
    return len(observation)


def _actions(inputs: Mapping[str, Any], told: Mapping[str, str], reference: str) -> Space:
    """The space of actions, by a file's metadata, or one number by the width of its mask."""
    if ACTION_SPACE in told:
        return space_of(told[ACTION_SPACE])
    shape = inputs.get("action_mask", ())
    if len(shape) != 2 or not isinstance(shape[1], int):
        raise InvalidArgument(
            f"policy {reference} has no action_mask, and its metadata do not say what its actions "
            f"are ({ACTION_SPACE})"
        )
    return Discrete(shape[1])


def no_state(rows: int) -> Float:
    """The state of a policy without memory, float32 [rows, 0]."""
    return np.zeros((rows, 0), np.float32)


def _providers() -> list[str]:
    """The GPU provider where onnxruntime has one, then the CPU."""
    import onnxruntime as ort

    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    available = ort.get_available_providers()
    return [provider for provider in wanted if provider in available]
