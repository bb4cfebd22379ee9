"""The environment: a Gymnasium one with MultiDiscrete actions and a vector of rewards."""

from __future__ import annotations

from typing import Any, Final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from mazemesh_recommender.user import Floats, Response, User, unit

OBJECTIVES: Final = ("clicks", "dwell", "diversity")
"""What the rewards are, in their order: see `SlateEnv`."""

_KEPT = 0.8
"""Of what is known of a user's taste, from a step to the next."""

Observation = dict[str, npt.NDArray[np.float32]]


class SlateEnv(gymnasium.Env[Any, Any]):
    """Slates for one user, whose interests move, until the user leaves or the session is over.

    Action, MultiDiscrete [slate] of 0..candidates - 1: which candidates are shown, first position
    first. One that is named again is left out, and the next moves up.

    Observation, Dict: `candidates`, Box [candidates, topics + 2], topics (unit vectors), quality,
    and how well each fits the taste; `taste`, Box [topics], topics of what was clicked less those
    of what was not, forgotten by and by; `session`, Box [2], share of the session, and patience
    that is left.

    Rewards, [3] (`reward_space`, as in MO-Gymnasium): clicks; minutes with what was clicked, in
    tens; diversity, 1 - mean cosine similarity of the items shown, 0..2, 0 for one item alone.

    A user who clicks on nothing `patience` times in a row leaves: the episode ends.

    Args:
        candidates: Items to choose from, others in each step.
        slate: Positions.
        topics: Of items and interests.
        steps: Of a session.
        patience: Slates without a click.
        render_mode: "ansi" or None.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"]}  # noqa: RUF012

    def __init__(
        self,
        candidates: int = 10,
        slate: int = 3,
        topics: int = 5,
        steps: int = 20,
        patience: int = 4,
        render_mode: str | None = None,
    ) -> None:
        for name, value, least, most in (
            ("candidates", candidates, 2, 1000),
            ("slate", slate, 1, candidates),
            ("topics", topics, 2, 256),
            ("steps", steps, 1, 100_000),
            ("patience", patience, 1, 100_000),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name}: {value} should be {least}..{most}")
        self.candidates, self.slate, self.topics = candidates, slate, topics
        self.steps, self.patience = steps, patience
        self.render_mode = render_mode
        self.action_space = spaces.MultiDiscrete(np.full(slate, candidates))
        self.observation_space = spaces.Dict(
            {
                "candidates": spaces.Box(-10.0, 10.0, (candidates, topics + 2), np.float32),
                "session": spaces.Box(0.0, 1.0, (2,), np.float32),
                "taste": spaces.Box(-10.0, 10.0, (topics,), np.float32),
            }
        )
        high = np.array([slate, 10.0 * slate, 2.0], np.float32)
        self.reward_space = spaces.Box(np.zeros(3, np.float32), high)
        self.reward_dim = len(OBJECTIVES)
        self._shown = ""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Another user."""
        super().reset(seed=seed)
        self.user = User(self.np_random, self.topics)
        self.taste: Floats = np.zeros(self.topics)
        self._step, self._bored = 0, 0
        self._draw()
        return self._observation(), {}

    def step(
        self, action: npt.NDArray[np.integer[Any]]
    ) -> tuple[Observation, npt.NDArray[np.float64], bool, bool, dict[str, Any]]:
        """Shows a slate; the reward is a vector."""
        chosen = np.asarray(action).reshape(-1)
        if chosen.shape != (self.slate,) or not ((chosen >= 0) & (chosen < self.candidates)).all():
            raise ValueError(f"action {action} should be {self.slate} of 0..{self.candidates - 1}")
        shown = np.array(list(dict.fromkeys(chosen.tolist())))
        items = self.items[shown]
        response = self.user.respond(items, self.quality[shown])
        self._learn(items, response)
        reward = np.array(
            [response.clicked.sum(), response.minutes.sum() / 10.0, diversity(items)], np.float64
        )
        self._step += 1
        self._bored = 0 if response.clicked.any() else self._bored + 1
        self._shown = f"shown {shown.tolist()}, clicked {shown[response.clicked].tolist()}"
        info = {"shown": shown, "clicked": response.clicked, "minutes": response.minutes}
        left, over = self._bored >= self.patience, self._step >= self.steps
        self._draw()
        return self._observation(), reward, left, over and not left, info

    def render(self) -> str | None:
        """The last slate, as text."""
        return self._shown if self.render_mode == "ansi" else None

    def _draw(self) -> None:
        self.items: Floats = unit(self.np_random.normal(size=(self.candidates, self.topics)))
        self.quality: Floats = self.np_random.uniform(0.5, 2.0, self.candidates)

    def _learn(self, items: Floats, response: Response) -> None:
        """What a recommender can know: what was clicked, and what was shown and was not."""
        signs = np.where(response.clicked, 1.0, -0.2)
        self.taste = _KEPT * self.taste + (signs[:, None] * items).sum(axis=0)

    def _observation(self) -> Observation:
        candidates = np.column_stack([self.items, self.quality, self.items @ self.taste])
        session = [self._step / self.steps, 1.0 - self._bored / self.patience]
        return {
            "candidates": np.clip(candidates, -10.0, 10.0).astype(np.float32),
            "session": np.clip(session, 0.0, 1.0).astype(np.float32),
            "taste": np.clip(self.taste, -10.0, 10.0).astype(np.float32),
        }


def diversity(items: Floats) -> float:
    """1 - mean cosine similarity of unit vectors, [items, topics]; 0 for fewer than two."""
    count = len(items)
    if count < 2:
        return 0.0
    alike = (items @ items.T).sum() - np.trace(items @ items.T)
    return float(np.clip(1.0 - alike / (count * (count - 1)), 0.0, 2.0))
