"""`python -m deploy.observing`: writes docs/metrics.md and deploy/grafana/dashboards."""

from __future__ import annotations

from pathlib import Path

from deploy.observing.catalogue import catalogue
from deploy.observing.dashboards import ALL
from deploy.observing.metrics_page import page

ROOT = Path(__file__).parents[2]


def files() -> dict[Path, str]:
    """What is written, by path within the repository."""
    made = {Path("docs/metrics.md"): page(catalogue())}
    for one in ALL:
        made[Path(f"deploy/grafana/dashboards/{one.uid}.json")] = one.text()
    return made


def main() -> None:
    """Writes all of them."""
    for path, text in files().items():
        (ROOT / path).write_text(text)
        print(path)


if __name__ == "__main__":
    main()
