"""What a Model service has to do, as far as it can be told without publishing a policy."""

from __future__ import annotations

import uuid
from typing import Any, Final

import grpc

from mazemesh.conformance.checks import DEADLINE, Check, agree, expect
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub


def _lists(channel: grpc.Channel) -> None:
    request = pb.ListPoliciesRequest(page_size=1)
    page = ModelServiceStub(channel).ListPolicies(request, timeout=DEADLINE)
    agree(page.revision >= 1, f"revision is {page.revision}; an empty registry has 1")
    agree(len(page.policies) <= 1, f"a page of one has {len(page.policies)} policies")


def _names_field(channel: grpc.Channel) -> None:
    stub, request = ModelServiceStub(channel), pb.ListPoliciesRequest(page_size=-1)
    expect(
        grpc.StatusCode.INVALID_ARGUMENT,
        lambda: stub.ListPolicies(request, timeout=DEADLINE),
        "page_size",
    )


def _knows_its_policies(channel: grpc.Channel) -> None:
    request = pb.GetPolicyRequest(policy=f"{_name()}:latest")
    call = ModelServiceStub(channel).GetPolicy(request, timeout=DEADLINE)
    expect(grpc.StatusCode.NOT_FOUND, lambda: list(call))


def _beats_at_once(channel: grpc.Channel) -> None:
    request = pb.WatchPoliciesRequest(name=_name())
    call: Any = ModelServiceStub(channel).WatchPolicies(request, timeout=DEADLINE)
    first = next(call)
    call.cancel()
    agree(first.heartbeat, "the first message of a watch without events is no heartbeat")


def _tells_what_is_gone(channel: grpc.Channel) -> None:
    request = pb.WatchPoliciesRequest(since_revision=2**62)
    call = ModelServiceStub(channel).WatchPolicies(request, timeout=DEADLINE)
    expect(grpc.StatusCode.OUT_OF_RANGE, lambda: next(call))


def _fences(channel: grpc.Channel) -> None:
    stub, name = ModelServiceStub(channel), _name()

    def hold(owner: str, **fields: Any) -> int:
        request = pb.HoldNameRequest(name=name, owner=owner, run_id=owner, **fields)
        fence: int = stub.HoldName(request, timeout=DEADLINE).fence
        return fence

    first = hold("one")
    expect(grpc.StatusCode.ABORTED, lambda: hold("two"))
    second = hold("two", take_over=True)
    agree(second > first, f"fence {second} after {first}")
    expect(grpc.StatusCode.ABORTED, lambda: hold("one", fence=first))
    hold("two", fence=second, release=True)


def _name() -> str:
    return f"conformance-{uuid.uuid4()}"


MODEL: Final = (
    Check("lists-by-pages", "ListPolicies keeps to page_size and tells a revision", _lists),
    Check("names-the-field", "INVALID_ARGUMENT has a BadRequest", _names_field),
    Check("knows-its-policies", "an unknown policy is NOT_FOUND", _knows_its_policies),
    Check("beats-at-once", "a watch without events begins with a heartbeat", _beats_at_once),
    Check("tells-what-is-gone", "a revision not reached is OUT_OF_RANGE", _tells_what_is_gone),
    Check("fences-names", "who lost a name is refused by its fence", _fences),
)
"""Checks of a Model service, by what `mazemesh.v1.ModelService` says."""
