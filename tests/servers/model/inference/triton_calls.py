"""What tritonclient sees of a Model service: printed as JSON.

In a process of its own, since its messages have the same names as ours. Arguments: the address, and
the observation as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

DEADLINE = 60.0


def inputs(observation: np.ndarray, **more: np.ndarray) -> list[Any]:
    found = []
    kinds = {"uint8": "UINT8", "float32": "FP32"}
    for name, array in {"observation": observation, **more}.items():
        one = triton.InferInput(name, array.shape, kinds[array.dtype.name])
        one.set_data_from_numpy(array)
        found.append(one)
    return found


def refused(call: Any) -> list[str]:
    """Status and message of a call that fails."""
    try:
        call()
    except InferenceServerException as error:
        return [str(error.status()), str(error.message())]
    raise AssertionError("it was answered")


def main(address: str, observation: np.ndarray) -> dict[str, Any]:
    client = triton.InferenceServerClient(address)
    asked = inputs(observation)
    answer = client.infer("race", asked, "1", request_id="r-1", client_timeout=DEADLINE)
    response = answer.get_response()
    some = client.infer(
        "race",
        asked,
        "latest",
        outputs=[triton.InferRequestedOutput("value")],
        parameters={"seed": 3},
    )
    told: dict[str, Any] = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": [client.is_model_ready("race"), client.is_model_ready("race", "77")],
        "server": client.get_server_metadata(as_json=True),
        "metadata": client.get_model_metadata("race", as_json=True),
        "config": client.get_model_config("race", as_json=True)["config"],
        "served": [response.model_name, response.model_version, response.id],
        "logits": answer.as_numpy("logits").tolist(),
        "value": answer.as_numpy("value").tolist(),
        "action": answer.as_numpy("action").tolist(),
        "only": [one.name for one in some.get_response().outputs],
    }
    told["statistics"] = client.get_inference_statistics("race", as_json=True)
    told["refused"] = {
        "no_model": refused(lambda: client.infer("nobody", asked)),
        "no_input": refused(lambda: client.infer("race", [])),
        "shape": refused(lambda: client.infer("race", inputs(observation[:, :3]))),
        "dtype": refused(lambda: client.infer("race", inputs(observation.astype(np.float32)))),
        "parameter": refused(lambda: client.infer("race", asked, parameters={"colour": 1})),
        "repository": refused(client.get_model_repository_index),
        "load": refused(lambda: client.load_model("race")),
        "shared_memory": refused(client.get_system_shared_memory_status),
    }
    told["sequence"] = sequence(client, observation[:1])
    told["stream"] = stream(client, asked)
    client.close()
    return told


def sequence(client: Any, observation: np.ndarray) -> list[float]:
    """Values of three steps of one sequence, and of one that begins anew."""
    found = []
    for start, end in ((True, False), (False, False), (False, True), (False, True)):
        answer = client.infer(
            "memory",
            inputs(observation),
            sequence_id=42,
            sequence_start=start,
            sequence_end=end,
        )
        found.append(float(answer.as_numpy("value")[0]))
    return found


def stream(client: Any, asked: list[Any]) -> list[Any]:
    """An answer, an error and an answer of one stream."""
    from queue import Queue

    answers: Queue[tuple[Any, Any]] = Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for name in ("race", "nobody", "race"):
        client.async_stream_infer(name, asked)
    found = []
    for _ in range(3):
        result, error = answers.get(timeout=DEADLINE)
        found.append(str(error.message()) if error else result.as_numpy("value").tolist())
    client.stop_stream()
    return found


if __name__ == "__main__":
    found = main(sys.argv[1], np.array(json.loads(sys.argv[2]), np.uint8))
    sys.stdout.write(json.dumps(found) + "\n")
