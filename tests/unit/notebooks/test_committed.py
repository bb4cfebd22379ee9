"""Notebooks are committed as they are read: no outputs, no counts, nobody's kernel or paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))


def cells(notebook: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(notebook.read_text())["cells"]
    return found


def test_which_there_are() -> None:
    assert [one.stem for one in NOTEBOOKS] == ["own-game", "quickstart"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_clean(notebook: Path) -> None:
    content = json.loads(notebook.read_text())
    assert content["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(content["cells"]):
        assert (cell["id"], cell["metadata"]) == (f"cell-{number:02d}", {})
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    written = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    assert notebook.read_text() == written


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_step_is_explained_before_it(notebook: Path) -> None:
    kinds = [cell["cell_type"] for cell in cells(notebook)]
    assert kinds[0] == "markdown"
    assert kinds.count("markdown") >= 0.8 * kinds.count("code")
