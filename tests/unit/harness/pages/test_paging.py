import pytest

from mazemesh.errors import InvalidArgument
from services._harness.pages.paging import page_size, page_token, read_token


def test_sizes_are_bounded_and_never_negative() -> None:
    assert [page_size(asked) for asked in (0, 1, 1000, 1001)] == [100, 1, 1000, 1000]
    assert [page_size(asked, 50, 60) for asked in (0, 7, 5000)] == [50, 7, 60]
    with pytest.raises(InvalidArgument, match="page_size: -1 "):
        page_size(-1)


def test_a_token_says_where_the_next_page_begins() -> None:
    assert read_token("") is None
    assert read_token(page_token(12)) == (12,)
    assert read_token(page_token(17, 42), 2) == (17, 42)


@pytest.mark.parametrize("token", ["x", "-1", "1e3", "²", "9" * 19, "1.", ".1", "1.2", "1\n"])
def test_what_no_list_gave_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument, match=r"page_token: .* next_page_token"):
        read_token(token)


@pytest.mark.parametrize("token", ["1", "1.2.3", "1.-2"])
def test_a_token_of_another_list_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument, match="page_token"):
        read_token(token, 2)
