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
    folder = ROOT / "proto"
    protos = {path.relative_to(folder).as_posix() for path in folder.rglob("*.proto")}
    assert protos
    assert protos <= names
    assert {name.replace(".proto", "_pb2.py") for name in protos} <= names


def test_no_file_lies_beside_the_five_packages(names: set[str]) -> None:
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"mazemesh", "services", "actor", "learner", "supervisor"}
    assert "mazemesh/py.typed" in names


def test_what_machines_in_the_cloud_are_made_with_is_in_it(names: set[str]) -> None:
    files = "supervisor/cloud/files"
    assert {f"{files}/install", f"{files}/constraints.txt"} <= names
    assert f"{files}/systemd/mazemesh-service@.service" in names
    assert f"{files}/terraform/profiles/hobby/main.tf" in names
    assert f"{files}/terraform/modules/group/user-data.sh.tftpl" in names
    assert not [name for name in names if ".terraform/" in name or "tfstate" in name]
