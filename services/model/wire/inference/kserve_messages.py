"""Messages of the KServe v2 protocol <-> the nouns of inference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, Final

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.kserve import inference_pb2 as pb
from mazemesh.names import parse_reference, shown
from mazemesh.policy.file.variants import check_kinds
from services.model.inference.calls import NO_SESSIONS, USUAL, Answer, Asked, Choosing, Sessions
from services.model.inference.figures import Served
from services.model.inference.layout import MOST_OUTPUTS, MOST_ROWS, Column, Given
from services.model.inference.models import Model
from services.model.inference.sessions import MOST_IDS
from services.model.registry.policy import Version
from services.model.wire.experiments.experiment_messages import check_session
from services.model.wire.inference.infer_messages import MOST_COLUMNS

PLATFORM: Final = "onnxruntime_onnx"
BACKEND: Final = "onnxruntime"
_MOST_DIMENSIONS: Final = 32
_MOST_PARAMETERS: Final = 64
_LONGEST_ID: Final = 128
_NANOSECONDS: Final = 1e9
_MICROSECOND: Final = 1e-6

# By numpy's name: the protocol's, Triton's number, and the field of typed contents.
_KINDS: Final = {
    "bool": ("BOOL", pb.TYPE_BOOL, "bool_contents"),
    "uint8": ("UINT8", pb.TYPE_UINT8, "uint_contents"),
    "uint16": ("UINT16", pb.TYPE_UINT16, "uint_contents"),
    "uint32": ("UINT32", pb.TYPE_UINT32, "uint_contents"),
    "uint64": ("UINT64", pb.TYPE_UINT64, "uint64_contents"),
    "int8": ("INT8", pb.TYPE_INT8, "int_contents"),
    "int16": ("INT16", pb.TYPE_INT16, "int_contents"),
    "int32": ("INT32", pb.TYPE_INT32, "int_contents"),
    "int64": ("INT64", pb.TYPE_INT64, "int64_contents"),
    "float16": ("FP16", pb.TYPE_FP16, ""),
    "float32": ("FP32", pb.TYPE_FP32, "fp32_contents"),
    "float64": ("FP64", pb.TYPE_FP64, "fp64_contents"),
}
_WIDE: Final = {"uint_contents": np.uint32, "int_contents": np.int32}
"""Fields that narrower types travel in."""

_DTYPES: Final = {kind: name for name, (kind, _, _) in _KINDS.items()}
_SEQUENCE: Final = frozenset({"sequence_id", "sequence_start", "sequence_end"})
_KNOWN: Final = _SEQUENCE | {"temperature", "seed", "priority", "timeout", "session", "variant"}


def policy_of(name: str, version: str) -> str:
    """A model's name and version as a policy.

    Raises:
        InvalidArgument: they are none.
    """
    policy = f"{name}:{version}" if version else name
    parse_reference(policy, "model_name" if not version else "model_name:model_version")
    return policy


class Sequence:
    """The sequence that a request belongs to: session ids are "<id>/<row>".

    Attributes:
        ids: Of all rows; empty: no sequence.
        ends: Whether this is its last request.
        session: Whose call it is where an experiment runs: that of the parameter `session`, else
            the sequence; empty without either.
    """

    def __init__(self, parameters: Mapping[str, pb.InferParameter], rows: int) -> None:
        self.ids: tuple[str, ...] = ()
        given = _value(parameters, "sequence_id") if "sequence_id" in parameters else 0
        starts = bool(_value(parameters, "sequence_start")) if parameters else False
        self.ends = bool(_value(parameters, "sequence_end")) if parameters else False
        self.session = ""
        if "session" in parameters:
            self.session = check_session("session", str(_value(parameters, "session")))
        if not given:  # 0 and the empty text are the protocol's words for none
            return
        if isinstance(given, float | bool):
            raise InvalidArgument("sequence_id is no whole number and no text")
        if not 1 <= rows <= MOST_IDS:
            raise InvalidArgument(f"a sequence has {rows} rows; expected 1..{MOST_IDS}")
        self.ids = tuple(f"{given}/{row}" for row in range(rows))
        # Ids of sequences may be any text; those that are none of a session are refused later.
        self.session = self.session or str(given)
        self.begin = range(rows) if starts else ()

    def sessions(self, owner: str) -> Sessions:
        """As sessions."""
        return Sessions(owner, self.ids, self.begin) if self.ids else NO_SESSIONS


def read_infer(
    request: pb.ModelInferRequest, owner: str, now: float, deadline: float
) -> tuple[Asked, Sequence]:
    """What a request asks, and the sequence that it is of.

    Raises:
        InvalidArgument: a field is wrong.
    """
    inputs = request.inputs
    if not 1 <= len(inputs) <= MOST_COLUMNS:
        raise InvalidArgument(f"inputs has {len(inputs)}; expected 1..{MOST_COLUMNS}")
    if len(request.outputs) > MOST_OUTPUTS:
        raise InvalidArgument(f"outputs has {len(request.outputs)}; at most {MOST_OUTPUTS}")
    if len(request.id) > _LONGEST_ID:
        raise InvalidArgument(f"id has {len(request.id)} characters; at most {_LONGEST_ID}")
    raw = request.raw_input_contents
    if raw and len(raw) != len(inputs):
        raise InvalidArgument(
            f"raw_input_contents has {len(raw)}; expected one for each of {len(inputs)} inputs"
        )
    rows = _rows(inputs)
    given = [
        Given(one.name, _dtype(one), raw[index] if raw else _contents(one))
        for index, one in enumerate(inputs)
    ]
    choosing = USUAL
    parameters: Mapping[str, pb.InferParameter] = {}
    if request.parameters:
        parameters = request.parameters
        choosing, deadline = _parameters(parameters, now, deadline)
    for output in request.outputs:
        _refuse(output.parameters)
    sequence = Sequence(parameters, rows)
    asked = Asked(
        policy_of(request.model_name, request.model_version),
        rows,
        given,
        tuple(output.name for output in request.outputs) or None,
        choosing,
        sequence.sessions(owner),
        deadline,
        sum(len(one.data) for one in given),
        _variant(parameters),
    )
    return asked, sequence


def _rows(inputs: Iterable[pb.ModelInferRequest.InferInputTensor]) -> int:
    rows = 0
    for one in inputs:
        shape = one.shape
        if not 1 <= len(shape) <= _MOST_DIMENSIONS:
            raise InvalidArgument(
                f"input {shown(one.name)} has {len(shape)} dimensions; expected the batch's first"
            )
        if rows and shape[0] != rows:
            raise InvalidArgument(
                f"input {shown(one.name)} has {shape[0]} rows, one before it {rows}"
            )
        rows = shape[0]
        if not 1 <= rows <= MOST_ROWS:
            raise InvalidArgument(
                f"input {shown(one.name)} has {rows} rows; expected 1..{MOST_ROWS}"
            )
        if one.parameters:
            _refuse(one.parameters)
    return rows


def _dtype(one: pb.ModelInferRequest.InferInputTensor) -> str:
    dtype = _DTYPES.get(one.datatype)
    if dtype is None:
        raise InvalidArgument(
            f"input {shown(one.name)} has the datatype {shown(one.datatype)}; expected one of "
            f"{', '.join(_DTYPES)}"
        )
    return dtype


def _contents(one: pb.ModelInferRequest.InferInputTensor) -> bytes:
    dtype = _dtype(one)
    field = _KINDS[dtype][2]
    elements = getattr(one.contents, field) if field else ()
    if len(elements) != prod(one.shape):
        raise InvalidArgument(
            f"input {shown(one.name)} has {len(elements)} {field or 'typed'} elements; expected "
            f"{prod(one.shape)}, or all inputs in raw_input_contents"
        )
    kind = np.dtype(dtype).newbyteorder("<")
    array = np.array(elements, _WIDE.get(field, kind))
    if field in _WIDE:
        bounds = np.iinfo(kind)
        if array.min() < bounds.min or array.max() > bounds.max:
            raise InvalidArgument(
                f"input {shown(one.name)} has an element that is none of {one.datatype}"
            )
    return array.astype(kind).tobytes()


def _refuse(parameters: Mapping[str, Any]) -> None:
    for name in parameters:
        if name.startswith("shared_memory"):
            raise InvalidArgument(f"{name}: shared memory is not served; send the elements")
        if name not in ("binary_data", "binary_data_size"):
            raise InvalidArgument(f"parameters of a tensor has {shown(name)}; expected none")


def _parameters(
    parameters: Mapping[str, pb.InferParameter], now: float, deadline: float
) -> tuple[Choosing, float]:
    if len(parameters) > _MOST_PARAMETERS:
        raise InvalidArgument(f"parameters has {len(parameters)}; at most {_MOST_PARAMETERS}")
    for name in parameters:
        if name not in _KNOWN:
            raise InvalidArgument(
                f"parameters has {shown(name)}; expected some of {', '.join(sorted(_KNOWN))}"
            )
    temperature = _value(parameters, "temperature") if "temperature" in parameters else 1.0
    seed = _value(parameters, "seed") if "seed" in parameters else None
    if isinstance(temperature, str):
        raise InvalidArgument(f"temperature is {shown(temperature)}; expected a number")
    if seed is not None and (not isinstance(seed, int) or not 0 <= seed < 1 << 64):
        raise InvalidArgument("seed is no whole number of 0..2^64 - 1")
    waits = _value(parameters, "timeout")
    if waits:
        if isinstance(waits, str) or waits < 0:
            raise InvalidArgument("timeout is no number of microseconds")
        deadline = min(deadline, now + waits * _MICROSECOND)
    return Choosing(float(temperature), seed), deadline


def _variant(parameters: Mapping[str, pb.InferParameter]) -> str:
    kind = _value(parameters, "variant")
    if not kind:
        return ""
    return check_kinds([kind if isinstance(kind, str) else repr(kind)], "variant")[0]


def _value(parameters: Mapping[str, pb.InferParameter], name: str) -> Any:
    if name not in parameters:
        return 0
    one = parameters[name]
    kind = one.WhichOneof("parameter_choice")
    return getattr(one, kind) if kind else 0


def infer_message(answer: Answer, request_id: str) -> pb.ModelInferResponse:
    """An answer."""
    rows, layout = answer.part.rows, answer.layout
    outputs = [(index, layout.outputs[index]) for index in answer.wanted]
    return pb.ModelInferResponse(
        model_name=answer.version.name,
        model_version=str(answer.version.number),
        id=request_id,
        parameters=_chosen_by(answer.experiment_id),
        outputs=[
            pb.ModelInferResponse.InferOutputTensor(
                name=one.name, datatype=_KINDS[one.dtype][0], shape=(rows, *one.shape)
            )
            for _, one in outputs
        ],
        raw_output_contents=[answer.column(index) for index, _ in outputs],
    )


def _chosen_by(experiment_id: str) -> dict[str, pb.InferParameter] | None:
    """Who chose the version, if an experiment did."""
    if not experiment_id:
        return None
    return {"experiment_id": pb.InferParameter(string_param=experiment_id)}


def metadata_message(version: Version, model: Model) -> pb.ModelMetadataResponse:
    """What a version takes and gives, and what it is run on."""
    layout = model.layout
    return pb.ModelMetadataResponse(
        name=version.name,
        versions=[str(version.number)],
        platform=PLATFORM,
        inputs=map(_metadata, layout.inputs),
        outputs=map(_metadata, layout.outputs),
        properties=_run_on(version, model),
    )


def _run_on(version: Version, model: Model) -> dict[str, str]:
    return {
        "providers": ", ".join(model.providers),
        "providers_reason": model.reason,
        "variants": ", ".join(one.kind for one in version.variants if one.sha256),
    }


def _metadata(column: Column) -> pb.ModelMetadataResponse.TensorMetadata:
    return pb.ModelMetadataResponse.TensorMetadata(
        name=column.name, datatype=_KINDS[column.dtype][0], shape=(-1, *column.shape)
    )


def config_message(version: Version, model: Model, wait_seconds: float) -> pb.ModelConfigResponse:
    """A version as Triton would tell its configuration."""
    layout = model.layout
    parameters = {
        "version": str(version.number),
        "sha256": version.sha256,
        "recurrent": str(bool(layout.state_size)).lower(),
        **_run_on(version, model),
    }
    return pb.ModelConfigResponse(
        config=pb.ModelConfig(
            name=version.name,
            platform=PLATFORM,
            backend=BACKEND,
            max_batch_size=MOST_ROWS,
            input=[
                pb.ModelInput(
                    name=one.name,
                    data_type=_KINDS[one.dtype][1],
                    dims=one.shape,
                    optional=one.fill is not None,
                )
                for one in layout.inputs
            ],
            output=[
                pb.ModelOutput(name=one.name, data_type=_KINDS[one.dtype][1], dims=one.shape)
                for one in layout.outputs
            ],
            dynamic_batching=pb.ModelDynamicBatching(
                max_queue_delay_microseconds=round(wait_seconds / _MICROSECOND)
            ),
            parameters={
                name: pb.ModelParameter(string_value=text) for name, text in parameters.items()
            },
        )
    )


def statistics_message(
    served: Iterable[tuple[str, int, Served]], age: float, wall: float
) -> pb.ModelStatisticsResponse:
    """Figures of versions; `age` and `wall` are now, by the clock of the figures and since 1970."""
    return pb.ModelStatisticsResponse(
        model_stats=[
            pb.ModelStatistics(
                name=name,
                version=str(number),
                last_inference=round(1000 * (wall - age + one.last)) if one.calls else 0,
                inference_count=one.rows,
                execution_count=one.batches,
                inference_stats=pb.InferStatistics(
                    success=_duration(one.calls, one.waited + one.ran),
                    fail=_duration(one.failed, 0.0),
                    queue=_duration(one.calls, one.waited),
                    compute_infer=_duration(one.calls, one.ran),
                ),
            )
            for name, number, one in served
        ]
    )


def _duration(count: int, seconds: float) -> pb.StatisticDuration:
    return pb.StatisticDuration(count=count, ns=round(seconds * _NANOSECONDS))
