"""Games in turns are played without PettingZoo's guards, and are the same games."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mazemesh.games.foreign.environments.making import unguarded

tictactoe = pytest.importorskip("pettingzoo.classic.tictactoe_v3")


def test_what_only_guards_is_taken_off() -> None:
    made = tictactoe.env()
    assert type(unguarded(made)) is type(made.unwrapped)


def test_a_wrapper_that_does_more_stays() -> None:
    from pettingzoo.utils.wrappers import BaseWrapper, OrderEnforcingWrapper

    class Doubling(BaseWrapper):  # type: ignore[misc]
        pass

    inner = Doubling(tictactoe.env())
    assert unguarded(OrderEnforcingWrapper(inner)) is inner


def test_the_game_is_the_same() -> None:
    guarded, plain = tictactoe.env(), unguarded(tictactoe.env())
    rng = np.random.default_rng(0)
    for episode in range(10):
        guarded.reset(seed=episode)
        plain.reset(seed=episode)
        while guarded.agents:
            ours, theirs = _last(plain), _last(guarded)
            assert ours[1:4] == theirs[1:4]
            assert (ours[0]["observation"] == theirs[0]["observation"]).all()
            over = ours[2] or ours[3]
            move = None if over else int(rng.choice(np.flatnonzero(ours[0]["action_mask"])))
            guarded.step(move)
            plain.step(move)
        assert not plain.agents


def _last(environment: Any) -> Any:
    return environment.last()
