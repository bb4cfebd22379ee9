"""Files are checked by processes that can be lost; others are checked meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from mazemesh.errors import ResourceExhausted
from mazemesh.policy.file.rejection import Rejection
from services.model.validation.parity import Parity
from services.model.validation.report import Rejected, Verdict
from services.model.validation.validator import Limits, Validator
from services.model.validation.validators import Validators
from services.model.wire.registry.parity_message import read_parity
from tests.onnx_policies import Network
from tests.unit.model.interpreters import python_that_runs

NETWORK = Network()
MEBIBYTE = 1024 * 1024


def parity() -> Parity:
    return read_parity(NETWORK.parity(), None)


def file_of(folder: Path, content: bytes, name: str = "file") -> tuple[Path, int]:
    path = folder / name
    path.write_bytes(content)
    return path, len(content)


def endless() -> bytes:
    """A sound graph within all bounds of its form that multiplies for minutes."""
    model = NETWORK.model()
    side = np.eye(1000, dtype=np.float32)
    model.graph.initializer.append(numpy_helper.from_array(side, "side"))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0), "none"))
    # Of the input, or the products would be computed while it is loaded.
    nodes = [
        helper.make_node("ReduceMax", ["float"], ["most"], keepdims=0),
        helper.make_node("Add", ["side", "most"], ["p0"]),
    ]
    count = 5_000
    nodes += [helper.make_node("MatMul", [f"p{n}", "side"], [f"p{n + 1}"]) for n in range(count)]
    nodes += [
        helper.make_node("ReduceMax", [f"p{count}"], ["end"], keepdims=0),
        helper.make_node("Mul", ["end", "none"], ["zero"]),
        helper.make_node("Add", ["h", "zero"], ["changed"]),
    ]
    tanh = next(node for node in model.graph.node if node.op_type == "Tanh")
    tanh.input[0] = "changed"
    position = list(model.graph.node).index(tanh)
    for node in reversed(nodes):
        model.graph.node.insert(position, node)
    return model.SerializeToString()


def growing() -> bytes:
    """Doubles a tensor thirty times by what no single operator tells."""
    model = NETWORK.model()
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0), "none"))
    nodes = [helper.make_node("Identity", ["h"], ["g0"])]
    nodes += [
        helper.make_node("Concat", [f"g{n}", f"g{n}"], [f"g{n + 1}"], axis=1) for n in range(30)
    ]
    nodes += [
        helper.make_node("ReduceMax", ["g30"], ["end"], keepdims=0),
        helper.make_node("Mul", ["end", "none"], ["zero"]),
        helper.make_node("Add", ["h", "zero"], ["changed"]),
    ]
    tanh = next(node for node in model.graph.node if node.op_type == "Tanh")
    tanh.input[0] = "changed"
    position = list(model.graph.node).index(tanh)
    for node in reversed(nodes):
        model.graph.node.insert(position, node)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def validator() -> Iterator[Validator]:
    validator = Validator(Limits(cpu_seconds=1.0))
    yield validator
    validator.close()


def process_of(validator: Validator) -> int:
    assert validator._process is not None
    return validator._process.pid


def test_a_faithful_file_passes_and_says_what_was_compared(
    validator: Validator, tmp_path: Path
) -> None:
    checked = validator.check(*file_of(tmp_path, NETWORK.file()), parity()).words
    for told in ("8 observations", "one by one", "batch of 64", "as it is"):
        assert told in checked


def test_one_process_checks_file_after_file(validator: Validator, tmp_path: Path) -> None:
    validator.check(*file_of(tmp_path, NETWORK.file()), parity())
    first = process_of(validator)
    with pytest.raises(Rejection, match="'onnx'"):
        validator.check(*file_of(tmp_path, b"no graph"), parity())
    validator.check(*file_of(tmp_path, NETWORK.file()), parity())
    assert process_of(validator) == first


def test_a_file_that_never_ends_is_rejected_and_its_process_replaced(
    validator: Validator, tmp_path: Path
) -> None:
    validator.start()
    first = process_of(validator)
    with pytest.raises(Rejection, match="more than 1 s of processor time"):
        validator.check(*file_of(tmp_path, endless()), parity())
    validator.check(*file_of(tmp_path, NETWORK.file()), parity())
    assert process_of(validator) != first


def test_a_reason_of_many_bytes_is_told_and_the_process_goes_on(
    validator: Validator, tmp_path: Path
) -> None:
    # Twice in the answer, each character as two escapes.
    model = NETWORK.model()
    model.graph.node[0].input[0] = "\N{SNOWMAN}\N{GRINNING FACE}" * 2_000
    path, size = file_of(tmp_path, model.SerializeToString())
    validator.start()
    before = process_of(validator)
    with pytest.raises(Rejected, match="onnx") as rejected:
        validator.check(path, size, parity())
    assert "\N{GRINNING FACE}" in rejected.value.checks[-1].detail
    assert process_of(validator) == before


@pytest.mark.parametrize("said", [b"x" * 2**20, b"\n", b"[]\n", b""])
def test_a_process_that_answers_nothing_of_use_is_replaced(
    said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As one would that a file has got hold of: it says this to the first request, and goes on.
    script = python_that_runs(
        "import os, signal\n"
        "os.write(1, b'{\"ready\": true}\\n')\n"
        "os.read(0, 1)\n"
        f"left = {said!r}\n"
        "while left: left = left[os.write(1, left):]\n"
        "os.close(1)\n"
        "signal.pause()\n",
        tmp_path,
    )
    monkeypatch.setattr("services.model.validation.validator.sys.executable", str(script))
    monkeypatch.setattr("services.model.validation.validator._ENDING_SECONDS", 0.1)
    validator = Validator(Limits())
    try:
        path, size = file_of(tmp_path, NETWORK.model().SerializeToString())
        with pytest.raises(Rejected, match="'limits' failed: onnxruntime died of it"):
            validator.check(path, size, parity())
    finally:
        validator.close()


def test_a_file_that_takes_too_much_memory_is_rejected(
    validator: Validator, tmp_path: Path
) -> None:
    with pytest.raises(Rejection):
        validator.check(*file_of(tmp_path, growing()), parity())
    validator.check(*file_of(tmp_path, NETWORK.file()), parity())


def test_a_process_that_was_killed_by_somebody_else_is_not_the_files_fault(
    validator: Validator, tmp_path: Path
) -> None:
    validator.start()
    os.kill(process_of(validator), signal.SIGKILL)
    validator.check(*file_of(tmp_path, NETWORK.file()), parity())


CONFINED = """
import json, os, socket, sys
from services.model.validation.confinement import Budget, confine

