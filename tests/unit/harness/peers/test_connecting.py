import pytest

from services._harness.peers.connecting import Peer


class FakeClient:
    made = 0

    def __init__(self) -> None:
        FakeClient.made += 1
        self.closed = False

    def close(self) -> None:
        self.closed = True


async def test_a_client_is_made_by_the_first_call_and_once() -> None:
    FakeClient.made = 0
    peer = Peer(FakeClient)
    await peer.close()
    assert FakeClient.made == 0
    first = await peer.call(lambda client: client)
    assert await peer.call(lambda client: client) is first
    await peer.close()
    assert (FakeClient.made, first.closed) == (1, True)


async def test_what_a_call_raises_comes_back() -> None:
    def wrong(_: FakeClient) -> None:
        raise LookupError("none")

    with pytest.raises(LookupError, match="none"):
        await Peer(FakeClient).call(wrong)
