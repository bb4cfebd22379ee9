"""A study keeps what it was begun with."""

import json

import pytest

from mazemesh.errors import Conflict
from mazemesh.tuning.definition import Definition
from tests.unit.tuning.fakes import DEFINITION


def test_it_survives_json() -> None:
    assert Definition.from_json(json.loads(json.dumps(DEFINITION.to_json()))) == DEFINITION


def test_going_on_with_something_else_is_refused() -> None:
    DEFINITION.check_same({}, "mine")
    DEFINITION.check_same({"game": "solo", "objectives": ["success", "seconds"]}, "mine")
    with pytest.raises(Conflict, match=r"'mine' was begun with game 'solo', not 'race'; seconds"):
        DEFINITION.check_same({"game": "race", "seconds": 10.0, "seed": 0}, "mine")
