"""What is known of policies beside lists: checks of versions, experiments over aliases, drift."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from mazemesh.errors import NotFound
from mazemesh.v1 import model_pb2
from mazemesh.v1 import registry_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.rest.asking import PageSize, PageToken, told
from services.gateway.rest.messages import model_of
from services.gateway.rest.registry.policies import PolicyName, Version

router = APIRouter(tags=["policies"])

ExperimentId = Annotated[str, Path(pattern=r"^[!-.0-~]{1,128}$", examples=["canary-42"])]


@router.get(
    "/policies/{name}/versions/{version}/details",
    summary="Its validation",
    response_model=model_of(pb.GetPolicyDetailsResponse),
)
async def details(calls: CallsDep, name: PolicyName, version: Version) -> Any:
    """Each check of its file with the figure and the limit, and why the version is kept."""
    request = pb.GetPolicyDetailsRequest(policy=f"{name}:{version}")
    return told(await calls.ask(calls.rpcs.model.GetPolicyDetails, request))


@router.get(
    "/policies/{name}/experiments",
    summary="Experiments over its aliases",
    response_model=model_of(model_pb2.ListExperimentsResponse),
)
async def experiments(
    calls: CallsDep,
    name: PolicyName,
    running_only: Annotated[bool, Query(description="None that have ended.")] = False,
    page_size: PageSize = 100,
    page_token: PageToken = "",
) -> Any:
    """A/B tests, canaries and shadows, the last started first; without their comparisons."""
    request = model_pb2.ListExperimentsRequest(
        name=name, running_only=running_only, page_size=page_size, page_token=page_token
    )
    return told(await calls.ask(calls.rpcs.model.ListExperiments, request))


@router.get(
    "/policies/{name}/experiments/{experiment_id}",
    summary="An experiment with its comparisons",
    response_model=model_of(model_pb2.GetExperimentResponse),
)
async def experiment(calls: CallsDep, name: PolicyName, experiment_id: ExperimentId) -> Any:
    """What its arms did, and how each compares with the first, at any time and still valid."""
    request = model_pb2.GetExperimentRequest(experiment_id=experiment_id)
    found = await calls.ask(calls.rpcs.model.GetExperiment, request)
    if found.experiment.name != name:
        raise NotFound(f"experiment_id: {name!r} has no experiment {experiment_id!r}")
    return told(found)


@router.get(
    "/policies/{name}/versions/{version}/drift",
    summary="How its calls have drifted",
    response_model=model_of(model_pb2.GetDriftResponse),
)
async def drift(calls: CallsDep, name: PolicyName, version: Version) -> Any:
    """What the version is asked and answers of late, against what it was validated on.

    Each instance of Model looks at its own calls; empty where it was asked nothing.
    """
    request = model_pb2.GetDriftRequest(policy=f"{name}:{version}")
    return told(await calls.ask(calls.rpcs.model.GetDrift, request))
