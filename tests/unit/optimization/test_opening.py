"""Problems by name."""

from __future__ import annotations

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.optimization.opening import open_problem, problem_names

HERE = "tests.unit.optimization.known_problems"


def test_those_of_mazemesh_are_named() -> None:
    assert {"5g", "recommender"} <= set(problem_names())
    for name in ("5g", "recommender"):
        opened = open_problem(name)
        assert opened.name == name
        assert len(opened.variables) == 30
        assert "revenue-focused" in opened.modes
        assert opened.meaning
    assert "emergency" in open_problem("5g").modes


def test_parameters_come_after_a_question_mark() -> None:
    assert len(open_problem("5g?cells=7&users=20").variables) == 21
    assert len(open_problem(f"{HERE}:dtlz2?variables=4").variables) == 4


def test_an_object_of_a_module() -> None:
    assert open_problem(f"{HERE}:PARABOLA").name == "_parabola"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("6g", "'6g' is unknown; there are 5g, "),
        ("no_such_module:f", "cannot be loaded: ModuleNotFoundError"),
        (f"{HERE}:nothing", "cannot be loaded: AttributeError"),
        (f"{HERE}:np.pi", "is a float; it should be"),
        (f"{HERE}:PARABOLA?x=1", "takes no parameters"),
        (f"{HERE}:dtlz2?colour=red", "cannot be made: TypeError"),
        ("5g?cells=0", "cells: 0 should be a whole number, 1..2000"),
        ("5g?cells=many", "cells: 'many' should be"),
        ("x" * 1001, "1001 characters should have at most 1000"),
        ("", "'' is unknown"),
    ],
)
def test_what_is_no_problem(name: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        open_problem(name)
