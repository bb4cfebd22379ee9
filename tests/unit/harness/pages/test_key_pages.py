import pytest

from mazemesh.errors import InvalidArgument
from services._harness.pages.key_pages import key_page
from services._harness.pages.paging import MOST


def pages(items: list[str], size: int) -> list[list[str]]:
    found, token = [], ""
    while True:
        page, token = key_page(items, str, size, token)
        found.append(page)
        if not token:
            return found


def test_pages_are_in_order_and_whole() -> None:
    assert pages(["c", "a", "e", "b", "d"], 2) == [["a", "b"], ["c", "d"], ["e"]]
    assert pages(["b", "a"], 2) == [["a", "b"]]
    assert pages([], 2) == [[]]


def test_no_size_is_the_largest() -> None:
    items = [f"{index:04}" for index in range(MOST + 1)]
    assert pages(items, 0) == [items[:MOST], items[MOST:]]


def test_what_comes_and_goes_between_two_pages_moves_nothing_else() -> None:
    page, token = key_page(["a", "b", "c", "d"], str, 2, "")
    assert page == ["a", "b"]
    assert key_page(["aa", "c", "cc", "d"], str, 2, token)[0] == ["c", "cc"]


@pytest.mark.parametrize(("size", "token"), [(-1, ""), (1, "%"), (1, "gICA")])
def test_what_no_page_gave_is_refused(size: int, token: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        key_page(["a"], str, size, token)
    assert caught.value.field == ("page_token" if token else "page_size")
