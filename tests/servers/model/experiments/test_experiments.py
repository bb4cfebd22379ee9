"""Experiments over real sockets: who is served by which version, and how that ends."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.client.policies.experiments import Experiments
from mazemesh.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.kserve import inference_pb2
from mazemesh.kserve.inference_pb2_grpc import GRPCInferenceServiceStub
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import registry_pb2
from tests.onnx_policies import Network, RecurrentNetwork
from tests.servers.model.inference.test_infer import LONG, seen
from tests.servers.model_policies import publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually

SESSIONS = [f"game-{number}" for number in range(10_000)]
STILL = pb.ExperimentRules(significance=0.05)
"""No rule at all."""


def prepared(model: RunningModel, alias: str, versions: int = 3) -> Experiments:
    """`race` has versions, and the alias stands for the first."""
    have = sum(1 for _ in model.client.list("race"))
    for seed in range(have, versions):
        publish(model.client, seed=seed, snapshot=True)
    model.client.set_alias("race", alias, 1, 0)
    return Experiments(model.client)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        yield model


def ask(model: RunningModel, alias: str, session: str = "") -> int:
    """The version that served."""
    told = model.client.infer(
        f"race:{alias}", seen(1), outputs=["value"], session=session, deadline=LONG
    )
    return told.version


def test_sessions_are_split_and_outcomes_count(model: RunningModel) -> None:
    mesh = prepared(model, "split")
    one = mesh.ab("race:split", {"race:2": 1.0}, weight=9.0, experiment_id="split", rules=STILL)
    assert (one.state, one.revision, one.arms[0].version) == (pb.EXPERIMENT_STATE_RUNNING, 1, 1)
    some = SESSIONS[:200]
    served = {session: ask(model, "split", session) for session in some}
    assert [ask(model, "split", session) for session in some[:20]] == [*served.values()][:20]
    assert mesh.record("split", dict.fromkeys(some, 1.0), served) == len(some)
    # The others by the hash, as they would be served.
    assert mesh.record("split", dict.fromkeys(SESSIONS, 0.5)) == len(SESSIONS) - len(some)
    assert mesh.record("split", dict.fromkeys(SESSIONS, 0.0)) == 0
    found = mesh.get("split")
    low, high = binom.interval(0.99, len(SESSIONS), 0.1)
    assert low <= found.figures[1].outcomes <= high
    assert sum(arm.outcomes for arm in found.figures) == len(SESSIONS)
    assert sum(arm.calls for arm in found.figures) == len(some) + 20
    counted = Counter(served.values())
    assert counted[2] > 0
    assert found.figures[1].share == pytest.approx(0.1)
    (score,) = (each for each in found.comparisons if each.metric == pb.EXPERIMENT_METRIC_SCORE)
    assert score.low <= score.effect <= score.high
    assert score.observations == len(SESSIONS)
    assert score.required_observations > 1000
    assert score.low < 0.0 < score.high
    assert model.metric("experiment_share", experiment="split", version="race:2") == 0.1
    total = model.metric("experiment_calls_total", experiment="split", version="race:1")
    assert total == found.figures[0].calls
    assert mesh.stop("split", "enough").explanation == "enough"
    assert {ask(model, "split", session) for session in some[:20]} == {1}


def test_answers_of_kserve_name_the_version_and_the_experiment(model: RunningModel) -> None:
    mesh = prepared(model, "kserve")
    mesh.ab("race:kserve", ["race:2"], experiment_id="kserve", rules=STILL)
    stub = GRPCInferenceServiceStub(model.client.channel)
    columns = seen(1)

    def infer(**parameters: inference_pb2.InferParameter) -> inference_pb2.ModelInferResponse:
        inputs = [
            inference_pb2.ModelInferRequest.InferInputTensor(
                name=name, datatype="UINT8", shape=column.shape
            )
            for name, column in columns.items()
        ]
        return stub.ModelInfer(
            inference_pb2.ModelInferRequest(
                model_name="race",
                model_version="kserve",
                inputs=inputs,
                parameters=parameters,
                raw_input_contents=[column.tobytes() for column in columns.values()],
            ),
            timeout=LONG,
        )

    versions = set()
    for session in SESSIONS[:12]:
        told = infer(session=inference_pb2.InferParameter(string_param=session))
        assert told.model_version == str(ask(model, "kserve", session))
        assert told.parameters["experiment_id"].string_param == "kserve"
        versions.add(told.model_version)
    assert versions == {"1", "2"}
    mesh.stop("kserve")
    assert "experiment_id" not in infer().parameters


def test_rows_of_sessions_are_served_by_their_arms(model: RunningModel) -> None:
    memory = [RecurrentNetwork(seed=seed) for seed in range(2)]
    for one in memory:
        model.client.publish(one.header("memory"), one.file())
    model.client.set_alias("memory", "champion", 1, 0)
    mesh = Experiments(model.client)
    mesh.ab("memory:champion", ["memory:2"], experiment_id="memory", rules=STILL)
    rows = 12
    columns = {
        "observation": np.random.default_rng(0).integers(
            0, 256, (rows, memory[0].observation_size), dtype=np.uint8
        )
    }
    ids = SESSIONS[:rows]
    told = model.client.infer("memory:champion", columns, sessions=ids, deadline=LONG)
    assert set(told.row_versions) == {1, 2}
    assert told.experiment_id == "memory"
    assert told.begun == tuple(range(rows))
    for version in (1, 2):
        alone = model.client.infer(f"memory:{version}", columns, outputs=["value"], deadline=LONG)
        own = np.array(told.row_versions) == version
        np.testing.assert_allclose(told["value"][own], alone["value"][own], atol=1e-5)
    again = model.client.infer("memory:champion", columns, sessions=ids, deadline=LONG)
    assert (again.row_versions, again.begun) == (told.row_versions, ())
    mesh.stop("memory")


def test_200_changes_of_weights_under_load_fail_no_call(model: RunningModel) -> None:
    mesh = prepared(model, "hot")
    mesh.ab("race:hot", ["race:2", "race:3"], experiment_id="hot", rules=STILL)
    over = threading.Event()
    answers: list[list[int]] = [[] for _ in range(3)]

    def call(told: list[int]) -> None:
        while not over.is_set():
            told.append(ask(model, "hot"))

    with ThreadPoolExecutor(len(answers)) as callers:
        calls = [callers.submit(call, told) for told in answers]
        try:
            for change in range(200):
                weights = [1.0, float(change % 3), float(change % 2)]
                assert mesh.weights("hot", weights).revision == change + 2
        finally:
            over.set()
        for one in calls:
            one.result()
    found = mesh.stop("hot")
    served = Counter(version for told in answers for version in told)
    assert set(served) == {1, 2, 3}
    assert {arm.version: arm.calls for arm in found.figures} == served
    assert sum(arm.errors for arm in found.figures) == 0


def test_a_worse_canary_is_rolled_back_by_its_outcomes(model: RunningModel) -> None:
    mesh = prepared(model, "worse")
    rules = pb.ExperimentRules(max_score_loss=0.0, least_effect=0.3)
    mesh.canary("race:worse", "race:2", steps=[0.2, 0.5], experiment_id="worse", rules=rules)
    rng = np.random.default_rng(0)
    assigned = {one: model.client.assign("race:worse", one) for one in SESSIONS[:10]}
    assert {told.experiment_id for told in assigned.values()} == {"worse"}
    sent = 0
    while mesh.get("worse").state == pb.EXPERIMENT_STATE_RUNNING:
        sessions = SESSIONS[sent : sent + 100]
        served = {one: model.client.assign("race:worse", one).version for one in sessions[:5]}
        scores = {
            one: float(rng.random() < (0.7 if served.get(one, 1) == 1 else 0.2)) for one in sessions
        }
        sent += mesh.record("worse", scores, served)
        if sent % 100:
            break
        # The others, too, as they are served.
        more = {f"more-{sent}-{n}": float(rng.random() < 0.2) for n in range(30)}
        mesh.record("worse", more, dict.fromkeys(more, 2))
        assert sent < len(SESSIONS)
    eventually(lambda: mesh.get("worse").state == pb.EXPERIMENT_STATE_ROLLED_BACK, LONG)
    found = mesh.get("worse")
    assert "race:2 is worse than race:1: its mean score is" in found.explanation
    assert found.HasField("end_time")
    assert any(one.broken for one in found.comparisons)
    assert {ask(model, "worse", one) for one in SESSIONS[:20]} == {1}
    assert model.client.assign("race:worse", "new").experiment_id == ""
    assert model.metric("experiments_ended_total", state="rolled_back") >= 1


def test_a_canary_that_keeps_its_rules_rises_and_is_promoted(model: RunningModel) -> None:
    mesh = prepared(model, "rising")
    mesh.canary(
        "race:rising",
        "race:3",
        steps=[0.3, 0.6, 1.0],
        step_seconds=0.01,
        step_answers=20,
        promote=True,
        experiment_id="rising",
    )
    calls = iter(SESSIONS)

    def has_passed() -> bool:
        for _ in range(20):
            ask(model, "rising", next(calls))
        return mesh.get("rising").state == pb.EXPERIMENT_STATE_PASSED

    eventually(has_passed, LONG)
    found = mesh.get("rising")
    assert found.step == 2
    assert found.explanation.endswith("race:rising stands for it now")
    alias = model.client.alias("race", "rising")
    assert alias is not None
    assert (alias.alias.version, alias.last_move.mover) == (3, "experiment")
    eventually(lambda: ask(model, "rising") == 3, LONG)


def test_a_version_that_cannot_be_run_is_rolled_back_and_fails_nobody(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        mesh = prepared(model, "champion", versions=2)
        rules = pb.ExperimentRules(max_error_increase=0.05)
        mesh.ab("race:champion", ["race:2"], experiment_id="broken", rules=rules)
        sha256 = model.client.describe("race:2").sha256
    flip(tmp_path, sha256)
    with running_model(tmp_path) as model:
        mesh = Experiments(model.client)

        def is_over() -> bool:
            assert {ask(model, "champion") for _ in range(10)} == {1}
            return mesh.get("broken").state == pb.EXPERIMENT_STATE_ROLLED_BACK

        eventually(is_over, LONG)
        found = mesh.get("broken")
        assert found.figures[1].errors == found.figures[1].calls > 0
        assert found.figures[0].errors == 0
        assert "share of failed calls is 1 higher" in found.explanation


def flip(folder: Path, sha256: str) -> None:
    """Flips a byte of a stored file, wherever it lies."""
    (path,) = [one for one in (folder / "blobs").glob("*/*") if sha256 in one.name]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def test_a_shadow_runs_what_is_asked_and_answers_nobody(model: RunningModel) -> None:
    mesh = prepared(model, "shown")
    mesh.shadow("race:shown", "race:2", experiment_id="shown")
    for session in SESSIONS[:40]:
        assert ask(model, "shown", session) == 1
    eventually(lambda: mesh.get("shown").figures[1].calls == 40, LONG)
    first, second = mesh.get("shown").figures
    assert (first.calls, first.share, second.share) == (40, 1.0, 0.0)
    assert second.errors == second.dropped == 0
    same, rows = 0, 40
    one, other = (Network(seed=seed) for seed in (0, 1))
    columns = seen(1)
    arguments = columns["observation"], columns["action_mask"]
    if one.answer(*arguments)[0].argmax() == other.answer(*arguments)[0].argmax():
        same = rows
    assert (second.compared_rows, second.agreeing_rows) == (rows, same)
    with pytest.raises(InvalidArgument, match="answers nobody"):
        mesh.record("shown", {"game-1": 1.0})
    mesh.stop("shown")


def test_no_version_of_one_that_runs_is_collected(model: RunningModel) -> None:
    mesh = prepared(model, "held")
    mesh.ab("race:held", ["race:2"], experiment_id="held")
    wanted = registry_pb2.CollectPoliciesRequest(name="race", versions=[2], dry_run=True)
    kept = model.client.collect(wanted).kept
    assert [(one.version, one.reason) for one in kept] == [(2, "experiment held")]
    mesh.stop("held")
    assert list(model.client.collect(wanted).versions) == [2]


def test_what_is_wrong_is_named(model: RunningModel) -> None:
    mesh = prepared(model, "wrong")
    wide = Network(observation_size=20)
    model.client.publish(wide.header("race", snapshot=True), wide.file())
    newest = model.client.describe("race").version
    with pytest.raises(FailedPrecondition, match=f"race:{newest} takes or gives other columns"):
        mesh.ab("race:wrong", [f"race:{newest}"])
    with pytest.raises(NotFound, match="race:999 does not exist"):
        mesh.ab("race:wrong", ["race:999"])
    with pytest.raises(NotFound, match="no experiment is called 'none'"):
        mesh.get("none")
    with pytest.raises(InvalidArgument, match="'race:1' is a version"):
        mesh.ab("race:1", ["race:2"])
    with pytest.raises(InvalidArgument, match="session = 'a b' is wrong"):
        ask(model, "wrong", "a b")
    mesh.ab("race:wrong", ["race:2"], experiment_id="wrong")
    with pytest.raises(AlreadyExists, match="an id is used once"):
        mesh.ab("race:wrong", ["race:3"], experiment_id="wrong")
    assert mesh.ab("race:wrong", ["race:2"], experiment_id="wrong").revision == 1
    assert mesh.list("race", running_only=True)[0].experiment_id == "wrong"
    mesh.stop("wrong")


REQUEST = {
    "experiment_id": "bad",
    "kind": pb.EXPERIMENT_KIND_AB,
    "name": "race",
    "alias": "champion",
    "arms": [
        pb.ExperimentArm(version=1, weight=1.0),
        pb.ExperimentArm(version=2, weight=1.0),
    ],
}
CANARY = {"kind": pb.EXPERIMENT_KIND_CANARY}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"experiment_id": "A b"}, "experiment_id = 'A b' is wrong"),
        ({"kind": 9}, "kind is 9; expected AB, CANARY or SHADOW"),
        ({"arms": REQUEST["arms"][:1]}, r"arms has 1; expected 2\.\.8 of AB"),
        ({"arms": [REQUEST["arms"][0]] * 2}, "arms has a version twice"),
        ({**CANARY, "arms": [*REQUEST["arms"], REQUEST["arms"][0]]}, "arms has 3; expected 2"),
        ({"plan": pb.CanaryPlan()}, "plan is set; expected of a canary alone"),
        ({**CANARY, "plan": pb.CanaryPlan(steps=[0.5, 0.4])}, r"plan\.steps\[1\] is 0\.4"),
        ({**CANARY, "plan": pb.CanaryPlan(step_answers=-1)}, r"plan\.step_answers is -1"),
        ({"rules": pb.ExperimentRules(significance=0.7)}, r"rules\.significance is 0\.7"),
        ({"rules": pb.ExperimentRules(max_score_loss=float("nan"))}, "max_score_loss is nan"),
        ({"rules": pb.ExperimentRules(power=1.0)}, r"rules\.power is 1"),
        ({"reason": "x" * 1025}, "reason has 1025 characters"),
        (
            {
                "kind": pb.EXPERIMENT_KIND_SHADOW,
                "rules": pb.ExperimentRules(max_score_loss=0.1),
            },
            "a shadow answers nobody",
        ),
        (
            {"arms": [pb.ExperimentArm(version=1, weight=-1.0), REQUEST["arms"][1]]},
            "weights has -1",
        ),
    ],
)
def test_each_field_has_its_bounds(
    model: RunningModel, given: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidArgument, match=words):
        model.client.create_experiment(pb.CreateExperimentRequest(**{**REQUEST, **given}))


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([], r"outcomes has 0; expected 1\.\.1000"),
        ([pb.SessionOutcome(session="s")] * 1001, "outcomes has 1001"),
        ([pb.SessionOutcome(session="s", score=1.5)], r"outcomes\[0\]\.score is 1\.5"),
        ([pb.SessionOutcome(session="")], r"outcomes\[0\]\.session = '' is wrong"),
        ([pb.SessionOutcome(session="s", version=-1)], r"outcomes\[0\]\.version is -1"),
    ],
)
def test_outcomes_have_their_bounds(
    model: RunningModel, outcomes: list[pb.SessionOutcome], words: str
) -> None:
    request = pb.RecordOutcomesRequest(experiment_id="any", outcomes=outcomes)
    with pytest.raises(InvalidArgument, match=words):
        model.client._call(model.stub.RecordOutcomes, request)


def test_arms_and_assignments_survive_a_restart(tmp_path: Path) -> None:
    sessions = SESSIONS[:100]
    with running_model(tmp_path, keep_versions=2) as model:
        for seed in range(3):
            publish(model.client, seed=seed)
        model.client.set_alias("race", "champion", 2, 0)
        mesh = Experiments(model.client)
        mesh.ab("race:champion", ["race:3"], experiment_id="kept", rules=STILL)
        before = [ask(model, "champion", one) for one in sessions]
        assigned = [model.client.assign("race:champion", one).version for one in sessions]
        assert assigned == before
        for seed in range(3, 9):  # beyond those that are kept
            publish(model.client, seed=seed)
    with running_model(tmp_path, keep_versions=2) as model:
        mesh = Experiments(model.client)
        eventually(lambda: model.metric("experiments") == 1, LONG)
        assert [ask(model, "champion", one) for one in sessions] == before
        mesh.weights("kept", [0.0, 1.0])
        assert [model.client.assign("race:champion", one).version for one in sessions] == before
        assert {ask(model, "champion", one) for one in sessions} == {3}
        assert sum(arm.calls for arm in mesh.get("kept").figures) == 300


def test_the_command(model: RunningModel, tmp_path: Path) -> None:
    prepared(model, "cli")
    runner = CliRunner(env={"MAZEMESH_MODEL_ADDRESS": model.address})

    def run(*words: str) -> str:
        told = runner.invoke(app, ["experiment", *words, "--data-dir", str(tmp_path)])
        assert told.exit_code == 0, told.stderr
        return told.stdout

    told = run("create", "race:cli", "race:2", "--id", "cli", "--steps", "0.2,1", "--reason", "x")
    assert told == "cli runs; `mazemesh experiment status cli`\n"
    ask(model, "cli", "game-1")
    lines = run("status", "cli").splitlines()
    assert lines[0] == "cli: canary over race:cli, race:1 against race:2"
    assert lines[1:3] == ["state: running", "step 1 of 2: 0.2"]
    data = json.loads(run("status", "cli", "--json"))
    assert (data["kind"], data["state"], data["reason"]) == ("canary", "running", "x")
    assert [arm["share"] for arm in data["figures"]] == pytest.approx([0.8, 0.2])
    assert {one["metric"] for one in data["comparisons"]} == {"score", "errors", "slow"}
    assert run("weights", "cli", "1", "1") == "cli: 1 1, 2 1\n"
    rows = [line.split("\t") for line in run("list", "race", "--running").splitlines()]
    assert rows[1][:4] == ["cli", "race:cli", "canary", "running"]
    assert run("stop", "cli", "--reason", "enough") == "cli: stopped; enough\n"
    for kind, more in (("ab", ["race:2=0.5", "race:3"]), ("shadow", ["race:2"])):
        made = json.loads(run("create", "race:cli", *more, "--kind", kind, "--json"))
        assert (made["kind"], made["state"]) == (kind, "running")
        run("stop", made["experiment_id"])
    two = ["experiment", "create", "race:cli", "race:2", "race:3"]
    wrong = runner.invoke(app, [*two, "--data-dir", str(tmp_path)])
    assert wrong.exit_code == 2
    assert "2 versions; expected one of a canary" in wrong.stderr
