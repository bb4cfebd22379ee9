"""Policies from files."""

from __future__ import annotations

from pathlib import Path

from mazemesh.policy.file.policy_file import open_model, plays_best
from mazemesh.policy.onnx_policy import OnnxPolicy


def load_policy(path: str | Path, *, q_values: bool | None = None, threads: int = 1) -> OnnxPolicy:
    """An ONNX policy from a file, with weights that lie beside it; its version is 0.

    Nothing is known of the game that it plays: `infer` fails where observations do not fit.

    ```pycon
    >>> from pathlib import Path
    >>> from mazemesh.policy import load_policy
    >>> _ = Path("race.onnx").write_bytes(mesh.model.get("race:1")[1])
    >>> policy = load_policy("race.onnx")
    >>> [name for name, dtype, shape in policy.inputs]
    ['observation', 'action_mask']

    ```

    Args:
        path: The file; operators that no policy needs are refused, as the Model service does.
        q_values: Whether its logits are Q-values, of which the best is played. None: as the file's
            own metadata say (mazemesh.q_values), else not.
        threads: That work on one batch.

    Raises:
        InvalidArgument: it is no ONNX file, or none that a policy may be made of.
    """
    file = Path(path)
    model = open_model(file)
    greedy = plays_best(model) if q_values is None else q_values
    return OnnxPolicy(f"{file.stem}:0", model.SerializeToString(), greedy=greedy, threads=threads)
