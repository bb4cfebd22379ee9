"""`mazemesh experiment`: who is served by which version of an alias, and how they compare."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected, seconds
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mazemesh.v1.model_pb2 import (
        Experiment,
        ExperimentArmFigures,
        ExperimentComparison,
        ExperimentRules,
    )

app = typer.Typer(
    no_args_is_help=True,
    help="Compare versions of an alias by who is served by which: canary, A/B test, shadow.",
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Of the experiment.")]


class Kind(StrEnum):
    """What is done with the other versions."""

    CANARY = "canary"
    AB = "ab"
    SHADOW = "shadow"


@app.command()
def create(
    policy: Annotated[
        str, typer.Argument(help='The alias whose calls are shared: "race:champion".')
    ],
    others: Annotated[
        list[str],
        typer.Argument(
            metavar="VERSION...",
            help='"race:42" or "race:candidate"; of an A/B test with a weight: "race:42=0.5".',
        ),
    ],
    kind: Annotated[Kind, typer.Option(help="What is done with it.")] = Kind.CANARY,
    experiment_id: Annotated[
        str, typer.Option("--id", help="Unique for ever; one is made up without.")
    ] = "",
    weight: Annotated[
        float, typer.Option(min=0.0, help="A/B: of the version that the alias stands for.")
    ] = 1.0,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Shadow: of the calls that it is shown.")
    ] = 1.0,
    steps: Annotated[
        str, typer.Option(help="Canary: its shares, one after the other.")
    ] = "0.01,0.05,0.25,0.5",
    step_time: Annotated[
        str, typer.Option(help="Canary: how long a step lasts at least: 90s, 5m, 2h.")
    ] = "60s",
    step_answers: Annotated[
        int, typer.Option(min=0, help="Canary: calls that it has to answer in each step.")
    ] = 0,
    step_outcomes: Annotated[
        int, typer.Option(min=0, help="Canary: outcomes that it has to have in each step.")
    ] = 0,
    promote: Annotated[
        bool, typer.Option(help="Canary: move the alias to it after the last step.")
    ] = False,
    max_score_loss: Annotated[
        float | None, typer.Option(help="Roll back when its mean score is lower by more. [0]")
    ] = None,
    max_error_increase: Annotated[
        float | None, typer.Option(help="Or its share of failed calls higher by more. [0.01]")
    ] = None,
    max_slow_increase: Annotated[
        float | None, typer.Option(help="Or its share of slow calls higher by more. [0.05]")
    ] = None,
    slow: Annotated[float, typer.Option(min=0.001, help="A call of more seconds is slow.")] = 0.1,
    significance: Annotated[
        float, typer.Option(help="Chance of rolling back a version that is as good.")
    ] = 0.05,
    least_effect: Annotated[
        float, typer.Option(help="Difference of mean scores that is to be found.")
    ] = 0.05,
    power: Annotated[float, typer.Option(help="Chance of finding it.")] = 0.99,
    rules: Annotated[
        bool, typer.Option("--rules/--no-rules", help="Whether anything rolls it back.")
    ] = True,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Start an experiment over an alias.

    Answers name the version that served. A version that is worse for certain is rolled back.
    """
    from mazemesh.cli.ratings.gates import user
    from mazemesh.v1.model_pb2 import ExperimentRules

    shares, lasts = _shares(steps), seconds(step_time)
    weights = dict(_weighted(others))
    if kind is not Kind.AB and len(weights) != 1:
        raise typer.BadParameter(f"{len(weights)} versions; expected one of a {kind}")
    held = ExperimentRules(significance=significance, least_effect=least_effect, power=power)
    held.slow_time.FromNanoseconds(round(slow * 1e9))
    given = {
        "max_score_loss": max_score_loss,
        "max_error_increase": max_error_increase,
        "max_slow_increase": max_slow_increase,
    }
    _fill(held, given, kind, rules_hold=rules)
    said: dict[str, Any] = {
        "experiment_id": experiment_id,
        "rules": held,
        "reason": reason,
        "creator": user(),
    }
    other = next(iter(weights))
    with connected(data_dir, host, port_base) as mesh:
        if kind is Kind.CANARY:
            begun = mesh.experiments.canary(
                policy,
                other,
                steps=shares,
                step_seconds=lasts,
                step_answers=step_answers,
                step_outcomes=step_outcomes,
                promote=promote,
                **said,
            )
        elif kind is Kind.AB:
            begun = mesh.experiments.ab(policy, weights, weight=weight, **said)
        else:
            begun = mesh.experiments.shadow(policy, other, share=share, **said)
    if json:
        print_json(experiment_data(begun))
    else:
        typer.echo(
            f"{begun.experiment_id} runs; `mazemesh experiment status {begun.experiment_id}`"
        )


