"""References to policies: their form."""

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.names import ALIAS, POLICY, Reference, parse_reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("race", Reference("race", 0, "latest")),
        ("race:12", Reference("race", 12, "")),
        ("race:champion", Reference("race", 0, "champion")),
        ("a.b-c_9:v2", Reference("a.b-c_9", 0, "v2")),
    ],
)
def test_references(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["", "Race", "a/b", "bot/random", "x" * 65, "a b", "a\n"])
def test_wrong_names_are_shown(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        POLICY.check("name", text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["", "12", "a.b", "A", "x" * 65])
def test_wrong_aliases_are_shown(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        ALIAS.check("alias", text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["race:", "race:0", "race:1234567890123456789", "race:1:2", ":1"])
def test_wrong_references(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_reference(text)


def test_a_long_name_is_quoted_by_its_beginning() -> None:
    with pytest.raises(InvalidArgument) as caught:
        POLICY.check("name", "n" * 30_000)
    assert "(30000 characters)" in str(caught.value)
    assert len(str(caught.value)) < 1_000
