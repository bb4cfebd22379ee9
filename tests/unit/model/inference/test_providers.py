"""What files are run on."""

import pytest

from mazemesh.errors import FailedPrecondition
from services.model.inference.providers import on_gpu, providers

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
