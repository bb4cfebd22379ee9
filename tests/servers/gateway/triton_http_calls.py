"""What tritonclient sees of a gateway: printed as JSON.

In a process of its own, since it brings gevent. Arguments: host:port, and the observation as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

SECONDS = 60.0


def asked(observation: np.ndarray, *, binary: bool) -> list[Any]:
    one = triton.InferInput("observation", observation.shape, "UINT8")
    one.set_data_from_numpy(observation, binary_data=binary)
    return [one]


def refused(call: Any) -> list[str]:
    try:
        call()
    except InferenceServerException as error:
        return [str(error.status()), str(error.message())]
    raise AssertionError("it was answered")


def main(address: str, observation: np.ndarray) -> dict[str, Any]:
    client = triton.InferenceServerClient(
        address, connection_timeout=SECONDS, network_timeout=SECONDS
    )
    answers = []
    for binary in (True, False):
        wanted = [triton.InferRequestedOutput("logits", binary_data=binary)]
        given = asked(observation, binary=binary)
        answer = client.infer("race", given, "1", outputs=wanted, request_id="r-1")
        answers.append(answer.as_numpy("logits").tolist())
    whole = client.infer("race", asked(observation, binary=True))
    packed = [
        client.infer(
            "race", asked(observation, binary=True), request_compression_algorithm=algorithm
        )
        .as_numpy("logits")
        .tolist()
        for algorithm in ("gzip", "deflate")
    ]
    seeded = client.infer("race", asked(observation, binary=True), parameters={"seed": 3})
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": [client.is_model_ready("race"), client.is_model_ready("race", "77")],
        "server": client.get_server_metadata(),
        "metadata": client.get_model_metadata("race", "1"),
        "config": client.get_model_config("race"),
        "statistics": client.get_inference_statistics("race"),
        "answers": answers,
        "packed": packed,
        "outputs": sorted(one["name"] for one in whole.get_response()["outputs"]),
        "id": answer.get_response()["id"],
        "actions": seeded.as_numpy("action").tolist(),
        "no_model": refused(lambda: client.get_model_metadata("nobody")),
        "wrong_shape": refused(
            lambda: client.infer("race", asked(observation[:, :3], binary=True))
        ),
    }


if __name__ == "__main__":
    found = main(sys.argv[1], np.array(json.loads(sys.argv[2]), np.uint8))
    sys.stdout.write(json.dumps(found) + "\n")
