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

_GAMES, _STEPS = 64, 17
"""Of the play that a file is checked on."""


def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The ONNX file.")],
    name: Annotated[str, typer.Option(help="Name of the policy.")],
    game: Annotated[str, typer.Option(help="The game it plays, under its default settings.")],
    snapshot: Annotated[bool, typer.Option(help="Keep it and rate it.")] = True,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Publish a policy that was trained elsewhere.

    The file is validated against the game by the Model service, on observations of real play whose
    answers are computed here first.
    """
    with errors_as_lines():
        header = _header(file.read_bytes(), name, game, snapshot)
        with connected(data_dir, host, port_base, ("game", "model"), [game]) as mesh:
            version = mesh.model.publish(header, file.read_bytes())
    reference = f"{version.name}:{version.version}"
    if json:
        print_json({"policy": reference, "sha256": version.sha256, "snapshot": version.snapshot})
    else:
        typer.echo(f"published {reference} ({version.size_bytes} bytes)")


def _header(data: bytes, name: str, game: str, snapshot: bool) -> PublishPolicyHeader:
    """Header with a parity check on held-out play, where a memory already has something in it."""
    from actor.behaviour import HeldOutPlay, answers
    from actor.policy import OnnxPolicy
    from mazemesh.games import GameSettings, open_game
    from mazemesh.tensors import to_tensor
    from mazemesh.v1.model_pb2 import Collection, ParityCheck, PublishPolicyHeader
    from mazemesh.wire import settings_to_proto

    policy = OnnxPolicy(f"{name}:0", data)
    *_, last = answers(policy, HeldOutPlay.record(open_game(game), GameSettings(), _GAMES, _STEPS))
    parity = ParityCheck(
        observation=to_tensor(last.observation),
        action_mask=to_tensor(last.action_mask),
        logits=to_tensor(last.logits),
        value=to_tensor(last.value),
    )
    if policy.state_size:
        parity.state.CopyFrom(to_tensor(last.state))
        parity.next_state.CopyFrom(to_tensor(last.next_state))
    return PublishPolicyHeader(
        name=name,
        snapshot=snapshot,
        collection=Collection(game=game, settings=settings_to_proto(GameSettings())),
        parity=parity,
    )
