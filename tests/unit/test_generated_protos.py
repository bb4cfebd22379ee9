"""The committed stubs are what the generator makes of the .proto files today."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def stubs(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (root / "mazemesh" / "v1").glob("*_pb2*.py*")}


def test_stubs_are_up_to_date(tmp_path: Path) -> None:
    subprocess.run([ROOT / "scripts" / "gen-protos", tmp_path], check=True)
    fresh, committed = stubs(tmp_path), stubs(ROOT)
    assert fresh, "the generator made nothing"
    assert sorted(fresh) == sorted(committed), "run scripts/gen-protos"
    changed = [name for name, text in fresh.items() if committed[name] != text]
    assert not changed, f"run scripts/gen-protos: {changed} differ"
