"""Messages of Infer <-> the nouns of inference."""

from __future__ import annotations

from typing import Final

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.names import parse_reference
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.tensors import ColumnSpec, Signature
from services.model.inference.calls import NO_SESSIONS, USUAL, Answer, Asked, Choosing, Sessions
from services.model.inference.layout import MOST_OUTPUTS, MOST_ROWS, Column, Given
from services.model.inference.models import Model
from services.model.inference.pointers import FORM
from services.model.registry.policy import Version
from services.model.wire.registry.messages import read_variant, variant_number

MOST_COLUMNS: Final = 1024

_NAMES: Final[dict[int, str]] = {
    number: name.removeprefix("DATA_TYPE_").lower()
    for name, number in tensor_pb2.DataType.items()
    if number
}
_NUMBERS: Final = {name: number for number, name in _NAMES.items()}


def read_infer(request: pb.InferRequest, owner: str, deadline: float) -> Asked:
    """What a request asks; whether its columns are those of the version shows later.

    Raises:
        InvalidArgument: a field is wrong.
    """
    policy, columns = request.policy, request.columns
    if FORM in policy:  # which names in use have, and no policy
        parse_reference(policy)
    if len(columns) > MOST_COLUMNS:
        raise InvalidArgument(f"columns has {len(columns)}; at most {MOST_COLUMNS}")
    if len(request.outputs) > MOST_OUTPUTS:
        raise InvalidArgument(f"outputs has {len(request.outputs)} names; at most {MOST_OUTPUTS}")
    given = [Given(one.name, _NAMES.get(one.dtype, "unspecified"), one.data) for one in columns]
    choosing = USUAL
    if request.HasField("temperature") or request.HasField("seed"):
        choosing = Choosing(
            request.temperature if request.HasField("temperature") else 1.0,
            request.seed if request.HasField("seed") else None,
        )
    sessions = NO_SESSIONS
    if request.session_ids:
        sessions = Sessions(owner, tuple(request.session_ids), tuple(request.begin_rows))
    elif request.begin_rows:
        raise InvalidArgument("begin_rows is set and session_ids is not; expected both")
    return Asked(
        policy,
        request.rows,
        given,
        tuple(request.outputs),
        choosing,
        sessions,
        deadline,
        sum([len(one.data) for one in given]),
        read_variant(request.variant) if request.variant else "",
    )


def infer_message(answer: Answer) -> pb.InferResponse:
    """An answer."""
    version, outputs = answer.version, answer.layout.outputs
    return pb.InferResponse(
        name=version.name,
        version=version.number,
        rows=answer.part.rows,
        columns=[
            tensor_pb2.NamedColumn(
                name=outputs[index].name,
                dtype=_NUMBERS[outputs[index].dtype],  # type: ignore[arg-type]
                data=answer.column(index),
                shape=outputs[index].shape,
            )
            for index in answer.wanted
        ],
        begun_rows=answer.begun,
        variant=variant_number(version.kind_of(version.sha256)) if version.variants else None,
        experiment_id=answer.experiment_id,
        row_versions=answer.row_versions,
    )


def signature_message(version: Version, model: Model) -> pb.GetPolicySignatureResponse:
    """What a version takes and gives, and what it is run on."""
    layout = model.layout
    return pb.GetPolicySignatureResponse(
        name=version.name,
        version=version.number,
        inputs=_signature(layout.inputs),
        optional_inputs=[one.name for one in layout.inputs if one.fill is not None],
        outputs=_signature(layout.outputs),
        state_size=layout.state_size,
        max_rows=MOST_ROWS,
        variant=variant_number(version.kind_of(version.sha256)),
        providers=model.providers,
        providers_reason=model.reason,
    )


def _signature(columns: tuple[Column, ...]) -> tensor_pb2.Signature:
    specs = tuple(ColumnSpec(one.name, np.dtype(one.dtype), one.shape) for one in columns)
    return Signature(specs).to_proto()
