"""Experiments and drift on the page of policies: live, by keys, in the address and in files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from mazemesh.v1.model_pb2 import Experiment
from tests.e2e.console.browser import Console
from tests.e2e.running_mesh import Up
from tests.onnx_policies import Network

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

Window = Callable[..., Console]
NAME = "compared"
ROWS = 400
PAGE = f"/policies?name={NAME}&version=1"


def publish(mesh: Up, seed: int) -> int:
    """A version with a validation that drift can be held against."""
    made = Network(seed=seed)
    header = made.header(NAME, parity=made.parity(rows=ROWS), snapshot=True)
    return mesh.mesh.model.publish(header, made.file()).version


@pytest.fixture(scope="module")
def experiment(mesh: Up) -> Experiment:
    """An A/B test that runs, and whose calls are unlike those of validation."""
    model = mesh.mesh.model
    for seed in (0, 3):
        publish(mesh, seed)
    model.set_alias(NAME, "champion", 1, 0, reason="the first")
    begun = mesh.mesh.experiments.ab(f"{NAME}:champion", [f"{NAME}:2"], experiment_id="one-or-two")
    rng = np.random.default_rng(0)
    made = Network()
    served = {}
    for call in count():
        observed = rng.integers(0, 40, (64, made.observation_size), dtype=np.uint8)
        columns = {
            "observation": observed,
            "action_mask": np.ones((64, made.num_actions), np.uint8),
        }
        session = f"s{call}"
        served[session] = model.infer(f"{NAME}:champion", columns, session=session).version
        told = model.drift(f"{NAME}:1")
        if told and told[0].rows >= ROWS and len(set(served.values())) == 2:
            break
    scores = {session: float(version == 2) for session, version in served.items()}
    mesh.mesh.experiments.record(begun.experiment_id, scores, served)
    return begun


def saved(page: Page, place: str, folder: Path) -> list[dict[str, str]]:
    """Rows of the file of a table."""
    with page.expect_download() as download:
        page.locator(place).get_by_role("button", name="CSV").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return list(csv.DictReader(file.open()))


def test_it_is_accessible_and_fits_a_phone(window: Window, experiment: Experiment) -> None:
    address = f"{PAGE}&experiment={experiment.experiment_id}"
    console = window()
    page = console.go(address)
    page.get_by_test_id("comparisons").get_by_text("score").wait_for()
    page.get_by_test_id("drift").get_by_text("drifted").first.wait_for()
    console.check()
    console = window(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="ja-JP")
    page = console.go(address)
    page.get_by_test_id("comparisons").get_by_text("得点").wait_for()
    page.get_by_test_id("experiments").get_by_text("実行中").wait_for()
    console.check("color-contrast")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, f"{wide} pixels wide"


def test_every_table_is_saved_with_its_intervals(
    window: Window, experiment: Experiment, tmp_path: Path
) -> None:
    page = window().go(f"{PAGE}&experiment={experiment.experiment_id}")
    page.get_by_test_id("comparisons").get_by_text("score").wait_for()
    page.get_by_test_id("drift").locator("tbody tr").first.wait_for()
    [row] = saved(page, "#experiments", tmp_path)
    assert (row["experiment_id"], row["kind"], row["state"]) == ("one-or-two", "ab", "running")
    assert row["arms"] == "1: 50%, 2: 50%"
    compared = {one["metric"]: one for one in saved(page, "#comparisons", tmp_path)}
    assert float(compared["score"]["low"]) <= 1.0 == float(compared["score"]["effect"])
    columns = {one["column"]: one for one in saved(page, "#drift-columns", tmp_path)}
    assert columns["observation"]["drifted"] == "true"
    assert float(columns["observation"]["mean"]) < float(columns["observation"]["reference_mean"])
    checks = {one["check"]: one for one in saved(page, "#checks", tmp_path)}
    assert checks["size"]["outcome"] == "passed"
    assert [one["version"] for one in saved(page, "#tree", tmp_path)][-1] == "1"
    assert saved(page, "#history", tmp_path)[0]["reason"] == "the first"


def test_an_experiment_is_opened_by_keys_and_stays_while_versions_come(
    mesh: Up, window: Window, experiment: Experiment
) -> None:
    console = window()
    page = console.go(f"/policies?name={NAME}")
    key = f"compare-{experiment.experiment_id}"
    console.tab_to(f"[data-key={key}]")
    page.keyboard.press("Enter")
    page.get_by_test_id("comparisons").get_by_text("score").wait_for()
    console.has("experiment=one-or-two")
    version = publish(mesh, 5)
    page.locator(f"#tree [data-row='{version}']").wait_for()
    # The page drew itself anew around whoever reads it.
    page.get_by_test_id("comparisons").get_by_text("score").wait_for()
    expect(page.locator(f"[data-key={key}]")).to_be_focused()
    mesh.mesh.experiments.stop(experiment.experiment_id, "seen enough")
    page.get_by_test_id("experiments").get_by_text("stopped").wait_for()
    page.get_by_test_id("experiments").get_by_text("seen enough").wait_for()
    page.go_back()
    page.get_by_test_id("comparisons").wait_for(state="hidden")
