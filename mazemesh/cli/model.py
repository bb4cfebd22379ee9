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
    import numpy as np
    from numpy.typing import NDArray

    from mazemesh.v1.model_pb2 import PublishPolicyHeader


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
        with connected(data_dir, host, port_base) as mesh:
            version = mesh.model.publish(header, file.read_bytes())
    reference = f"{version.name}:{version.version}"
    if json:
        print_json({"policy": reference, "sha256": version.sha256, "snapshot": version.snapshot})
    else:
        typer.echo(f"published {reference} ({version.size_bytes} bytes)")


def _header(data: bytes, name: str, game: str, snapshot: bool) -> PublishPolicyHeader:
    """Header with a parity check on observations from games between bots."""
    import numpy as np

    from actor.policy import OnnxPolicy
    from mazemesh.games import GameSettings
    from mazemesh.tensors import to_tensor
    from mazemesh.v1.model_pb2 import Collection, ParityCheck, PublishPolicyHeader
    from mazemesh.wire import settings_to_proto

    observation, mask = _observations(game)
    policy = OnnxPolicy(f"{name}:0", data)
    state = np.zeros((len(observation), policy.state_size), np.float32)
    logits, value, next_state = policy.infer(observation, mask, state)
    memory = {"state": to_tensor(state), "next_state": to_tensor(next_state)}
    return PublishPolicyHeader(
        name=name,
        snapshot=snapshot,
        collection=Collection(game=game, settings=settings_to_proto(GameSettings())),
        parity=ParityCheck(
            observation=to_tensor(observation),
            action_mask=to_tensor(mask),
            logits=to_tensor(logits),
            value=to_tensor(value),
            **(memory if policy.state_size else {}),
        ),
    )


def _observations(
    game: str, games: int = 64, steps: int = 16
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Observations [n, D] and masks [n, A] of `games` held-out games after some random steps."""
    import numpy as np

    from mazemesh.games import GameSettings, Purpose, get_game, seeds
    from mazemesh.games.bots import RANDOM
    from mazemesh.games.engines import new_engine

    engine = new_engine(get_game(game), GameSettings(), games)
    engine.next_controller[:] = RANDOM
    seed = [seeds.seed(Purpose.TEST, number) for number in range(games)]
    engine.reset(None, seed=seed)
    for _ in range(steps):
        engine.step(np.zeros(engine.controller.shape, np.int8))
    size, actions = engine.observation.shape[-1], engine.action_mask.shape[-1]
    return engine.observation.reshape(-1, size).copy(), engine.action_mask.reshape(
        -1, actions
    ).copy()
