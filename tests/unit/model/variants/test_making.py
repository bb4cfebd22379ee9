"""The process that makes forms has run a file of somebody: its answer is bounded, not believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.model.validation.validator import Limits
from services.model.variants.making import VariantMaker
from services.model.wire.registry.parity_message import read_parity
from tests.onnx_policies import Network
from tests.unit.model.interpreters import python_that_runs

NETWORK = Network()
TOLD = (
    '[{"kind": "fp16", "rows": 8, "sha256": "00", "size_bytes": 4, "largest_difference": 0,'
    ' "same_choices": 1}]'
)


@pytest.mark.parametrize(
    "says",
    [
        "while True: os.write(1, bytes(2**16))",
        f"os.write(1, b'{TOLD}\\nfile')",  # which hashes to something else
        "os.write(1, b'{}\\n')",
        "sys.stdin.buffer.read()",
        "os.close(0); os.write(1, b'[]\\n')",
    ],
)
async def test_an_answer_of_no_use_rejects_the_form(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = python_that_runs(f"import os, sys\n{says}\n", tmp_path)
    monkeypatch.setattr("services.model.variants.making.sys.executable", str(script))
    file = NETWORK.file()
    made = VariantMaker(Limits()).make(
        file, len(file), read_parity(NETWORK.parity(), None), ["fp16"]
    )
    ((variant, form),) = await made
    assert (variant.sha256, form) == ("", b"")
    assert "limits: the process that made it ended" in variant.rejection