@app.command()
def status(
    experiment_id: Id,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show what arms did and how they compare; intervals may be looked at any time."""
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        found = mesh.experiments.get(experiment_id)
    if json:
        print_json(experiment_data(found))
        return
    for line in _lines(found):
        typer.echo(line)
    columns = (
        "version",
        "share",
        "calls",
        "failed",
        "slow",
        "p50 ms",
        "p99 ms",
        "outcomes",
        "score",
    )
    print_table("Arms", columns, [_arm_row(one) for one in found.figures])
    if found.comparisons:
        told = ("version", "by", "difference", "interval", "p", "seen", "enough", "rule")
        print_table(
            "Against the first one", told, [_comparison_row(one) for one in found.comparisons]
        )


@app.command("list")
def listed(
    name: Annotated[str, typer.Argument(help="Of a policy; empty: of all.")] = "",
    running: Annotated[bool, typer.Option("--running", help="Only those that run.")] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List experiments, the last started first."""
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        found = mesh.experiments.list(name, running_only=running)
    if json:
        print_json([experiment_data(one) for one in found])
        return
    rows = [
        (
            one.experiment_id,
            f"{one.name}:{one.alias}",
            _kind(one),
            _state(one),
            " ".join(f"{arm.version}={arm.share:.3g}" for arm in one.figures),
            str(sum(arm.calls for arm in one.figures)),
        )
        for one in found
    ]
    print_table("Experiments", ("id", "alias", "kind", "state", "shares", "calls"), rows)


@app.command()
def weights(
    experiment_id: Id,
    values: Annotated[
        list[float], typer.Argument(metavar="WEIGHT...", help="Of all arms, in their order.")
    ],
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Give the arms other weights; calls follow at once."""
    with connected(data_dir, host, port_base) as mesh:
        changed = mesh.experiments.weights(experiment_id, values)
    if json:
        print_json(experiment_data(changed))
    else:
        arms = ", ".join(f"{arm.version} {arm.weight:g}" for arm in changed.arms)
        typer.echo(f"{experiment_id}: {arms}")


@app.command()
def stop(
    experiment_id: Id,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """End an experiment: everybody is served by the alias again."""
    with connected(data_dir, host, port_base, ("model",)) as mesh:
        ended = mesh.experiments.stop(experiment_id, reason)
    if json:
        print_json(experiment_data(ended))
    else:
        typer.echo(f"{experiment_id}: {_state(ended)}; {ended.explanation}")


def experiment_data(one: Experiment) -> dict[str, Any]:
    """An experiment as plain data."""
    from google.protobuf.json_format import MessageToDict

    data: dict[str, Any] = MessageToDict(one, preserving_proto_field_name=True)
    return {
        **data,
        "kind": _kind(one),
        "state": _state(one),
        "arms": [{"version": arm.version, "weight": arm.weight} for arm in one.arms],
        "figures": [_plain(arm) for arm in one.figures],
        "comparisons": [{**_plain(each), "metric": _metric(each)} for each in one.comparisons],
        "revision": one.revision,
    }


def _plain(message: ExperimentArmFigures | ExperimentComparison) -> dict[str, Any]:
    return {field.name: getattr(message, field.name) for field in message.DESCRIPTOR.fields}


def _kind(one: Experiment) -> str:
    from mazemesh.v1.model_pb2 import ExperimentKind

    return ExperimentKind.Name(one.kind).removeprefix("EXPERIMENT_KIND_").lower()


def _state(one: Experiment) -> str:
    from mazemesh.v1.model_pb2 import ExperimentState

    return ExperimentState.Name(one.state).removeprefix("EXPERIMENT_STATE_").lower()


def _metric(one: ExperimentComparison) -> str:
    from mazemesh.v1.model_pb2 import ExperimentMetric

    return ExperimentMetric.Name(one.metric).removeprefix("EXPERIMENT_METRIC_").lower()


def _lines(one: Experiment) -> Iterator[str]:
    arms = " against ".join(f"{one.name}:{arm.version}" for arm in one.arms)
    yield f"{one.experiment_id}: {_kind(one)} over {one.name}:{one.alias}, {arms}"
    yield f"state: {_state(one)}{'; ' + one.explanation if one.explanation else ''}"
    if one.HasField("plan"):
        yield f"step {one.step + 1} of {len(one.plan.steps)}: {one.plan.steps[one.step]:.3g}"
    for arm in one.figures:
        if arm.compared_rows:
            agree = arm.agreeing_rows / arm.compared_rows
            yield f"{one.name}:{arm.version} is of one mind in {agree:.1%} of rows"
        if arm.dropped:
            yield f"{one.name}:{arm.version} was not shown {arm.dropped} calls"


def _arm_row(arm: ExperimentArmFigures) -> tuple[object, ...]:
    return (
        str(arm.version),
        f"{arm.share:.3g}",
        arm.calls,
        arm.errors,
        arm.slow,
        f"{1000 * arm.p50_seconds:.2f}",
        f"{1000 * arm.p99_seconds:.2f}",
        arm.outcomes,
        f"{arm.mean_score:.4f}" if arm.outcomes else "-",
    )


def _comparison_row(one: ExperimentComparison) -> tuple[object, ...]:
    rule = "broken" if one.broken else f"within {one.tolerance:g}" if one.ruled else "-"
    return (
        str(one.version),
        _metric(one),
        f"{one.effect:+.4f}",
        f"{one.low:+.4f} {one.high:+.4f} ({one.confidence:.2%})",
        f"{one.p_value:.3g}",
        one.observations,
        one.required_observations or "-",
        rule,
    )


def _weighted(others: Sequence[str]) -> Iterator[tuple[str, float]]:
    for text in others:
        reference, equals, weight = text.partition("=")
        try:
            yield reference, float(weight) if equals else 1.0
        except ValueError:
            raise typer.BadParameter(f"{text!r}; expected VERSION=WEIGHT, as race:42=0.5") from None


def _shares(text: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r}; expected shares, as 0.01,0.1,0.5") from None


def _fill(
    rules: ExperimentRules, given: dict[str, float | None], kind: Kind, *, rules_hold: bool
) -> None:
    usual = {"max_score_loss": 0.0, "max_error_increase": 0.01, "max_slow_increase": 0.05}
    for name, value in given.items():
        if value is not None:
            setattr(rules, name, value)
        elif rules_hold and (kind is not Kind.SHADOW or name == "max_error_increase"):
            setattr(rules, name, usual[name])
