"""The public surface: what users import, each with a word on what it is; all else may move."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

PUBLIC = {
    "mazemesh": {
        *("Mesh", "Progress", "TrainingRun", "__version__", "connect", "publish", "train"),
    },
    "mazemesh.games": {
        *("ACTIONS", "BOTS", "GENERATORS", "NUM_ACTIONS", "Catalogue", "Engine", "Field", "Game"),
        *("GameSettings", "GameSpec", "Purpose", "bot_code", "bot_policy", "get_game", "is_bot"),
        *("list_games", "open_game", "seeds"),
    },
    "mazemesh.policy": {
        *("OnnxPolicy", "PolicyCache", "Published", "SeatMemory", "fetch_policy", "load_policy"),
        "publish",
    },
    "mazemesh.evaluation": {"PlayedGame", "Tally", "duel", "play_matches", "success_rate"},
    "mazemesh.notebook": {
        *("Board", "Curve", "Picture", "Standing", "Standings", "leaderboard", "watch"),
        *("watch_board", "watch_leaderboard", "watch_recording", "watch_run"),
    },
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_these(module: str) -> None:
    found = importlib.import_module(module)
    assert set(found.__all__) == PUBLIC[module]
    assert list(found.__all__) == sorted(found.__all__, key=_order)


@pytest.mark.parametrize("module", PUBLIC)
def test_each_has_a_docstring(module: str) -> None:
    found = importlib.import_module(module)
    assert found.__doc__
    for name in found.__all__:
        value = getattr(found, name)
        if callable(value):
            assert (value.__doc__ or "").strip(), f"{module}.{name} says nothing of itself"


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("mazemesh", ["grpc", "numpy", "onnx", "onnxruntime", "numba", "google.protobuf"]),
        ("mazemesh.games", ["grpc", "numpy", "onnx", "onnxruntime", "numba"]),
        ("mazemesh.policy", ["grpc", "onnx", "onnxruntime", "numba"]),
        ("mazemesh.evaluation", ["onnx", "onnxruntime", "numba"]),
        ("mazemesh.notebook", ["IPython", "onnx", "onnxruntime", "numba", "torch"]),
    ],
)
def test_to_import_is_cheap(module: str, absent: list[str]) -> None:
    program = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    run = [sys.executable, "-c", program]
    answered = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60)
    assert not set(absent) & set(json.loads(answered.stdout))


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, the rest: as the linter sorts `__all__`."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
