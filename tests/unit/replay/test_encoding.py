import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1 import tensor_pb2
from services.replay.encoding import encode_sample
from services.replay.handlers import SERVICE, add_replay_servicer
from services.replay.table import Sample, Updated


@settings(max_examples=200, deadline=None)
@given(
    rows=st.integers(1, 300),
    widths=st.lists(st.sampled_from([0, 1, 8, 127, 128, 20_000]), min_size=1, max_size=4),
    signature_hash=st.integers(0, 2**64 - 1),
    size=st.integers(0, 2**40),
    counts=st.tuples(st.integers(0, 10), st.integers(0, 10)),
)
def test_the_encoding_is_what_the_generated_class_reads(rows, widths, signature_hash, size, counts):
    rng = np.random.default_rng(rows)
    sample = Sample(
        columns=[rng.integers(0, 256, (rows, width), dtype=np.uint8) for width in widths],
        keys=rng.integers(0, 2**63, rows).astype(np.uint64),
        probabilities=rng.random(rows),
        priorities=rng.random(rows),
        policy_versions=rng.integers(-1, 9, rows),
        times_sampled=rng.integers(1, 9, rows).astype(np.int32),
        table_size=size,
    )
    decoded = pb.GetExperienceBatchResponse.FromString(
        encode_sample(sample, signature_hash, Updated(*counts))
    )
    assert decoded == pb.GetExperienceBatchResponse(
        columns=tensor_pb2.Columns(
            signature_hash=signature_hash,
            rows=rows,
            data=[column.tobytes() for column in sample.columns],
        ),
        keys=sample.keys.tobytes(),
        probabilities=sample.probabilities.tobytes(),
        priorities=sample.priorities.tobytes(),
        policy_versions=sample.policy_versions.tobytes(),
        times_sampled=sample.times_sampled.tobytes(),
        table_size=size,
        updated=counts[0],
        stale=counts[1],
    )


def test_every_method_of_the_contract_is_served():
    class Registered:
        def add_generic_rpc_handlers(self, handlers) -> None:
            [self.handler] = handlers

    class Servicer:
        def __getattr__(self, name: str):
            return name

    class Details:
        def __init__(self, method: str) -> None:
            self.method = method

    registered = Registered()
    add_replay_servicer(Servicer(), registered)
    contract = pb.DESCRIPTOR.services_by_name["ReplayService"]
    assert contract.full_name == SERVICE
    for method in contract.methods:
        found = registered.handler.service(Details(f"/{SERVICE}/{method.name}"))
        assert found.unary_unary == method.name
