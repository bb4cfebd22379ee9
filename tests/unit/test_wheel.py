"""What the wheel holds, by the list that the build makes of it; nothing is built."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names() -> set[str]:
    pytest.importorskip("hatchling", reason="lists the wheel")
    from hatchling.builders.wheel import WheelBuilder

    return {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}


def test_the_contract_lies_beside_its_stubs(names: set[str]) -> None:
    protos = {f"mazemesh/v1/{path.name}" for path in (ROOT / "proto").rglob("*.proto")}
    assert protos
    assert protos <= names
    assert {name.replace(".proto", "_pb2.py") for name in protos} <= names


def test_no_file_lies_beside_the_five_packages(names: set[str]) -> None:
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"mazemesh", "services", "actor", "learner", "supervisor"}
    assert "mazemesh/py.typed" in names
