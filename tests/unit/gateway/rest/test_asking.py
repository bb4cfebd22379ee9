from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError

from services.gateway.rest.asking import RequestBody


class Asked(RequestBody):
    whole: int = 0
    number: float = 0.0
    so: bool = False
    text: str = ""
    by_name: dict[str, float] = Field(default_factory=dict)
    lists: dict[str, list[int]] = Field(default_factory=dict)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"whole": True}, {"whole": "5"}, {"whole": 5.5}, {"whole": 1e300}),
        *({"number": False}, {"number": "1.5"}, {"number": float("inf")}),
        *({"so": 0}, {"so": "true"}, {"text": 5}, {"by_name": {"a": True}}, {"other": 1}),
    ],
)
def test_what_is_of_another_kind_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked(**wrong)
    assert refused.value.errors()[0]["loc"][0] == next(iter(wrong))


def test_numbers_of_json_are_one_kind() -> None:
    asked = Asked(whole=5.0, number=2, by_name={"a": 1}, lists={"a": [64.0]})  # type: ignore
    assert asked.lists == {"a": [64]}
    assert (asked.whole, asked.number, asked.by_name) == (5, 2.0, {"a": 1.0})
    assert isinstance(asked.whole, int)
