"""The golden vectors are what our encoders write, and what protobuf and our decoders read."""

import json
import re
from typing import Any

import numpy as np
import pytest
from google.protobuf.message_factory import GetMessageClass

from mazemesh.v1 import game_pb2, replay_pb2, tensor_pb2
from mazemesh.wire.experience_batch import decode_sample
from mazemesh.wire.experience_record import decode_record
from mazemesh.wire.games_step import StepBytes
from mazemesh.wire.tensors import Signature, from_columns
from tests.golden.vectors import FOLDER, PRIORITIES, ROWS, SIGNATURE, vectors

NAMES = ("games_step", "record_experience", "experience_batch", "packed_columns")


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def encoded(name: str) -> bytes:
    return bytes.fromhex(read(name)["encoded"])


def at(message: Any, path: str) -> Any:
    for part in path.split("."):
        name, index = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", part).groups()
        message = getattr(message, name)
        if index is not None:
            message = message[int(index)]
    return message


def array(vector: dict[str, Any], data: bytes) -> list[Any]:
    values: list[Any] = np.frombuffer(data, np.dtype(vector["dtype"]).newbyteorder("<")).tolist()
    return values


def test_they_are_what_our_encoders_write() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(NAMES)
    for name, vector in vectors().items():
        assert read(name) == vector, f"python -m tests.golden.vectors: {name} differs"


@pytest.mark.parametrize("name", NAMES)
def test_protobuf_reads_the_same_numbers(name: str) -> None:
    vector = read(name)
    kind = vector["message"].removeprefix("mazemesh.v1.")
    files = {"RunGamesResponse": game_pb2, "Columns": tensor_pb2}
    file = files.get(kind, replay_pb2).DESCRIPTOR
    message = GetMessageClass(file.message_types_by_name[kind])()
    message.ParseFromString(encoded(name))
    for path, value in vector["fields"].items():
        assert str(at(message, path)) == str(value), path
    for path, told in vector["arrays"].items():
        assert array(told, at(message, path)) == told["values"], path
        assert int(np.prod(told["shape"])) == len(told["values"]), path


def test_our_decoders_read_the_same_numbers() -> None:
    vector = read("games_step")
    step = StepBytes(encoded("games_step"))
    assert step.sequence == vector["fields"]["step.sequence"]
    for path, told in vector["arrays"].items():
        dtype = np.dtype(told["dtype"]).newbyteorder("<")
        view = step.view(path.removeprefix("step."), dtype, tuple(told["shape"]))
        assert view.reshape(-1).tolist() == told["values"]
    batch = decode_sample(SIGNATURE, encoded("experience_batch"))
    for name, column in ROWS.items():
        assert np.array_equal(batch.columns[name], column)
    assert np.array_equal(batch.priorities, PRIORITIES)
    record = decode_record(encoded("record_experience"))
    assert record.sequence == 300
    assert bytes(record.priorities) == PRIORITIES.tobytes()


def test_packed_columns_are_what_they_were_before() -> None:
    vector = read("packed_columns")
    signature = tensor_pb2.Signature.FromString(bytes.fromhex(vector["signature"]))
    columns = tensor_pb2.Columns.FromString(encoded("packed_columns"))
    found = from_columns(Signature.from_proto(signature), columns)
    for name, told in vector["plain"].items():
        assert found[name].dtype == np.dtype(told["dtype"])
        assert list(found[name].shape) == told["shape"]
        assert found[name].reshape(-1).tolist() == told["values"]


def test_the_page_for_clients_names_the_hash_of_their_columns() -> None:
    text = "".join(f"{column};" for column in SIGNATURE.columns)
    page = (FOLDER.parents[1] / "docs" / "protocol.md").read_text()
    assert re.search(rf"{re.escape(text)} +-> +{SIGNATURE.hash:#018x}", page)
