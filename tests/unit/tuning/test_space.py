"""How a space is written, and what is refused."""

import tomllib

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.tuning.space import (
    Choice,
    Dimension,
    Interval,
    from_table,
    parse_assignments,
    parse_dimension,
)


@pytest.mark.parametrize(
    ("text", "whole", "dimension"),
    [
        ("log:1e-4..3e-3", False, Interval(1e-4, 3e-3, log=True)),
        ("0..0.5", False, Interval(0.0, 0.5)),
        ("-1 .. .5", False, Interval(-1.0, 0.5)),
        ("1..6", True, Interval(1, 6, whole=True)),
        ("log:16..1024", True, Interval(16, 1024, log=True, whole=True)),
        ("512,1024, 2048", True, Choice(("512", "1024", "2048"))),
        ("0.99", False, Choice(("0.99",))),
        ("[64,64],[128,128]", False, Choice(("[64,64]", "[128,128]"))),
        ("dfs,prim", False, Choice(("dfs", "prim"))),
    ],
)
def test_dimensions(text: str, whole: bool, dimension: Dimension) -> None:
    assert parse_dimension("x", text, whole=whole) == dimension


@pytest.mark.parametrize(
    ("text", "whole", "told"),
    [
        ("3..1", False, "smaller to a larger"),
        ("2..2", False, "smaller to a larger"),
        ("log:0..1", False, "above 0"),
        ("0.5..3", True, "whole number"),
        ("1..x", False, "LOW..HIGH"),
        ("1..2..3", False, "LOW..HIGH"),
        ("1,,2", False, "different values"),
        ("1,1", False, "different values"),
        ("[64,64", False, "different values"),
        ("inf,1", False, "finite"),
        ("1e400..2", False, "smaller to a larger"),
    ],
)
def test_what_means_nothing_is_refused(text: str, whole: bool, told: str) -> None:
    with pytest.raises(InvalidArgument, match=told) as refused:
        parse_dimension("clip", text, whole=whole)
    assert "clip" in str(refused.value)
    assert repr(text) in str(refused.value)


def test_values_are_short_whole_where_they_should_be_and_inside() -> None:
    assert Interval(0, 1).value(0.123456789) == 0.123457
    assert Interval(0.12345674, 1).value(0.12345675) == 0.123457
    assert Interval(0.1234564, 1).value(0.1234564) == 0.1234564
    assert Interval(1, 6, whole=True).value(3.0) == 3
    assert Choice(("a", "b")).ends() == ("a", "b")
    assert Interval(1, 6, whole=True).ends() == (1, 6)


def test_assignments() -> None:
    assert parse_assignments(["learning-rate=1..2", "epochs = 3"]) == {
        "learning_rate": "1..2",
        "epochs": "3",
    }
    for wrong in ("epochs", "=3", "epochs="):
        with pytest.raises(InvalidArgument, match="NAME=VALUES"):
            parse_assignments([wrong])
    with pytest.raises(InvalidArgument, match="epochs is given twice"):
        parse_assignments(["epochs=1", "epochs=2"])


def test_a_toml_table_says_the_same() -> None:
    table = tomllib.loads(
        'learning_rate = "log:1e-4..3e-3"\nepochs = [1, 3]\ndiscount = 0.95\n'
        "hidden = [[64, 64], [128]]"
    )
    assert from_table(table) == {
        "learning_rate": "log:1e-4..3e-3",
        "epochs": "1,3",
        "discount": "0.95",
        "hidden": "[64,64],[128]",
    }
    for wrong in (None, [], {}, [{}]):
        with pytest.raises(InvalidArgument, match="epochs"):
            from_table({"epochs": wrong})
