"""What files are run on: the processors that onnxruntime has here, and that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from mazemesh.errors import FailedPrecondition

Processor = Literal["auto", "cpu", "cuda", "tensorrt"]

_CPU: Final = "CPUExecutionProvider"
_CUDA: Final = "CUDAExecutionProvider"
_TENSORRT: Final = "TensorrtExecutionProvider"

_WANTED: Final[dict[Processor, tuple[str, ...]]] = {
    "cpu": (_CPU,),
    "cuda": (_CUDA, _CPU),
    # Builds an engine for each version, for seconds to minutes: nobody gets it unasked.
    "tensorrt": (_TENSORRT, _CUDA, _CPU),
}


def providers(processor: Processor, available: Sequence[str]) -> list[str]:
    """Onnxruntime's providers, the preferred one first.

    `auto` is CUDA where there is one, else the CPU. What an operator of a file cannot be run on is
    run on the next.

    Raises:
        FailedPrecondition: what was asked for is not there; tells what is.
    """
    if processor == "auto":
        processor = "cuda" if _CUDA in available else "cpu"
    wanted = _WANTED[processor]
    if wanted[0] not in available:
        raise FailedPrecondition(
            f"inference_processor is {processor}, but onnxruntime has no {wanted[0]} here; it has "
            f"{', '.join(available)}. Install onnxruntime-gpu, or set auto"
        )
    return [one for one in wanted if one in available]


def reason(processor: Processor, available: Sequence[str], found: Sequence[str]) -> str:
    """Why a session has the providers that it has, in words.

    Args:
        processor: What was asked for.
        available: What onnxruntime has here.
        found: What the session tells that it has.
    """
    wanted = providers(processor, available)
    missing = [one for one in wanted if one not in found]
    if missing:
        return (
            f"inference_processor is {processor}: onnxruntime has {', '.join(missing)} but could "
            f"not start a session on it (its driver or libraries are missing, or too old), so "
            f"{found[0]} is used; the log of the service has what onnxruntime said"
        )
    if processor == "auto" and _CUDA not in available:
        return (
            f"inference_processor is auto and onnxruntime has no {_CUDA} here (it has "
            f"{', '.join(available)}); onnxruntime-gpu has it"
        )
    told = f"inference_processor is {processor} and onnxruntime has {wanted[0]} here"
    left = [one for one in _WANTED.get(processor, ()) if one not in available]
    if left:
        told += f", without {', '.join(left)} beside it"
    if len(wanted) > 1:
        told += f"; what {wanted[0]} has no operator for is run on {', then '.join(wanted[1:])}"
    return told


def on_gpu(found: Sequence[str]) -> bool:
    """Whether a GPU is among them."""
    return found[0] != _CPU
