"""The bench of leaderboards: its command can be loaded, and its figures."""

from typer.testing import CliRunner

from bench.__main__ import app
from bench.leaderboard.queries import quantile


def test_it_tells_what_it_measures() -> None:
    result = CliRunner().invoke(app, ["leaderboard", "--help"])
    assert result.exit_code == 0, result.output
    assert "running ingest" in result.output


def test_quantiles_are_in_milliseconds() -> None:
    times = [number / 1000 for number in range(1, 101)]
    assert (quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1.0)) == (51, 100, 100)
    assert quantile([], 0.5) == 0.0
