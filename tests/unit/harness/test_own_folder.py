"""Folders of one process each."""

import subprocess
import sys
from pathlib import Path

from services._harness.own_folder import OwnFolder

ROOT = Path(__file__).parents[3]


def test_others_that_live_keep_theirs_and_those_that_died_lose_them(tmp_path: Path) -> None:
    (tmp_path / "of an earlier version").write_bytes(b"half")
    code = (
        "import sys; from pathlib import Path\n"
        "from services._harness.own_folder import OwnFolder\n"
        "own = OwnFolder(Path(sys.argv[1]))\n"
        "(own.path / 'file').write_bytes(b'half'); print(own.path, flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert other.stdout is not None
    theirs = Path(other.stdout.readline().strip())
    own = OwnFolder(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([own.path, theirs])
    assert (theirs / "file").exists()
    other.kill()
    other.communicate()
    own.close()
    again = OwnFolder(tmp_path)
    assert list(tmp_path.iterdir()) == [again.path]
    again.close()
    assert list(tmp_path.iterdir()) == []
