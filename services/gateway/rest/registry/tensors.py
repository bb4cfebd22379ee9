"""Tensors of KServe v2 over HTTP: as JSON lists, or as bytes behind the JSON (binary extension).

A request with binary tensors says by the header `Inference-Header-Content-Length` where its JSON
ends; each binary input's parameter `binary_data_size` says how many of the bytes behind are its
own, in the order of the inputs. An answer is written the same way for outputs that are asked for
with `binary_data`, or for all by the request's `binary_data_output`.
(KServe, "Binary tensor data extension".)
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.kserve import inference_pb2 as pb

HEADER_LENGTH: Final = "inference-header-content-length"

_DTYPES: Final = {
    "BOOL": "?",
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
}
_OWN: Final = ("binary_data", "binary_data_size", "binary_data_output")
"""Parameters of the HTTP form itself, which the contract does not know."""


def decompressed(body: bytes, encoding: str, most: int) -> bytes:
    """A body as it was before `Content-Encoding`.

    Raises:
        InvalidArgument: it is not encoded so, or is larger than `most` bytes.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise InvalidArgument(f"content_encoding: {encoding[:40]!r} should be gzip or deflate")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise InvalidArgument(f"body: it is no {encoding} ({error})") from error
    if len(plain) > most:
        raise InvalidArgument(f"body: it holds more than {most} bytes, which is the most")
    return plain


def read_request(
    body: bytes, header_length: str, model: str, version: str
) -> tuple[pb.ModelInferRequest, frozenset[str] | None]:
    """A request, and which outputs are wanted as bytes; None: all of them.

    Raises:
        InvalidArgument: a field is wrong.
    """
    head, tail = _split(body, header_length)
    try:
        asked = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"body: it is no JSON ({error})") from error
    if not isinstance(asked, dict):
        raise InvalidArgument("body: it should be an object with `inputs`")
    request = pb.ModelInferRequest(
        model_name=model, model_version=version, id=_text(asked.get("id", ""), "id")
    )
    parameters = _object(asked.get("parameters", {}), "parameters")
    _set_parameters(request.parameters, parameters)
    rest = memoryview(tail)
    for index, one in enumerate(_list(asked.get("inputs"), "inputs")):
        rest = _read_input(request, _object(one, f"inputs[{index}]"), index, rest)
    if len(rest):
        raise InvalidArgument(f"body: {len(rest)} bytes are left behind the last input's")
    binary = set()
    for index, one in enumerate(_list(asked.get("outputs", []), "outputs")):
        output = _object(one, f"outputs[{index}]")
        name = _text(output.get("name"), f"outputs[{index}].name")
        request.outputs.add(name=name)
        wishes = _object(output.get("parameters", {}), f"outputs[{index}].parameters")
        if wishes.get("classification"):
            raise InvalidArgument(f"outputs[{index}].parameters: classification is not served")
        if wishes.get("binary_data", parameters.get("binary_data_output", False)):
            binary.add(name)
    if not request.outputs and parameters.get("binary_data_output", False):
        return request, None
    return request, frozenset(binary)


def write_answer(
    answer: pb.ModelInferResponse, binary: frozenset[str] | None
) -> tuple[bytes, int | None]:
    """The body of an answer, and how many of its bytes are JSON where others follow."""
    outputs: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for one, data in zip(answer.outputs, answer.raw_output_contents, strict=True):
        told: dict[str, Any] = {
            "name": one.name,
            "datatype": one.datatype,
            "shape": list(one.shape),
        }
        if binary is None or one.name in binary:
            told["parameters"] = {"binary_data_size": len(data)}
            tail.append(data)
        else:
            told["data"] = _plain(np.frombuffer(data, _DTYPES[one.datatype]))
        outputs.append(told)
    content: dict[str, Any] = {
        "model_name": answer.model_name,
        "model_version": answer.model_version,
        "outputs": outputs,
    }
    if answer.id:
        content["id"] = answer.id
    if answer.parameters:
        content["parameters"] = {
            name: getattr(value, value.WhichOneof("parameter_choice"))
            for name, value in answer.parameters.items()
        }
    head = json.dumps(content, separators=(",", ":"), allow_nan=True).encode()
    return (head + b"".join(tail), len(head)) if tail else (head, None)


def _plain(array: Any) -> list[Any]:
    values: list[Any] = array.tolist()
    return values


def _split(body: bytes, header_length: str) -> tuple[bytes, bytes]:
    if not header_length:
        return body, b""
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 10):
        raise InvalidArgument(
            f"inference_header_content_length: {header_length[:40]!r} should be a number of bytes"
        )
    length = int(header_length)
    if length > len(body):
        raise InvalidArgument(
            f"inference_header_content_length: {length} is more than the body's {len(body)} bytes"
        )
    return body[:length], body[length:]


def _read_input(
    request: pb.ModelInferRequest, one: Mapping[str, Any], index: int, rest: memoryview
) -> memoryview:
    where = f"inputs[{index}]"
    name = _text(one.get("name"), f"{where}.name")
    datatype = _text(one.get("datatype"), f"{where}.datatype")
    shape = _list(one.get("shape"), f"{where}.shape")
    if datatype not in _DTYPES:
        raise InvalidArgument(
            f"{where}.datatype: {datatype[:40]!r} should be one of {', '.join(_DTYPES)}"
        )
    if not all(isinstance(side, int) and 0 <= side < 2**31 for side in shape):
        raise InvalidArgument(f"{where}.shape: {shape!r:.80} should be whole numbers")
    made = request.inputs.add(name=name, datatype=datatype, shape=shape)
    parameters = _object(one.get("parameters", {}), f"{where}.parameters")
    _set_parameters(made.parameters, parameters)
    size = parameters.get("binary_data_size")
    if size is None:
        request.raw_input_contents.append(_elements(one, datatype, where))
        return rest
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(rest):
        raise InvalidArgument(
            f"{where}.parameters: binary_data_size {size!r:.40} should be 0..{len(rest)}, what is "
            "left behind the JSON"
        )
    request.raw_input_contents.append(bytes(rest[:size]))
    return rest[size:]


def _elements(one: Mapping[str, Any], datatype: str, where: str) -> bytes:
    data = _list(one.get("data"), f"{where}.data")
    kind = np.dtype(_DTYPES[datatype])
    try:
        given = np.asarray(data)
        if given.dtype.kind not in "biuf" and given.size:
            raise ValueError("they are no numbers, or lists of different lengths")
        fits = given.astype(kind)
        whole = kind.kind in "iu" and not np.array_equal(fits, given)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidArgument(f"{where}.data: {error}") from error
    if whole:
        raise InvalidArgument(f"{where}.data: an element is none of {datatype}")
    content: bytes = fits.tobytes()
    return content


def _set_parameters(told: Any, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name in _OWN:
            continue
        if isinstance(value, bool):
            told[name].bool_param = value
        elif isinstance(value, int) and -(2**63) <= value < 2**63:
            told[name].int64_param = value
        elif isinstance(value, float):
            told[name].double_param = value
        elif isinstance(value, str):
            told[name].string_param = _text(value, f"parameters.{name[:40]}")
        else:
            raise InvalidArgument(
                f"parameters: {name[:40]!r} should be a text, a number or true or false"
            )


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > 256:
        raise InvalidArgument(f"{where}: {value!r:.40} should be a text of at most 256 characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{where}: it is no Unicode text") from error
    return value


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidArgument(f"{where}: {value!r:.40} should be an object")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidArgument(f"{where}: {value!r:.40} should be a list")
    return value
