"""A policy served by MLServer over KServe v2, with adaptive batching, for `bench inference`.

Arguments: the ONNX file, a free port. Run by MLServer's own environment.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import numpy as np
import onnxruntime as ort
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse


class Policy(MLModel):
    """The file in one session, as this project's own sessions are made."""

    async def load(self) -> bool:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(self.settings.parameters.uri, options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        inputs: dict[str, Any] = {
            one.name: NumpyCodec.decode_input(one).astype(np.uint8, copy=False)
            for one in payload.inputs
        }
        logits, value = self._session.run(["logits", "value"], inputs)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("logits", logits),
                NumpyCodec.encode_output("value", value),
            ],
        )


async def main(path: str, port: int) -> None:
    """Serves until it is killed."""
    server = MLServer(
        Settings(
            grpc_port=port,
            http_port=port + 1 if port < 65535 else port - 1,
            metrics_port=port + 2 if port < 65534 else port - 2,
            host="127.0.0.1",
            parallel_workers=0,
        )
    )
    model = ModelSettings(
        name="race",
        implementation=Policy,
        max_batch_size=256,
        max_batch_time=0.002,
        parameters=ModelParameters(uri=path),
    )
    await server.start([model])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
