"""Five hundred broken ONNX files: each is refused with a reason, and the service goes on."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from mazemesh.client.model import ModelClient
from mazemesh.errors import FailedPrecondition
from mazemesh.v1 import registry_pb2
from tests.onnx_policies import Network
from tests.servers.processes import service_process

FILES = 500
AT_ONCE = 4
MOST_GROWN = 96 * 1024 * 1024
NETWORK = Network()

Break = Callable[[ModelProto, random.Random], None]


def a_node_of_another_operator(model: ModelProto, chance: random.Random) -> None:
    node = chance.choice([one for one in model.graph.node if one.op_type != "Cast"])
    others = ("Tan", "Sign", "Loop", "RandomNormal", "Nonsense", "Softmax", "Exp")
    node.op_type = chance.choice([one for one in others if one != node.op_type])


def a_node_of_another_domain(model: ModelProto, chance: random.Random) -> None:
    chance.choice(model.graph.node).domain = chance.choice(["com.microsoft", "custom", "ai.x"])


def a_node_is_missing(model: ModelProto, chance: random.Random) -> None:
    del model.graph.node[chance.randrange(len(model.graph.node))]


def an_input_that_nobody_makes(model: ModelProto, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    node.input[chance.randrange(len(node.input))] = f"lost-{chance.random()}"


def a_circle(model: ModelProto, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    node.input[0] = node.output[0]


def a_result_twice(model: ModelProto, chance: random.Random) -> None:
    first, second = chance.sample(range(len(model.graph.node)), 2)
    model.graph.node[first].output[0] = model.graph.node[second].output[0]


def weights_of(model: ModelProto, chance: random.Random) -> TensorProto:
    return chance.choice([one for one in model.graph.initializer if one.name.startswith("w")])


def weights_of_another_size(model: ModelProto, chance: random.Random) -> None:
    weights = weights_of(model, chance)
    cut = chance.randrange(1, len(weights.raw_data))
    weights.raw_data = weights.raw_data[:cut] + chance.choice([b"", weights.raw_data])


def another_shape(model: ModelProto, chance: random.Random) -> None:
    weights = weights_of(model, chance)
    weights.dims[0] = chance.choice([-1, 0, 2**40, 2**62, weights.dims[0] + 1])


def another_type(model: ModelProto, chance: random.Random) -> None:
    weights_of(model, chance).data_type = chance.choice([0, 2, 7, 8, 11, 17, 99])


def weights_that_are_no_numbers(model: ModelProto, chance: random.Random) -> None:
    weights = weights_of(model, chance)
    array = numpy_helper.to_array(weights).copy()
    array.reshape(-1)[chance.randrange(array.size)] = chance.choice([np.nan, np.inf, -np.inf])
    weights.CopyFrom(numpy_helper.from_array(array, weights.name))


def other_weights(model: ModelProto, chance: random.Random) -> None:
    weights = weights_of(model, chance)
    array = numpy_helper.to_array(weights) * np.float32(chance.choice([-1, 2, 1e30]))
    weights.CopyFrom(numpy_helper.from_array(array.astype(np.float32), weights.name))


def weights_elsewhere(model: ModelProto, chance: random.Random) -> None:
    weights = weights_of(model, chance)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    place = chance.choice(["/etc/passwd", "../model.sqlite", "weights.bin"])
    weights.external_data.add(key="location", value=place)


def another_operator_set(model: ModelProto, chance: random.Random) -> None:
    if chance.random() < 0.2:
        del model.opset_import[:]
    else:
        model.opset_import[0].version = chance.choice([-1, 0, 3, 500, 2**40])


def from_the_future(model: ModelProto, chance: random.Random) -> None:
    model.ir_version = chance.choice([0, 500, 2**31])


def another_signature(model: ModelProto, chance: random.Random) -> None:
    kind = chance.choice([model.graph.input, model.graph.output])
    one = chance.choice(kind)
    what = chance.randrange(4)
    if what == 0:
        one.name = f"{one.name}-other"
    elif what == 1:
        one.type.tensor_type.elem_type = TensorProto.DOUBLE
    elif what == 2:
        # Of an input: what an output is said to be yields to what it is.
        chance.choice(model.graph.input).type.tensor_type.shape.dim.add().dim_value = 3
    else:
        kind.remove(one)


def a_huge_tensor(model: ModelProto, chance: random.Random) -> None:
    size = chance.choice([2**33, 2**50, 2**62])
    shape = numpy_helper.from_array(np.array([size], np.int64), "huge")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["huge"], ["unused"]))


def many_nodes(model: ModelProto, chance: random.Random) -> None:
    count = 10_001 + chance.randrange(100)
    model.graph.node.extend(
        helper.make_node("Identity", ["h"], [f"copy-{number}"]) for number in range(count)
    )


def graphs_in_graphs(model: ModelProto, chance: random.Random) -> None:
    output = helper.make_tensor_value_info("inner", TensorProto.BOOL, [])
    true = helper.make_tensor("true", TensorProto.BOOL, [], [True])
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["inner"], value=true)], "leaf", [], [output]
    )
    for depth in range(9 + chance.randrange(20)):
        node = helper.make_node("If", ["true"], ["inner"], then_branch=branch, else_branch=branch)
        branch = helper.make_graph([node], f"level-{depth}", [], [output]) if depth < 12 else branch
    model.graph.initializer.append(true)
    model.graph.node.append(
        helper.make_node("If", ["true"], ["unused"], then_branch=branch, else_branch=branch)
    )


def a_function_of_itself(model: ModelProto, chance: random.Random) -> None:
    node = helper.make_node("Again", ["x"], ["y"], domain="own")
    opset = [helper.make_opsetid("", 18)]
    model.functions.append(helper.make_function("own", "Again", ["x"], ["y"], [node], opset))
    model.graph.node.append(helper.make_node("Again", ["h"], ["unused"], domain="own"))


BREAKS: tuple[Break, ...] = (
    *(a_node_of_another_operator, a_node_of_another_domain, a_node_is_missing),
    *(an_input_that_nobody_makes, a_circle, a_result_twice, weights_of_another_size),
    *(another_shape, another_type, weights_that_are_no_numbers, other_weights),
    *(weights_elsewhere, another_operator_set, from_the_future, another_signature),
    *(a_huge_tensor, many_nodes, graphs_in_graphs, a_function_of_itself),
)


def broken(number: int) -> tuple[str, bytes]:
    """A broken file, the same for a number each time, and how it is broken."""
    chance = random.Random(number)
    kind = number % (len(BREAKS) + 2)
    if kind < len(BREAKS):
        model = NETWORK.model()
        BREAKS[kind](model, chance)
        return BREAKS[kind].__name__, model.SerializeToString()
    whole = NETWORK.file()
    if kind == len(BREAKS):
        return "cut", whole[: chance.randrange(1, len(whole) - 8)]
    return "noise", chance.randbytes(chance.randrange(1, 4000))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def test_five_hundred_broken_files(tmp_path: Path) -> None:
    arguments = ("--port", "0", "--data-dir", str(tmp_path), "--waiting-validations", "64")
    async with service_process("services.model", *arguments) as process:
        pid = process.process.pid

        def refused(number: int) -> str:
            how, data = broken(number)
            with pytest.raises(FailedPrecondition) as caught:
                client.publish(NETWORK.header(f"broken-{number % 7}"), data)
            found = re.search(r"rejected: check '(\w+)' failed: (.+)", str(caught.value), re.DOTALL)
            assert found is not None, (number, how, caught.value)
            assert len(found[2]) > 5, (number, how, caught.value)
            return found[1]

        with (
            closing(ModelClient(process.address)) as client,
            ThreadPoolExecutor(AT_ONCE) as threads,
        ):
            for seed in range(8):  # so that what it takes to work is there before
                network = Network(seed=seed)
                await asyncio.to_thread(client.publish, network.header(), network.file())
            before = resident(pid)
            loop = asyncio.get_running_loop()
            checks = Counter(
                await asyncio.gather(
                    *(loop.run_in_executor(threads, refused, number) for number in range(FILES))
                )
            )
            assert sum(checks.values()) == FILES
            assert set(checks) >= {"onnx", "graph", "finite", "signature", "parity"}
            assert resident(pid) - before < MOST_GROWN
            # Each keeps its number and what was found of it, and nobody else is kept from working.
            versions = [
                one
                for number in range(7)
                for one in client.list(f"broken-{number}", include_all_states=True)
            ]
            assert len(versions) == FILES
            told = client.details("broken-0:1").checks
            assert told[-1].outcome == registry_pb2.CHECK_OUTCOME_FAILED
            network = Network(seed=99)
            assert client.publish(network.header(), network.file()).version == 9
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 9
