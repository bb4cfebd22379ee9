import pytest

from mazemesh.games import GameSettings
from mazemesh.v1 import game_pb2
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.specs import settings_to_proto
from services.matchmaker.peers import News, Published
from services.matchmaker.wire.policies import news, published

SETTINGS = GameSettings(width=6, height=6)


def version(**over: object) -> pb.PolicyVersion:
    collection = pb.Collection(game="race", settings=settings_to_proto(SETTINGS))
    fields: dict[str, object] = {
        "name": "race",
        "version": 7,
        "state": pb.POLICY_STATE_READY,
        "snapshot": True,
        "collection": collection,
    }
    return pb.PolicyVersion(**{**fields, **over})  # type: ignore[arg-type]


def test_a_snapshot_says_what_it_plays() -> None:
    assert published(version()) == Published("race", 7, "race", SETTINGS)


@pytest.mark.parametrize(
    "over",
    [
        {"state": pb.POLICY_STATE_RETIRED},
        {"snapshot": False},
        {"collection": None},
        {"collection": pb.Collection()},
        {"collection": pb.Collection(game="external:x", external=pb.ExternalSpaces())},
        {"collection": pb.Collection(game="race", settings=game_pb2.GameSettings(width=1000))},
    ],
)
def test_what_cannot_be_rated_plays_nothing(over: dict[str, object]) -> None:
    assert published(version(**over)) == Published("race", 7)


def test_news_tell_versions_heartbeats_and_neither() -> None:
    assert news(pb.WatchPoliciesResponse(policy=version())) == News(published(version()))
    assert news(pb.WatchPoliciesResponse(heartbeat=True)) == News(heartbeat=True)
    assert news(pb.WatchPoliciesResponse(alias=pb.Alias(name="race"))) == News()
