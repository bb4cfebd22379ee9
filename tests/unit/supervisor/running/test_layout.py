"""Which processes a mesh has, and what they are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from actor.settings import ActorSettings
from learner.run import Run as LearnerRun
from learner.settings import LearnerSettings
from mazemesh.cli.app import app
from mazemesh.process.settings import parse_settings
from supervisor.running.layout import SERVICES, MeshPlan, ProcessSpec, Stores, lay_out


def plan(**given: object) -> MeshPlan:
    return MeshPlan(Path("/data"), "127.0.0.1", 50051, "race", "mine", "ppo", **given)  # type: ignore[arg-type]


def workers(one: MeshPlan) -> dict[str, ProcessSpec]:
    return {spec.name: spec for spec in lay_out(one).workers}


def learner(spec: ProcessSpec) -> LearnerSettings:
    return parse_settings(LearnerSettings, list(spec.command[4:]), "learner")


def test_a_mesh_has_services_a_learner_actors_and_evaluators() -> None:
    layout = lay_out(plan(actors=2))
    assert tuple(spec.name for spec in layout.services) == SERVICES
    assert [spec.name for spec in layout.workers] == [
        "learner",
        "actor-0",
        "actor-1",
        "evaluator-0",
    ]
    ports = [spec.metrics_port for spec in layout.all]
    assert len(set(ports)) == len(ports)


def test_exploiters_are_learners_and_actors_of_their_own() -> None:
    found = workers(plan(exploiters=2, seed=7, actor_flags=("--games", "64")))
    names = "mine-exploiter", "mine-exploiter-2"
    assert set(found) >= {f"{kind}-{name}" for kind in ("learner", "actor") for name in names}
    main = LearnerRun.of(learner(found["learner"]))
    assert (main.policy, main.pool, main.exploits) == ("mine", names, "")
    seeds = {main.seed}
    for name in names:
        one = LearnerRun.of(learner(found[f"learner-{name}"]))
        assert (one.policy, one.pool, one.exploits) == (name, (), "mine")
        actor = found[f"actor-{name}"]
        assert actor.command[3:5] == ("actor", "play")
        settings = parse_settings(ActorSettings, list(actor.command[5:]), "actor")
        assert (settings.policy, settings.games) == (name, 64)
        seeds.add(one.seed)
    assert len(seeds) == 3


def test_without_exploiters_the_pool_is_the_runs_own() -> None:
    assert LearnerRun.of(learner(workers(plan())["learner"])).pool == ()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--game", "solo", "--exploiters", "1"], "exploiters: solo has one seat"),
        (["--game", "coop-keys", "--exploiters", "1"], "exploiters: all players of coop-keys win"),
        (["--deterministic", "--exploiters", "1"], "deterministic: --exploiters is 1"),
    ],
)
def test_exploiters_that_make_no_sense_are_refused(
    tmp_path: Path, flags: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, ["up", "--data-dir", str(tmp_path / "data"), *flags])
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "data").exists()


def test_instances_have_ports_names_and_shards_of_their_own() -> None:
    stores = Stores("postgresql://u:secret@h/d", "redis://h/0", "s3://b/p")
    one = plan(instances=2, stores=stores)
    layout = lay_out(one)
    assert [spec.service for spec in layout.services] == [*SERVICES, *SERVICES]
    assert {spec.name for spec in layout.services} == {f"{s}-{i}" for s in SERVICES for i in (0, 1)}
    assert one.addresses.game == "127.0.0.1:50051,127.0.0.1:50056"
    assert [spec.address for spec in layout.services if spec.service == "elo"] == (
        one.addresses.elo.split(",")
    )
    assert layout.environment["MAZEMESH_GAME_ADDRESS"] == one.addresses.game
    assert stores.environment == {
        "MAZEMESH_DATABASE_URL": stores.database,
        "MAZEMESH_REDIS_URL": stores.redis,
        "MAZEMESH_BLOBS_URL": stores.blobs,
    }
    assert not any("secret" in word for spec in layout.all for word in spec.command)
    shards = [spec for spec in layout.services if spec.service == "replay"]
    # The first shard goes on with what a mesh without instances left.
    assert "--data-dir" not in shards[0].command
    assert shards[1].command[-4:] == ("--data-dir", "/data/replay-1", "--shard", "1")
    assert len({spec.metrics_port for spec in layout.all}) == len(layout.all)


def test_several_instances_need_a_database_that_they_share() -> None:
    told = CliRunner().invoke(
        app, ["up", "--instances", "2"], env={"COLUMNS": "200", "MAZEMESH_DATABASE_URL": ""}
    )
    assert told.exit_code != 0
    assert "--database postgresql://" in told.stderr


def test_instances_whose_ports_would_not_fit_are_refused() -> None:
    told = CliRunner().invoke(
        app,
        ["up", "--instances", "3", "--database", "postgresql://h/d", "--port-base", "65525"],
        env={"COLUMNS": "200"},
    )
    assert told.exit_code != 0
    assert "65521" in told.stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--host", "0.0.0.0"], "mazemesh certs --host NAME"),
        (["--tls-cert", "mine.pem", "--tls-ca", "ca.pem"], "mine.pem is named, too"),
        (["--insecure"], "--insecure says the opposite"),
    ],
)
def test_certificates_of_its_own_are_for_this_machine_alone(flags: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["up", "--secure", *flags], env={"COLUMNS": "200"})
    assert done.exit_code == 1
    assert told in done.stderr


PURSUERS = {"evader": "pe", "hunter": "ph"}


def test_each_policy_of_a_run_has_a_learner_and_all_have_the_same_actors() -> None:
    given = Path("/data"), "127.0.0.1", 50051, "pursuit", "pe", "ppo"
    found = workers(MeshPlan(*given, policies=PURSUERS, seed=3, actors=1))
    assert list(found) == ["learner", "learner-ph", "actor-0", "evaluator-0"]
    runs = [LearnerRun.of(learner(found[name])) for name in ("learner", "learner-ph")]
    assert [run.policy for run in runs] == ["pe", "ph"]
    assert runs[0].seed != runs[1].seed
    assert [run.collection.table for run in runs] == ["pe", "ph"]
    for run in runs:
        assert run.roles == (("evader", "pe", (0,)), ("hunter", "ph", (1,)))
        assert [list(role.seats) for role in run.collection.roles] == [[0], [1]]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--policies", "evader=a"], "expected two or more"),
        (["--policies", "evader=a,wolf=b"], "pursuit has no role 'wolf'"),
        (["--policies", "evader,hunter"], "should be ROLE=NAME,ROLE=NAME"),
        (["--policies", "evader=a,hunter=b", "--name", "c"], "name: c names one policy"),
        (["--policies", "evader=a,hunter=b", "--exploiters", "1"], "leave one of both out"),
        (["--policies", "evader=a,hunter=b", "--deterministic"], "leave one of both out"),
    ],
)
def test_policies_that_make_no_sense_are_refused(
    tmp_path: Path, flags: list[str], message: str
) -> None:
    start = ["up", "--game", "pursuit", "--data-dir", str(tmp_path / "data")]
    result = CliRunner().invoke(app, [*start, *flags], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_settings_file_may_name_the_policies(tmp_path: Path) -> None:
    from supervisor.cli.up import _policies

    file = tmp_path / "run.toml"
    file.write_text('policies = {hunter = "ph", evader = "pe"}\n')
    found = _policies("pursuit", "", [f"--config={file}"], "")
    assert found == PURSUERS
    assert list(found) == ["evader", "hunter"]
    file.write_text("game = ")
    assert _policies("pursuit", "", [f"--config={file}"], "") == {}
