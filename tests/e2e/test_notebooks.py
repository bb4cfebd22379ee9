"""The notebooks, each cell by a kernel of its own, against a real mesh."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.e2e.running_mesh import up
from tests.ports import free_ports

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PORTS = 10
QUIET = {"MAZEMESH_LEARNER_TRACKING": "none"}

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(400)]


class Executed:
    """A notebook with its outputs."""

    def __init__(self, content: Any) -> None:
        self._outputs = [
            output for cell in content.cells if cell.cell_type == "code" for output in cell.outputs
        ]

    @property
    def printed(self) -> str:
        """All that its cells wrote."""
        return "".join(one.text for one in self._outputs if one.output_type == "stream")

    @property
    def pictures(self) -> list[str]:
        """What is left of each picture, which is what nbconvert shows too."""
        return [svg for one in self._outputs if (svg := self._data(one).get("image/svg+xml", ""))]

    @property
    def told(self) -> str:
        """Results of cells, and words of pictures."""
        return "\n".join(self._data(one).get("text/plain", "") for one in self._outputs)

    @staticmethod
    def _data(output: Any) -> Any:
        return output.get("data", {})


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of its own for Jupyter, and one that notebooks run in."""
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        place = tmp_path / name.lower()
        place.mkdir()
        monkeypatch.setenv(name, str(place))
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def executed(name: str, folder: Path, told: dict[str, str]) -> Executed:
    content = nbformat.read(NOTEBOOKS / name, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(content, timeout=180, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, **QUIET, **told})
    return Executed(content)


def test_quickstart(jupyter: Path, tmp_path: Path) -> None:
    base = free_ports(PORTS)
    flags = ("--game", "solo", "--actors", "0", "--console", "--plain")
    with up(tmp_path / "mesh", base, *flags, told=QUIET) as mesh:
        notebook = executed("quickstart.ipynb", jupyter, {"MAZEMESH_PORT_BASE": str(base)})
        assert mesh.mesh.policies.get("quickstart:champion").version > 1
        [test] = mesh.mesh.experiments.list("quickstart")
        assert test.HasField("end_time")
        assert sum(arm.outcomes for arm in test.figures) == 24
        mesh.stop()
    # Curve, board, recording and at least one leaderboard.
    assert len(notebook.pictures) >= 4
    assert "('finished', 'it has done its 60,000 steps')" in notebook.told
    assert "My first policy: finished" in notebook.told
    untrained, trained = re.findall(r"quickstart:\S+: (\d+)%", notebook.printed)[:2]
    assert int(trained) > int(untrained)
    assert "from nowhere to" in notebook.printed


def test_own_game(jupyter: Path) -> None:
    notebook = executed("own-game.ipynb", jupyter, {})
    assert "FAIL" not in notebook.printed
    [curve] = notebook.pictures
    assert "lights learns: ended" in curve
    chance, learned = re.findall(r"(\d+)%", notebook.printed)[-2:]
    assert int(learned) > int(chance)
    card = (jupyter / "lights-policy" / "card.json").read_text()
    assert json.loads(card)["policy"].startswith("lights:")
    assert "'policy.onnx'" in notebook.told
