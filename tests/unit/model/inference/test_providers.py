"""What files are run on."""

import re

import pytest

from mazemesh.errors import FailedPrecondition
from mazemesh.policy.onnx_policy import OnnxPolicy
from services.model.inference.providers import on_gpu, providers, reason
from tests.onnx_policies import Network

CPU, CUDA, RT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert providers("auto", [CPU]) == [CPU]
    assert providers("auto", [RT, CUDA, CPU]) == [CUDA, CPU]
    assert providers("cpu", [RT, CUDA, CPU]) == [CPU]
    assert providers("tensorrt", [RT, CUDA, CPU]) == [RT, CUDA, CPU]
    assert on_gpu([CUDA, CPU])
    assert not on_gpu([CPU])


@pytest.mark.parametrize("processor", ["cuda", "tensorrt"])
def test_what_is_not_there_is_told(processor: str) -> None:
    with pytest.raises(FailedPrecondition, match=f"{processor}.*it has CPUExecutionProvider"):
        providers(processor, [CPU])  # type: ignore[arg-type]


AZURE = "AzureExecutionProvider"


@pytest.mark.parametrize(
    ("processor", "available", "found", "told"),
    [
        ("auto", [AZURE, CPU], [CPU], f"has no {CUDA} here .it has {AZURE}, {CPU}.; onnxruntime-g"),
        (
            "auto",
            [RT, CUDA, CPU],
            [CUDA, CPU],
            f"onnxruntime has {CUDA} here; what {CUDA}",
        ),
        ("cpu", [RT, CUDA, CPU], [CPU], f"is cpu and onnxruntime has {CPU} here$"),
        ("tensorrt", [RT, CUDA, CPU], [RT, CUDA, CPU], f"run on {CUDA}, then {CPU}"),
        ("tensorrt", [RT, CPU], [RT, CPU], f"without {CUDA} beside it"),
        ("auto", [CUDA, CPU], [CPU], f"has {CUDA} but could not start a session on it"),
        ("tensorrt", [RT, CUDA, CPU], [CUDA, CPU], f"has {RT} but could not .* so {CUDA} is used"),
    ],
)
def test_why_is_told(processor: str, available: list[str], found: list[str], told: str) -> None:
    assert re.search(told, reason(processor, available, found))  # type: ignore[arg-type]


def test_what_onnxruntime_has_here_is_explained() -> None:
    import onnxruntime as ort

    available = ort.get_available_providers()
    network = Network()
    policy = OnnxPolicy("race:1", network.file(), providers=providers("auto", available))
    told = reason("auto", available, policy.providers)
    assert policy.providers[-1] == CPU
    assert (CUDA in policy.providers) == (CUDA in available and "could not" not in told)
