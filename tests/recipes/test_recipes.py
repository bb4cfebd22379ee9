"""The recipes of docs/third-party.md, run by the libraries that they are for."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest

from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.publishing import prepare
from tests.servers.model_server import running_model

pytestmark = pytest.mark.timeout(500)

ROOT = Path(__file__).parents[2]
PLACE = Path(os.environ["MAZEMESH_TEST_RECIPES"])

TELL = """
import numpy
rows = numpy.random.default_rng(0).integers(0, 2, (16, *example.shape[1:]))
rows = torch.tensor(rows, dtype=torch.float32)
with torch.no_grad():
    answers = {exported}(rows)
numpy.savez(
    "told.npz",
    rows=rows.numpy(),
    logits=(answers[0] if isinstance(answers, tuple) else answers).numpy(),
)
"""
"""What the library itself answers."""

DQN = """
import gymnasium
import mazemesh.envs
import torch
from stable_baselines3 import DQN

model = DQN("MlpPolicy", gymnasium.make("mazemesh/Solo-v0"), learning_starts=64, buffer_size=1000)
model.learn(128)
example = torch.zeros(2, *model.observation_space.shape)
torch.onnx.export(model.q_net.cpu().eval(), (example,), "my.onnx", input_names=["obs"],
                  output_names=["q"], dynamic_shapes={"obs": {0: "batch"}})
"""


def recipe(name: str) -> str:
    text = (ROOT / "docs" / "third-party.md").read_text()
    found = re.search(rf"```python\n# {name}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def cleanrl_agent() -> str:
    """The class as CleanRL has it, with what it needs, and an environment."""
    (archive,) = PLACE.glob("cleanrl-*.tar.gz")
    with tarfile.open(archive) as files:
        member = next(one for one in files.getnames() if one.endswith("/cleanrl/ppo.py"))
        file = files.extractfile(member)
        assert file is not None
        source = file.read().decode()
    parts = [
        ast.get_source_segment(source, node)
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in ("Agent", "layer_init")
    ]
    assert len(parts) == 2
    return "\n".join(
        [
            "import gymnasium, mazemesh.envs, numpy as np, torch, torch.nn as nn",
            "from torch.distributions.categorical import Categorical",
            *(part or "" for part in parts),
            'envs = gymnasium.make("mazemesh/Solo-v0")',
            "agent = Agent(envs)\n",
        ]
    )


CASES = {
    "sb3": ("sb3", lambda: recipe("sb3"), "Exported(model.policy)", None),
    "sb3 DQN": ("sb3", lambda: DQN, "model.q_net", True),
    "cleanrl": (
        "cleanrl",
        lambda: f"{cleanrl_agent()}\n{recipe('cleanrl')}",
        "Exported(agent)",
        None,
    ),
    "rllib": ("rllib", lambda: recipe("rllib"), "Exported(module)", None),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_library_exports_is_published_and_answers_as_it_did(
    case: str, tmp_path: Path
) -> None:
    library, code, exported, best = CASES[case]
    script = tmp_path / "recipe.py"
    script.write_text(code() + TELL.format(exported=exported))
    command = [str(PLACE / library / "bin" / "python"), str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    publication = prepare(tmp_path / "my.onnx", "bob", "solo", q_values=best)
    with running_model(tmp_path / "mesh") as model:
        published = publication.send(model.client)
        _, data = model.client.get("bob")
    assert published.policy == "bob:1"
    assert published.q_values == bool(best)
    assert "illegal actions are masked" in published.changes
    assert data is not None
    told = np.load(tmp_path / "told.npz")
    mask = np.ones((len(told["rows"]), told["logits"].shape[1]), np.uint8)
    logits, value, _ = OnnxPolicy("bob:1", data).infer(told["rows"].astype(np.uint8), mask)
    np.testing.assert_allclose(logits, told["logits"], atol=1e-4)
    if best:
        np.testing.assert_array_equal(value, logits.max(axis=1))
