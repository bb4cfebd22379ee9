"""Problem `recommender`: how a ranker weighs relevance, margin and variety.

A ranker scores items for a user and fills a slate by maximal marginal relevance (Carbonell and
Goldstein, SIGIR 1998): item after item, the one with the highest

    score - trade-off * (largest similarity to an item of the slate).

Users look at position p with probability 0.85^p (rank-biased: Moffat and Zobel, ACM TOIS 27(1),
2008) and click on what they see by their affinity. All is expectation: nothing is drawn after the
catalogue.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mazemesh.optimization.problem import Floats, Objective, Problem, Variable, whole

PATIENCE: Final = 0.85
_FEATURES = ("relevance", "popularity", "freshness", "margin")
_TOPICS = 8
_POPULARITY, _FRESHNESS = 0.5, 0.3
"""How much each adds to the affinity of a user, whose interest counts 4."""
_ELEMENTS = 1 << 20

MODES: Final = {
    "revenue-focused": {"clicks": 1.0, "dwell": 1.0, "diversity": 1.0, "revenue": 8.0},
    "engagement": {"clicks": 4.0, "dwell": 4.0, "diversity": 1.0, "revenue": 1.0},
    "discovery": {"clicks": 1.0, "dwell": 1.0, "diversity": 8.0, "revenue": 1.0},
}


class Catalogue:
    """Items, kinds of users, and what they do with a slate.

    Args:
        categories: Of items; each may be boosted.
        items: In all.
        segments: Kinds of users, equally many of each.
        slate: Items that are shown.
        seed: Of all that is drawn.
    """

    def __init__(
        self,
        categories: int = 25,
        items: int = 100,
        segments: int = 16,
        slate: int = 8,
        seed: int = 0,
    ) -> None:
        whole("categories", categories, 1, 5_000)
        whole("items", items, 2, 2_000)
        whole("segments", segments, 1, 1_000)
        whole("slate", slate, 2, min(50, items))
        rng = np.random.default_rng(seed)
        self.slate = slate
        self.category = np.arange(items) % categories
        centres = _unit(rng.normal(size=(categories, _TOPICS)))
        self.topics = _unit(centres[self.category] + 0.4 * rng.normal(size=(items, _TOPICS)))
        users = _unit(rng.normal(size=(segments, _TOPICS)))
        interest = np.sum(users[:, None] * self.topics[None], axis=2)  # [segments, items]
        popularity, freshness = rng.beta(1.0, 4.0, items), rng.random(items)
        # Who earns most by an item is not who wants it most.
        self.margin = rng.gamma(2.0, 0.5, items)
        affinity = 4.0 * interest + _POPULARITY * popularity + _FRESHNESS * freshness
        self.click: Floats = 1.0 / (1.0 + np.exp(2.5 - affinity))
        self.minutes: Floats = np.exp(rng.normal(0.5, 0.4, items)) * (1.0 + np.maximum(interest, 0))
        shared = np.broadcast_to(
            np.stack([popularity, freshness, self.margin])[:, None], (3, segments, items)
        )
        self.features: Floats = np.concatenate([interest[None], shared])
        self.similarity: Floats = np.sum(self.topics[:, None] * self.topics[None], axis=2)

    def slates(self, points: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """The items shown, [points, segments, slate]; points as in `recommender`."""
        weights, trade_off, boosts = points[:, :4], points[:, 4], points[:, 5:]
        score = boosts[:, None, self.category] + sum(
            weights[:, number, None, None] * self.features[number][None] for number in range(4)
        )
        alike = np.full(score.shape, -1.0)
        chosen = np.empty((*score.shape[:2], self.slate), np.int64)
        for position in range(self.slate):
            value = score - trade_off[:, None, None] * np.maximum(alike, 0.0)
            item = value.argmax(axis=2)
            chosen[:, :, position] = item
            np.put_along_axis(score, item[:, :, None], -np.inf, axis=2)
            np.maximum(alike, self.similarity[item], out=alike)
        return chosen

    def evaluate(self, points: Floats) -> Floats:
        """Clicks, dwell, diversity and revenue, [points, 4]; see `recommender`."""
        rows = max(1, _ELEMENTS // self.click.size)
        parts = [self._evaluate(points[at : at + rows]) for at in range(0, len(points), rows)]
        return np.concatenate(parts)

    def _evaluate(self, points: Floats) -> Floats:
        shown = self.slates(points)
        segment = np.arange(len(self.click))[None, :, None]
        clicks = self.click[segment, shown] * PATIENCE ** np.arange(self.slate)
        minutes = clicks * self.minutes[segment, shown]
        earned = clicks * self.margin[shown]
        alike = self.similarity[shown[..., :, None], shown[..., None, :]]
        pairs = self.slate * (self.slate - 1)
        variety = 1.0 - (alike.sum(axis=(2, 3)) - self.slate) / pairs
        return np.column_stack(
            [
                clicks.sum(axis=2).mean(axis=1),
                minutes.sum(axis=2).mean(axis=1),
                variety.mean(axis=1),
                1000.0 * earned.sum(axis=2).mean(axis=1),
            ]
        )


def recommender(
    categories: int = 25, items: int = 100, segments: int = 16, slate: int = 8, seed: int = 0
) -> Problem:
    """Five weights and a boost for each category: 25 categories are 30 variables.

    See `Catalogue` for the arguments.
    """
    catalogue = Catalogue(categories, items, segments, slate, seed)
    return Problem(
        "recommender",
        (
            *(Variable(f"weight.{name}", 0.0, 1.0) for name in _FEATURES),
            Variable("trade_off", 0.0, 1.0),
            *(Variable(f"boost.{number}", -0.5, 0.5) for number in range(categories)),
        ),
        (
            Objective("clicks", True, "a slate", "expected clicks"),
            Objective("dwell", True, "min a slate", "expected minutes with what was clicked"),
            Objective("diversity", True, "", "1 - mean cosine similarity within a slate"),
            Objective("revenue", True, "EUR per 1,000 slates", "expected margin of clicks"),
        ),
        catalogue.evaluate,
        modes=MODES,
        batch=25,
        meaning="how a ranker weighs relevance, popularity, margin and variety",
    )


def _unit(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / lengths