budget = Budget()
denied = int(sys.argv[1])
confine()
found = {}

def attempt(name, act):
    try:
        act()
        found[name] = "done"
    except (OSError, MemoryError) as error:
        found[name] = type(error).__name__

attempt("read", lambda: os.open("/etc/hostname", os.O_RDONLY))
attempt("write", lambda: os.open("made", os.O_WRONLY | os.O_CREAT))
attempt("network", socket.socket)
attempt("grow", lambda: os.write(denied, b"more"))
budget.grant(1.0, 64 * 2**20)
attempt("memory", lambda: bytearray(256 * 2**20))
attempt("some memory", lambda: bytearray(2**20))
print(json.dumps(found))
"""


def test_a_confined_process_opens_writes_and_allocates_no_more(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        run = subprocess.run(
            [sys.executable, "-P", "-c", CONFINED, str(file.fileno())],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            pass_fds=[file.fileno()],
            preexec_fn=_ignore_the_size_signal,
            timeout=60,
        )
    found = json.loads(run.stdout)
    assert found.pop("some memory") == "done"
    expected = {"read", "write", "network", "grow"} | (
        {"memory"} if sys.platform.startswith("linux") else set()
    )
    assert {name for name, what in found.items() if what != "done"} >= expected
    assert list(tmp_path.iterdir()) == [tmp_path / "open"]


def _ignore_the_size_signal() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # or the kernel ends it, which is as good


READING = """
import sys
from services.model.validation import validation
from services.model.validation.confinement import confine

