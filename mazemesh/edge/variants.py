"""Other forms of an ONNX file: for onnxruntime's mobile builds, and with weights of eight bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnxruntime as ort

from mazemesh.errors import InvalidArgument
from mazemesh.policy.file.variants import variant


def ort_format(data: bytes) -> bytes:
    """The file in ORT format, which builds of onnxruntime without a parser of ONNX load.

    Only optimizations that hold on every processor are made.

    Raises:
        InvalidArgument: onnxruntime does not load the file.
    """
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.save_model_format", "ORT")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.ort"
        options.optimized_model_filepath = str(path)
        try:
            ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own classes share no base but Exception
            reason = str(error).strip().splitlines()[0]
            raise InvalidArgument(f"onnxruntime does not load the file: {reason}") from error
        return path.read_bytes()


def eight_bits(data: bytes) -> bytes | None:
    """The file with products of integers (`policy.file.variants`); None where it has none."""
    try:
        return variant(data, "int8")
    except InvalidArgument:
        return None
