"""Page tokens and sizes."""

import pytest

from mazemesh.errors import InvalidArgument
from services.model.registry.pages import PageToken, page_size


def test_a_token_says_where_the_next_page_begins() -> None:
    assert PageToken.parse(str(PageToken(17, 42))) == PageToken(17, 42)
    assert PageToken.parse("") == PageToken(0, 0)


@pytest.mark.parametrize("text", ["x", "1", "1.", "-1.2", "1.2.3"])
def test_foreign_tokens_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="next_page_token"):
        PageToken.parse(text)


def test_sizes() -> None:
    assert [page_size(asked) for asked in (0, 1, 1000)] == [100, 1, 1000]
    for wrong in (-1, 1001):
        with pytest.raises(InvalidArgument, match=str(wrong)):
            page_size(wrong)
