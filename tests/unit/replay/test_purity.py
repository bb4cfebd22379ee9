"""The core of Replay knows rows, not messages."""

import pytest

from tests.unit.test_imports import ROOT, imported_modules

CORE = ("table", "selectors", "hosting")
WIRE = "mazemesh.wire."
NOUNS = {"mazemesh.wire.tensors.Signature", "mazemesh.wire.tensors.ColumnSpec"}
"""What a table's columns are; that they can be written as messages is not used here."""


@pytest.mark.parametrize("room", CORE)
def test_the_core_sees_no_message(room):
    files = sorted((ROOT / "services/replay" / room).glob("*.py"))
    assert len(files) > 3
    for file in files:
        for module in imported_modules(file.as_posix(), file.read_text()):
            outside = ("grpc", "google.", "mazemesh.v1", "mazemesh.client", "services.replay.wire")
            assert not module.startswith(outside), (file.name, module)
            assert not module.startswith(WIRE) or module in NOUNS, (file.name, module)


def test_of_the_journal_only_former_folders_have_messages():
    for file in sorted((ROOT / "services/replay/journal").glob("*.py")):
        modules = set(imported_modules(file.as_posix(), file.read_text()))
        found = [m for m in modules if m.startswith(("mazemesh.v1", "services.replay.wire"))]
        assert not found or file.name == "format_1.py", (file.name, found)
