"""An ONNX file of somebody's own on its way to the Model service, with answers to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings, open_game
from mazemesh.games.spaces import Discrete, Space
from mazemesh.policy.behaviour import Answered, HeldOutPlay, answers
from mazemesh.policy.file.policy_file import PolicyFile, read_policy
from mazemesh.policy.file.variants import check_kinds
from mazemesh.policy.heads import heads, parts_of
from mazemesh.policy.onnx_policy import Observation, OnnxPolicy
from mazemesh.v1.model_pb2 import (
    Collection,
    ParityCheck,
    PolicyVariant,
    PolicyVariantFile,
    PolicyVersion,
    PublishPolicyHeader,
)
from mazemesh.wire.specs import settings_to_proto
from mazemesh.wire.tensors import to_tensor

if TYPE_CHECKING:
    from mazemesh.client.mesh import Mesh

_ROWS, _STEPS = 32, 17
"""Of the play that a file is checked on."""

_MAX_BYTES = 512 * 1024
"""Of its observations; of wide ones there are fewer."""


class PublishingPeer(Protocol):
    """What is needed of the Model service (`mazemesh.client.model.ModelClient`)."""

    def publish(self, header: PublishPolicyHeader, data: bytes) -> PolicyVersion:
        """Publishes a file and waits until the version is ready."""
        ...


@dataclass(frozen=True)
class MadeVariant:
    """Another form of a version's file.

    Attributes:
        kind: "fp16", "bf16" or "int8".
        size_bytes: Of its file; 0 where it was rejected.
        largest_difference: Of any answer x from the publisher's, in units of max(1, |x|).
        same_choices: Share of choices of which the likeliest is the same.
        rejection: Why there is none; empty otherwise.
    """

    kind: str
    size_bytes: int
    largest_difference: float
    same_choices: float
    rejection: str = ""

    @classmethod
    def of(cls, told: PolicyVariantFile) -> MadeVariant:
        """As Model tells it."""
        kind = PolicyVariant.Name(told.variant).removeprefix("POLICY_VARIANT_").lower()
        return cls(
            kind, told.size_bytes, told.largest_difference, told.same_choices, told.rejection
        )

    def __str__(self) -> str:
        """In words."""
        if self.rejection:
            return f"{self.kind} was not made: {self.rejection}"
        return (
            f"{self.kind}, {self.size_bytes} bytes: answers differ by at most "
            f"{self.largest_difference:.2g}, {self.same_choices:.1%} of choices are the same"
        )


@dataclass(frozen=True)
class Published:
    """A version that is ready to play.

    Attributes:
        policy: "name:version".
        sha256: Of the file.
        size_bytes: Of the file, weights that lay beside it included.
        snapshot: Whether it is kept and rated.
        q_values: Whether its logits are Q-values, of which the best is played.
        expected_from: Which program computed the answers that Model compared with its own.
        compared: What Model says of the comparison.
        changes: What was changed at the edges of the file, in words.
        variants: Other forms that Model made of the file; of one that failed, why.
    """

    policy: str
    sha256: str
    size_bytes: int
    snapshot: bool
    q_values: bool
    expected_from: str
    compared: str
    changes: tuple[str, ...] = ()
    variants: tuple[MadeVariant, ...] = ()


@dataclass(frozen=True)
class Publication:
    """A file that has passed all that can be checked here.

    Attributes:
        header: What Model is told of it.
        data: The file.
        expected_from: Which program computed the header's expected answers.
        changes: What was changed at the edges of the file, in words.
    """

    header: PublishPolicyHeader
    data: bytes
    expected_from: str
    changes: tuple[str, ...] = ()

    def send(self, model: PublishingPeer) -> Published:
        """Publishes it and waits until the version is ready.

        Raises:
            FailedPrecondition: the file failed a check; the message names it with its number.
            Conflict: another run holds the name.
        """
        version = model.publish(self.header, self.data)
        return Published(
            policy=f"{version.name}:{version.version}",
            sha256=version.sha256,
            size_bytes=version.size_bytes,
            snapshot=version.snapshot,
            q_values=version.q_values,
            expected_from=self.expected_from,
            compared=version.checked,
            changes=self.changes,
            variants=tuple(map(MadeVariant.of, version.variants)),
        )


def publish(
    path: str | Path,
    *,
    name: str,
    game: str,
    settings: GameSettings | None = None,
    snapshot: bool = True,
    q_values: bool | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    variants: Sequence[str] = (),
    mesh: Mesh | None = None,
) -> Published:
    """Publishes an ONNX file that was trained elsewhere, and waits until it can be played.

    It is checked on held-out play of the game, here and by the Model service.

    ```pycon
    >>> from pathlib import Path
    >>> version, file = mesh.model.get("race:1")
    >>> _ = Path("trained.onnx").write_bytes(file)
    >>> published = mazemesh.publish("trained.onnx", name="trained-elsewhere", game="race")
    >>> published.policy
    'trained-elsewhere:1'

    ```

    Args:
        path: The file; weights that lie beside it are put into it.
        name: Of the policy; its versions count up.
        game: The game that it plays, opened in this process.
        settings: Of the game; the defaults if None.
        snapshot: Whether it is kept and rated.
        q_values: Whether its logits are Q-values, of which the best is played, or preferences, by
            whose softmax is drawn. None: as the file's own metadata say (mazemesh.q_values), else
            preferences.
        names: Names of the file's inputs and outputs, to those of a policy (`observation`,
            `action_mask`, `logits`, `value`, ...), where they cannot be told.
        variants: Other forms that Model makes of the file: "fp16", "bf16", "int8".
        mesh: Where to; `mazemesh.connect()` if None.

    Raises:
        InvalidArgument: it is no policy for this game; tells how to export it.
        FailedPrecondition, Conflict: as `Publication.send`.
    """
    publication = prepare(
        *(Path(path), name, game, settings),
        snapshot=snapshot,
        q_values=q_values,
        names=names,
        variants=variants,
    )
    if mesh is not None:
        return publication.send(mesh.model)
    from mazemesh.client.mesh import connect

    with connect() as own:
        return publication.send(own.model)


def prepare(
    path: Path,
    name: str,
    game: str,
    settings: GameSettings | None = None,
    *,
    snapshot: bool = True,
    q_values: bool | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    variants: Sequence[str] = (),
) -> Publication:
    """Checks a file and computes its expected answers; see `publish`.

    They are of held-out play, at a step where a memory already has something in it.
    """
    rules, chosen = open_game(game), settings or GameSettings()
    found = read_policy(path, rules.spec(chosen), names, q_values)
    answered = _played(path, OnnxPolicy(f"{name}:0", found.data), rules, chosen)
    parity, by = _parity(found, answered, rules.spec(chosen).action_space)
    header = PublishPolicyHeader(
        name=name,
        snapshot=snapshot,
        q_values=found.q_values,
        collection=Collection(game=game, settings=settings_to_proto(chosen)),
        parity=parity,
        variants=[f"POLICY_VARIANT_{kind.upper()}" for kind in check_kinds(variants)],
    )
    return Publication(header, found.data, by, found.changes)


def _played(path: Path, policy: OnnxPolicy, game: Game, settings: GameSettings) -> Answered:
    """The policy's answers in the last of some steps of play."""
    games = -(-_ROWS // game.spec(settings).seats)
    play = HeldOutPlay.record(game, settings, games, _STEPS)
    try:
        *_, last = answers(policy, play)
    except Exception as error:  # onnxruntime's own classes share no base but Exception
        reason = str(error).strip().splitlines()[0]
        raise InvalidArgument(
            f"{path} does not run on observations of {game.name}: {reason}"
        ) from error
    columns = observed_columns(last.observation)
    width = sum(column[0].nbytes for column in columns.values())
    rows = slice(0, max(1, min(_ROWS, _MAX_BYTES // width)))
    shown = {name: column[rows] for name, column in columns.items()}
    return Answered(
        shown if isinstance(last.observation, Mapping) else shown["observation"],
        last.action_mask[rows],
        last.state[rows],
        last.logits[rows],
        last.value[rows],
        last.next_state[rows],
    )


def observed_columns(observation: Observation) -> Mapping[str, npt.NDArray[Any]]:
    """By name, also where there is one."""
    return observation if isinstance(observation, Mapping) else {"observation": observation}


def _parity(file: PolicyFile, seen: Answered, action: Space) -> tuple[ParityCheck, str]:
    """Inputs and expected outputs, and by which program these were computed."""
    parts = heads(action)
    masks = {head.mask: seen.action_mask[:, head.masks] for head in parts if head.mask}
    inputs = {**observed_columns(seen.observation), **masks}
    outputs = {name: seen.logits[:, part] for name, part in parts_of(parts)}
    expected = {**outputs, "value": seen.value}
    if seen.state.shape[1]:
        inputs["state"], expected["next_state"] = seen.state, seen.next_state
    others = file.reference_answers(list(expected), inputs)
    by = "onnxruntime (the reference implementation lacks an operator)"
    if others is not None:
        expected = dict(zip(expected, others, strict=True))
        by = "ONNX's reference implementation"
    message = ParityCheck()
    observed = seen.observation
    vector = not isinstance(observed, Mapping) and observed.ndim == 2
    plain = vector and isinstance(action, Discrete)
    for given, fields in ((inputs, message.inputs), (expected, message.outputs)):
        for key, value in given.items():
            has_field = plain or key in ("state", "value", "next_state")
            tensor = getattr(message, key) if has_field else fields[key]
            tensor.CopyFrom(to_tensor(np.ascontiguousarray(value)))
    return message, by
