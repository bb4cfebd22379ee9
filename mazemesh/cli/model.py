"""`mazemesh publish`: put an ONNX file into the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Host,
    Json,
    PortBase,
    connected,
    errors_as_lines,
)
from mazemesh.cli.output import print_json

if TYPE_CHECKING:
    from mazemesh.v1.model_pb2 import PublishPolicyHeader

_ROWS, _STEPS = 32, 17
"""Of the play that a file is checked on."""

_MAX_BYTES = 512 * 1024
"""Of its observations; of wide ones there are fewer."""


def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The ONNX file.")],
    name: Annotated[str, typer.Option(help="Name of the policy.")],
    game: Annotated[str, typer.Option(help="The game it plays, under its default settings.")],
    snapshot: Annotated[bool, typer.Option(help="Keep it and rate it.")] = True,
    q_values: Annotated[
        bool | None,
        typer.Option(
            "--q-values/--preferences",
            help="Its logits are Q-values, of which the best is played, or preferences, by whose "
            "softmax is drawn. Default: what the file's own metadata say (mazemesh.q_values), "
            "else preferences.",
        ),
    ] = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Publish a policy that was trained elsewhere.

    The file is validated against the game by the Model service, on observations of real play whose
    answers are computed here first, by another program than the one that plays it. Weights that lie
    beside the file are put into it.
    """
    with errors_as_lines():
        header, data, by = _prepare(file, name, game, snapshot, q_values)
        with connected(data_dir, host, port_base, ("game", "model"), [game]) as mesh:
            version = mesh.model.publish(header, data)
    reference = f"{version.name}:{version.version}"
    if json:
        print_json(
            {
                "policy": reference,
                "sha256": version.sha256,
                "snapshot": version.snapshot,
                "q_values": version.q_values,
                "expected_from": by,
                "compared": version.checked,
            }
        )
    else:
        typer.echo(f"published {reference} ({version.size_bytes} bytes)")
        kind = "the best of its Q-values" if version.q_values else "draws by softmax of its logits"
        typer.echo(f"plays {kind}; expected answers are {by}'s; compared: {version.checked}")


def _prepare(
    file: Path, name: str, game: str, snapshot: bool, q_values: bool | None
) -> tuple[PublishPolicyHeader, bytes, str]:
    """Header and file, and by which program the header's expected answers were computed.

    They are of held-out play, at a step where a memory already has something in it.
    """
    from mazemesh.errors import InvalidArgument
    from mazemesh.games import GameSettings, open_game
    from mazemesh.policy.behaviour import HeldOutPlay, answers
    from mazemesh.policy.onnx_policy import OnnxPolicy
    from mazemesh.policy.policy_file import read_policy
    from mazemesh.tensors import to_tensor
    from mazemesh.v1.model_pb2 import Collection, ParityCheck, PublishPolicyHeader
    from mazemesh.wire import settings_to_proto

    rules = open_game(game)
    spec = rules.spec(GameSettings())
    found = read_policy(file, spec)
    policy = OnnxPolicy(f"{name}:0", found.data)
    games = -(-_ROWS // spec.seats)
    play = HeldOutPlay.record(rules, GameSettings(), games, _STEPS)
    try:
        *_, last = answers(policy, play)
    except Exception as error:  # onnxruntime's own classes share no base but Exception
        reason = str(error).strip().splitlines()[0]
        raise InvalidArgument(f"{file} does not run on observations of {game}: {reason}") from error
    rows = slice(0, max(1, min(_ROWS, _MAX_BYTES // last.observation[0].nbytes)))
    inputs = {"observation": last.observation[rows], "action_mask": last.action_mask[rows]}
    expected = {"logits": last.logits[rows], "value": last.value[rows]}
    if policy.state_size:
        inputs["state"], expected["next_state"] = last.state[rows], last.next_state[rows]
    others = found.reference_answers(list(expected), inputs)
    by = "onnxruntime (the reference implementation lacks an operator)"
    if others is not None:
        expected = dict(zip(expected, others, strict=True))
        by = "ONNX's reference implementation"
    tensors = {key: to_tensor(value) for key, value in {**inputs, **expected}.items()}
    header = PublishPolicyHeader(
        name=name,
        snapshot=snapshot,
        q_values=found.q_values if q_values is None else q_values,
        collection=Collection(game=game, settings=settings_to_proto(GameSettings())),
        parity=ParityCheck(**tensors),
    )
    return header, found.data, by
