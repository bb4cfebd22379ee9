"""KServe v2 over HTTP: by tritonclient as it is published, and by hand."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.servers.gateway.test_rest import ok, problem
from tests.servers.gateway.world import network

SCRIPT = Path(__file__).with_name("triton_http_calls.py")


@pytest.fixture(scope="module")
def observation() -> np.ndarray:
    size = network().observation_size
    return np.arange(3 * size, dtype=np.uint8).reshape(3, size) % 2


def test_tritonclient_works_as_it_is(url: str, observation: np.ndarray) -> None:
    pytest.importorskip("geventhttpclient", reason="tritonclient's HTTP client needs it")
    done = subprocess.run(
        [
            sys.executable,
            str(SCRIPT),
            url.removeprefix("http://"),
            json.dumps(observation.tolist()),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    made = network()
    logits, _ = made.answer(observation, np.ones((3, made.num_actions), np.uint8))
    for answer in told["answers"]:  # of version 1; the newest has other weights
        np.testing.assert_allclose(answer, logits, atol=1e-5)
    assert told["packed"][0] == told["packed"][1]
    assert (told["live"], told["ready"], told["model_ready"]) == (True, True, [True, False])
    assert "binary_tensor_data" in told["server"]["extensions"]
    assert told["metadata"]["inputs"][0]["name"] == "observation"
    assert told["config"]["name"] == "race"
    assert told["statistics"]["model_stats"][0]["name"] == "race"
    assert told["id"] == "r-1"
    assert {"action", "logits", "value"} <= set(told["outputs"])
    assert len(told["actions"]) == 3
    assert told["no_model"][0] == "404"
    assert told["wrong_shape"][0] == "400"


def test_numbers_as_json(http: httpx.Client, observation: np.ndarray) -> None:
    asked = {
        "inputs": [
            {
                "name": "observation",
                "shape": list(observation.shape),
                "datatype": "UINT8",
                "data": observation.tolist(),
            }
        ],
        "outputs": [{"name": "value"}],
    }
    flat = {**asked, "inputs": [{**asked["inputs"][0], "data": observation.ravel().tolist()}]}
    first = ok(http.post("/v2/models/race/infer", json=asked))
    assert first["outputs"][0]["shape"][0] == 3
    assert ok(http.post("/v2/models/race/infer", json=flat)) == first


GOOD = {"name": "a", "datatype": "FP32", "shape": [1], "data": [1.0]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"{}", "inputs"),
        ({"name": "a"}, "inputs[0].datatype"),
        ({**GOOD, "datatype": "BYTES"}, "inputs[0].datatype"),
        ({**GOOD, "shape": [-1]}, "inputs[0].shape"),
        ({**GOOD, "datatype": "UINT8", "data": [300]}, "inputs[0].data"),
        ({**GOOD, "data": ["x"]}, "inputs[0].data"),
        ({**GOOD, "parameters": {"binary_data_size": 4}}, "inputs[0].parameters"),
    ],
)
def test_what_is_wrong_is_named(http: httpx.Client, body: Any, field: str) -> None:
    if isinstance(body, dict):
        body = json.dumps({"inputs": [body]}).encode()
    told = problem(http.post("/v2/models/race/infer", content=body), 400)
    assert told["field"] == field
    assert told["error"] == told["detail"]


def test_a_packed_body_is_bounded(http: httpx.Client) -> None:
    bomb = gzip.compress(b"[" + b" " * (17 * 1024 * 1024))
    answer = http.post("/v2/models/race/infer", content=bomb, headers={"content-encoding": "gzip"})
    assert problem(answer, 400)["field"] == "body"
