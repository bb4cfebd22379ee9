import pytest
from google.protobuf.message import DecodeError

from services._harness.calls.handlers import limited


def test_messages_up_to_the_limit_are_decoded() -> None:
    decode = limited(bytes.decode, 3)
    assert decode(b"abc") == "abc"
    with pytest.raises(DecodeError, match="4 bytes; at most 3"):
        decode(b"abcd")
