import re

import pytest

from mazemesh.errors import InvalidArgument, PermissionDenied
from services._harness.access.callers.keys import Caller, new_key, split
from services._harness.access.callers.roles import Role

NOW = 1_000.0


def test_a_key_has_256_random_bits_and_is_kept_as_a_hash() -> None:
    key, text = new_key(Role.WORKER, NOW)
    assert re.fullmatch(r"mm_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", text)
    identifier, secret = split(text) or ("", "")
    assert identifier == key.id
    assert secret not in repr(key)
    assert key.fits(secret)
    assert not key.fits(secret[:-1])
    assert new_key(Role.WORKER, NOW)[1] != text


@pytest.mark.parametrize(
    "text", ["", "mm_", "mm_short_secret", "xx_0123456789ab_s", "mm_" + "ä" * 60, "mm_" + "0" * 500]
)
def test_what_is_no_key(text: str) -> None:
    assert split(text) is None


def test_a_key_expires_and_can_be_revoked() -> None:
    key, _ = new_key(Role.VIEWER, NOW, expires_in=10)
    assert key.why_void(NOW + 9.9) == ""
    assert key.why_void(NOW + 10) == "has expired"


@pytest.mark.parametrize(
    ("role", "scopes", "field"),
    [
        (Role.TRAINER, {}, "policies"),
        (Role.TRAINER, {"policies": ["with space"]}, "policies"),
        (Role.WORKER, {"games": ["x" * 129]}, "games"),
        (Role.WORKER, {"games": ["x"] * 65}, "games"),
        (Role.PLAYER, {}, "player"),
        (Role.PLAYER, {"player": "ann"}, "player"),
        (Role.PLAYER, {"player": "bot/random"}, "player"),
        (Role.VIEWER, {"player": "player/ann"}, "player"),
        (Role.VIEWER, {"label": "a\nb"}, "label"),
        (Role.VIEWER, {"expires_in": 0}, "expires_in"),
    ],
)
def test_what_does_not_fit_together(role: Role, scopes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"^{field}(: | = )"):
        new_key(role, NOW, **scopes)  # type: ignore[arg-type]


def test_names_that_a_key_covers() -> None:
    key, _ = new_key(Role.TRAINER, NOW, policies=["ann-", "lab."], games=["race"])
    caller = Caller(key)
    caller.check_policy("ann-7", "name")
    caller.check_policy("lab.x", "name")
    caller.check_game("race", "game")
    for name in ("bob-1", "ann", "", "Ann-7"):
        with pytest.raises(PermissionDenied, match=r"name: .*begin with 'ann-' or 'lab.'"):
            caller.check_policy(name, "name")
    for name in ("solo", "", "race2"):
        with pytest.raises(PermissionDenied, match=r"game: .*which is for 'race'"):
            caller.check_game(name, "game")


def test_every_name_is_covered_by_a_star() -> None:
    key, _ = new_key(Role.TRAINER, NOW, policies=["*"])
    assert key.policies == ()
    assert not Caller(key).restricted
