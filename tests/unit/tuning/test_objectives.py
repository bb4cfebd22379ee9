"""Objectives, targets and weights as they are written."""

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.tuning.objectives import (
    OBJECTIVES,
    Target,
    parse_objectives,
    parse_target,
    parse_weights,
)

BOTH = parse_objectives(("success", "seconds"))


def test_objectives() -> None:
    assert [one.maximise for one in BOTH] == [True, False]
    with pytest.raises(InvalidArgument, match="'speed' is unknown; there are success, rating"):
        parse_objectives(("speed",))
    with pytest.raises(InvalidArgument, match="different"):
        parse_objectives(("success", "success"))
    assert {one.name for one in OBJECTIVES.values() if one.to_target} == {"seconds", "steps"}


def test_targets() -> None:
    assert parse_target("success=0.9") == Target("success", 0.9)
    assert parse_target("rating=1200") == Target("rating", 1200.0)
    assert str(parse_target("success=0.90")) == "success=0.9"
    for wrong in ("success", "success=", "steps=3", "rating=nan", "rating=inf", "success=90"):
        with pytest.raises(InvalidArgument, match="target: "):
            parse_target(wrong)


def test_weights() -> None:
    assert parse_weights("success=2, seconds=1", BOTH) == {"success": 2.0, "seconds": 1.0}
    assert parse_weights("seconds=0.5", BOTH) == {"success": 0.0, "seconds": 0.5}
    for wrong in ("rating=1", "success=-1", "success=x", "success=inf", "success=0", ""):
        with pytest.raises(InvalidArgument, match="choose: "):
            parse_weights(wrong, BOTH)
