"""The few kinds of panels that the dashboards are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

SOURCE: Final = "${datasource}"
"""The Prometheus that is chosen above a dashboard."""


@dataclass(frozen=True)
class Query:
    """One line of a panel, or as many as the expression has label sets.

    Attributes:
        expr: PromQL.
        legend: What the line is called, with `{{label}}`.
    """

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: What is seen.
        description: What it should look like, and what it means when it does not.
        unit: Grafana's name of the unit: reqps, s, bytes, percentunit, short, ...
        queries: What is drawn.
        width: Of 24 columns.
        single: A number instead of curves.
    """

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    width: int = 8
    single: bool = False

    def build(self, number: int) -> Any:
        """The panel in Grafana's terms; `number` is unique on its dashboard."""
        made: Any = stat.Panel() if self.single else timeseries.Panel()
        made = (
            made.id(number)
            .title(self.title)
            .description(self.description)
            .unit(self.unit)
            .datasource(_source())
            .height(4 if self.single else 8)
            .span(self.width)
        )
        if not self.single:
            made = (
                made.min(0)
                .fill_opacity(8)
                .legend(
                    common.VizLegendOptions()
                    .show_legend(True)
                    .display_mode(LegendDisplayMode.LIST)
                    .placement(LegendPlacement.BOTTOM)
                )
            )
        for letter, query in zip("ABCDEFGH", self.queries, strict=False):
            made = made.with_target(
                prometheus.Dataquery()
                .ref_id(letter)
                .expr(query.expr)
                .legend_format(query.legend)
                .datasource(_source())
            )
        return made


@dataclass(frozen=True)
class Row:
    """Panels under one title."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """A page of Grafana.

    Attributes:
        uid: Its name in addresses, and of its file.
        title, description: What people read.
        rows: From above.
    """

    uid: str
    title: str
    description: str
    rows: Sequence[Row] = field(default_factory=tuple)

    def text(self) -> str:
        """What Grafana reads."""
        made = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags(["mazemesh"])
            .refresh("30s")
            .time("now-3h", "now")
            .timezone("browser")
            .with_variable(
                dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
            )
        )
        number = 0
        for row in self.rows:
            number += 1
            made = made.with_row(dashboard.Row(row.title).id(number))
            for panel in row.panels:
                number += 1
                made = made.with_panel(panel.build(number))
        plain = _without_nulls(json.loads(JSONEncoder().encode(made.build())))
        return json.dumps(plain, sort_keys=True, indent=1) + "\n"

    @property
    def queries(self) -> list[Query]:
        """All queries."""
        return [query for row in self.rows for panel in row.panels for query in panel.queries]


def _without_nulls(value: Any) -> Any:
    """Grafana puts its defaults in the place of what is missing, not of what is null."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _source() -> DataSourceRef:
    return DataSourceRef(type_val="prometheus", uid=SOURCE)
