"""The committed stubs are what the generator makes of the .proto files today."""

import shutil
import subprocess
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).parents[2]
BUF = ROOT / ".venv" / "bin" / "buf"


def stubs(root: Path) -> dict[str, str]:
    packages = (root / "mazemesh" / name for name in ("v1", "kserve"))
    return {
        path.name: path.read_text() for package in packages for path in package.glob("*_pb2*.py*")
    }


def image(root: Path) -> dict[str, FileDescriptorProto]:
    files = FileDescriptorSet.FromString((root / "proto" / "contract.binpb").read_bytes()).file
    return {one.name: one for one in files if one.name.startswith("mazemesh/")}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("generated")
    subprocess.run([ROOT / "scripts" / "gen-protos", out], check=True)
    return out


def test_stubs_are_up_to_date(generated: Path) -> None:
    fresh, committed = stubs(generated), stubs(ROOT)
    assert fresh, "the generator made nothing"
    assert sorted(fresh) == sorted(committed), "run scripts/gen-protos"
    changed = [name for name, text in fresh.items() if committed[name] != text]
    assert not changed, f"run scripts/gen-protos: {changed} differ"


def test_the_image_that_changes_are_held_against_is_todays_contract(generated: Path) -> None:
    fresh, committed = image(generated), image(ROOT)
    assert sorted(fresh) == sorted(committed), "run scripts/gen-protos"
    changed = [name for name, file in fresh.items() if committed[name] != file]
    assert not changed, f"run scripts/gen-protos: {changed} differ"


def test_a_change_that_breaks_clients_is_told(tmp_path: Path) -> None:
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    tensor = tmp_path / "proto" / "mazemesh" / "v1" / "tensor.proto"

    def breaking() -> subprocess.CompletedProcess[str]:
        flags = ["breaking", "--against", "proto/contract.binpb"]
        return subprocess.run([BUF, *flags], cwd=tmp_path, capture_output=True, text=True)

    added = tensor.read_text().replace("bytes data = 3;", "bytes data = 3;\n  string unit = 9;")
    tensor.write_text(added)
    assert breaking().returncode == 0
    tensor.write_text(added.replace("fixed64 hash = 2;", "fixed32 hash = 2;"))
    told = breaking()
    assert told.returncode != 0
    assert '"hash" on message "Signature" changed type' in told.stdout


def test_the_contract_is_of_bufs_standard_style() -> None:
    told = subprocess.run([BUF, "lint"], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout + told.stderr == ""
