"""Queries that many panels make."""

from __future__ import annotations


def rate(metric: str, by: str = "", window: str = "5m") -> str:
    """Growth a second, added up over all but the labels in `by`."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}[{window}]))"


def mean(metric: str, by: str, window: str = "5m") -> str:
    """Mean of a histogram or summary."""
    return f"{rate(metric + '_sum', by, window)} / {rate(metric + '_count', by, window)}"


def quantile(share: float, metric: str, by: str = "", over: str = "5m") -> str:
    """A quantile of a histogram."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[{over}])))"
