"""Which client and which server understand each other."""

import pytest

from mazemesh import contract
from mazemesh.errors import FailedPrecondition


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "grpc-node-js/1.12",
        "mazemesh/x contract/ needs/1",
        "mazemesh/0.1 contract/1 needs/99999999999999999999",
        contract.user_agent(),
        f"{contract.user_agent()} grpc-python/1.85.1 grpc-c/53",
    ],
)
def test_who_tells_nothing_or_this_version_is_served(agent: str) -> None:
    contract.check_client(agent)


def test_the_message_names_both_versions_and_what_to_upgrade() -> None:
    with pytest.raises(FailedPrecondition, match=r"is mazemesh 0\.0\.9 .* upgrade the client"):
        contract.check_client(f"mazemesh/0.0.9 contract/{contract.OLDEST_CLIENT - 1} needs/0")
    with pytest.raises(FailedPrecondition, match=r"mazemesh 9\.1, needs .* upgrade the server"):
        contract.check_client(f"mazemesh/9.1 contract/9 needs/{contract.CONTRACT + 1}")