data = sys.stdin.buffer.read()
validation.preload()
if sys.argv[1] == "confined":
    confine()
try:
    validation.load(data, optimized=True)
    print("loaded")
except validation.Rejection as rejection:
    print(rejection.check)
"""


@pytest.mark.parametrize(("how", "found"), [("free", "loaded"), ("confined", "load")])
def test_were_the_walk_to_miss_a_place_no_file_would_be_read(
    how: str, found: str, tmp_path: Path
) -> None:
    """onnxruntime itself is asked, past the walk; a process that is free shows that it would."""
    model = NETWORK.model()
    weights = next(one for one in model.graph.initializer if one.name == "w1")
    (tmp_path / "weights.bin").write_bytes(weights.raw_data)
    weights.ClearField("raw_data")
    weights.external_data.add(key="location", value="weights.bin")
    weights.data_location = TensorProto.EXTERNAL
    run = subprocess.run(
        [sys.executable, "-P", "-c", READING, how],
        input=model.SerializeToString(),
        capture_output=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert run.stdout.decode().split()[-1] == found


@asynccontextmanager
async def place_for(
    processes: int, waiting: int, cpu_seconds: float = 30.0
) -> AsyncIterator[Validators]:
    validators = Validators(Limits(cpu_seconds=cpu_seconds), processes=processes, waiting=waiting)
    try:
        yield validators
    finally:
        await validators.close()


@pytest.mark.slow
async def test_a_slow_file_blocks_its_own_process_alone(tmp_path: Path) -> None:
    slow, fast = file_of(tmp_path, endless(), "slow"), file_of(tmp_path, NETWORK.file(), "fast")
    async with place_for(2, 0, cpu_seconds=2.0) as validators:
        held = asyncio.create_task(validators.check(*slow, parity()))
        await asyncio.sleep(0)
        await validators.check(*fast, parity())
        with pytest.raises(Rejection, match="'limits'"):
            await held


@pytest.mark.slow
async def test_who_comes_when_the_queue_is_full_is_refused(tmp_path: Path) -> None:
    slow = file_of(tmp_path, endless(), "slow")
    async with place_for(1, 1, cpu_seconds=1.0) as validators:
        checks = [asyncio.create_task(validators.check(*slow, parity())) for _ in range(3)]
        results = await asyncio.gather(*checks, return_exceptions=True)
    assert [type(result) for result in results] == [Rejected, Rejected, ResourceExhausted]
    assert "1 files wait" in str(results[2])


@pytest.mark.slow
async def test_who_leaves_the_queue_makes_room(tmp_path: Path) -> None:
    slow = file_of(tmp_path, endless(), "slow")
    async with place_for(1, 1, cpu_seconds=1.0) as validators:
        first, second = (asyncio.create_task(validators.check(*slow, parity())) for _ in range(2))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        third = asyncio.create_task(validators.check(*slow, parity()))
        results = await asyncio.gather(first, third, return_exceptions=True)
    assert [type(result) for result in results] == [Rejected, Rejected]


async def test_who_checked_a_file_while_the_first_still_started_is_taken_again() -> None:
    taken: list[Validator] = []

    def check(validator: Validator, *_: object) -> Verdict:
        taken.append(validator)
        return Verdict("checked")

    validators = Validators(Limits(), processes=2, waiting=2, check=check)
    warming = asyncio.create_task(validators.warm())
    await asyncio.sleep(0)  # it has taken its process
    await validators.check(b"", 0, parity())
    await warming
    await validators.check(b"", 0, parity())
    await validators.close()
    assert taken[0] is taken[1]
