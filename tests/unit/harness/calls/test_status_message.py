from urllib.parse import quote

import pytest

from services._harness.calls.status_message import LONGEST, status_message


@pytest.mark.parametrize("text", ["", "width is 3; expected 4..64", "ü" * 200])
def test_a_message_of_common_length_stays_as_it_is(text: str) -> None:
    assert status_message(text) == text


@pytest.mark.parametrize("filling", ["a", "%", "ü", "漢", "𝄞", "\n"])
def test_of_a_longer_one_beginning_and_end_stay_within_the_limit_of_the_wire(filling: str) -> None:
    text = f"name is '{filling * 20_000}'; expected 1..64 characters"
    short = status_message(text)
    assert len(quote(short, safe=" ';.()")) <= LONGEST
    assert short.startswith("name is '")
    assert short.endswith("'; expected 1..64 characters")
    assert f"({len(text)} characters in all)" in short
