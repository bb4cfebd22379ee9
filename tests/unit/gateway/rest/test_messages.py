"""Messages as JSON: what is absent, what is large, what holds its own kind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from mazemesh.errors import InvalidArgument
from mazemesh.kserve import inference_pb2
from mazemesh.v1 import elo_pb2, game_pb2, matchmaker_pb2, model_pb2, replay_pb2
from services.gateway.rest.messages import as_json, model_of, number_of, words
from services.gateway.rest.registry.tensors import read_request, write_answer


def test_words_numbers_times_and_bytes() -> None:
    version = model_pb2.PolicyVersion(
        name="race", version=2**40, state=model_pb2.POLICY_STATE_READY, metadata={"a": "b"}
    )
    version.create_time.FromJsonString("2026-01-31T12:00:00Z")
    told = as_json(version)
    assert (told["state"], told["version"], told["metadata"]) == ("ready", 2**40, {"a": "b"})
    assert told["create_time"] == "2026-01-31T12:00:00Z"
    assert told["collection"] is None
    setup = as_json(game_pb2.MatchSetup(seed=2**63))
    assert setup["seed"] == str(2**63)
    assert as_json(game_pb2.GameReplay(actions=b"\x01\x02"))["actions"] == "AQI="
    row = elo_pb2.PlayerRating(rating=float("inf"))
    assert as_json(row)["rating"] is None
    assert as_json(row)["superiority_of_above"] is None


def test_an_enumerations_words() -> None:
    enum = elo_pb2.DESCRIPTOR.enum_types_by_name["RatingModel"]
    assert "plackett_luce" in words(enum).values()
    assert number_of(enum, "glicko2") == elo_pb2.RATING_MODEL_GLICKO2
    assert number_of(enum, "chess") is None


def test_schemas_fit_what_is_written() -> None:
    for kind in (
        elo_pb2.GetLeaderboardResponse,
        game_pb2.ListGamesResponse,
        game_pb2.GameReplay,
        matchmaker_pb2.Tournament,
        matchmaker_pb2.GateRun,
        model_pb2.PolicyVersion,
        replay_pb2.ListTablesResponse,
    ):
        schema = model_of(kind).model_json_schema()
        Draft202012Validator(schema).validate(json.loads(json.dumps(as_json(kind()))))


def test_tensors_as_bytes_come_back() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "x",
                    "datatype": "FP32",
                    "shape": [2, 3],
                    "parameters": {"binary_data_size": array.nbytes},
                },
                {"name": "m", "datatype": "BOOL", "shape": [2], "data": [True, False]},
            ],
            "parameters": {"binary_data_output": True, "seed": 3},
        }
    ).encode()
    request, binary = read_request(head + array.tobytes(), str(len(head)), "race", "")
    assert binary is None
    assert list(request.raw_input_contents) == [array.tobytes(), b"\x01\x00"]
    assert request.parameters["seed"].int64_param == 3
    answer = inference_pb2.ModelInferResponse(
        model_name="race", raw_output_contents=[array.tobytes()]
    )
    answer.outputs.add(name="y", datatype="FP32", shape=[2, 3])
    body, length = write_answer(answer, None)
    assert length is not None
    assert body[length:] == array.tobytes()
    plain, none = write_answer(answer, frozenset())
    assert none is None
    assert json.loads(plain)["outputs"][0]["data"] == array.ravel().tolist()


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"inputs":' * 50_000, b"\xff", b"1" * 5_000])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidArgument, match="body"):
        read_request(body, "", "race", "")
