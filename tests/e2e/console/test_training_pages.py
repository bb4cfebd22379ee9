"""Training as people do it in a browser: start, watch, stop, promote, play against, roll back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_to_proto
from tests.e2e.console.browser import Console
from tests.e2e.console.test_playing import play_on
from tests.e2e.running_mesh import Up
from tests.servers.gateway.world import SMALL, network

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

Window = Callable[..., Console]
PAGES = {
    "/training": ("Training", "学習"),
    "/training/start": ("Start a run", "学習を始める"),
    "/training/studies": ("Studies", "探索"),
    "/policies?name=race&version=1": ("Policies", "方策"),
    "/system": ("System", "システム"),
    "/login": ("Log in", "ログイン"),
}
POLICY = "by-hand"


def confirm(page: Page, reason: str) -> None:
    """What the dialog of a move asks for, by keys."""
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    page.get_by_test_id("diff").wait_for()
    dialog.get_by_label("Reason").fill(reason)
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")


def champion(page: Page, version: int) -> None:
    """Waits until the card of the alias says so."""
    page.locator(f"[data-alias=champion][data-version='{version}']").wait_for()


def test_every_page_is_accessible_in_both_themes_and_speaks_both_languages(window: Window) -> None:
    console = window()
    narrow = window(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="ja-JP")
    for path, (title, japanese) in PAGES.items():
        page = console.go(path)
        assert page.locator("h1").inner_text() == title
        console.check()
        page = narrow.go(path)
        assert page.locator("h1").inner_text() == japanese
        narrow.check("color-contrast")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{path} is {wide} pixels wide"


def test_a_run_is_started_watched_stopped_promoted_played_and_rolled_back(
    mesh: Up, window: Window
) -> None:
    console = window()
    page = console.go("/training")
    page.get_by_role("link", name="Start a run").click()
    page.wait_for_selector("html[data-page=start][data-ready]", state="attached")
    # By keys alone, what is not as it is anyway.
    console.tab_to("input[name=policy]")
    page.keyboard.type(POLICY)
    page.get_by_text("The game", exact=True).click()
    page.locator("[name='game:width']").fill("5")
    page.locator("[name='game:height']").fill("5")
    page.get_by_text(f'"policy":"{POLICY}"').wait_for()  # the same as a command line
    page.get_by_role("button", name="Start the run").click()

    # It is watched: state, figures and the curve change by themselves.
    page.wait_for_selector("html[data-page=job][data-ready]", state="attached")
    page.get_by_test_id("state").get_by_text("runs", exact=True).wait_for()
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=\"policies.version\"]').textContent) > 2"
    )
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=curve]').dataset.points) > 0"
    )

    # It is stopped, which is asked twice; what it learned is kept.
    page.get_by_role("button", name=f"Stop {POLICY}").click()
    page.get_by_text("Sure?").click()
    page.get_by_test_id("state").get_by_text("stopped", exact=True).wait_for()
    assert page.get_by_role("link", name="Clone").get_attribute("href")

    # Its policy is promoted, twice; the dialog shows what changes, and asks why.
    page.get_by_role("link", name="Its policy").click()
    page.wait_for_selector("html[data-page=policies][data-ready]", state="attached")
    page.locator("select[name=all]").select_option("1")
    for version in (1, 2):
        page.get_by_role("button", name=f"Promote {POLICY}:{version}", exact=True).click()
        confirm(page, f"the console's test, {version}")
        champion(page, version)
    moves = list(mesh.mesh.model.alias_history(POLICY, "champion"))
    assert [(one.from_version, one.version) for one in moves] == [(1, 2), (0, 1)]
    assert moves[0].reason == "the console's test, 2"

    # It is played against.
    page.get_by_role("link", name=f"{POLICY}:2", exact=True).first.click()
    page.get_by_role("link", name="Play against it").click()
    page.wait_for_selector("html[data-page=play][data-ready]", state="attached")
    page.locator("select[name=size]").select_option("6")
    page.get_by_role("button", name="Play", exact=True).click()
    play_on(console, lambda way: page.locator(f"#pad .{way}").click())
    expect(page.locator("#field-title")).to_contain_text(f"{POLICY}:2")

    # It is rolled back, with the reason in the history.
    page = console.go(f"/policies?name={POLICY}")
    page.get_by_role("button", name="Roll back to 1").click()
    confirm(page, "it was only a try")
    champion(page, 1)
    page.get_by_test_id("history").get_by_text("it was only a try").first.wait_for()
    assert mesh.mesh.model.alias(POLICY, "champion").alias.version == 1  # type: ignore[union-attr]


def test_who_was_slower_sees_how_it_stands_now(mesh: Up, window: Window) -> None:
    model = mesh.mesh.model
    for moves in (True, False):
        made = network(moves=moves)
        collection = Collection(game="race", settings=settings_to_proto(SMALL))
        header = made.header(name="slow-hand", snapshot=True, collection=collection)
        model.publish(header, made.file())
    console = window()
    console.expected = ("412",)
    page = console.go("/policies?name=slow-hand")
    page.get_by_role("button", name="Promote slow-hand:1", exact=True).click()
    page.get_by_test_id("diff").wait_for()
    model.set_alias("slow-hand", "champion", 2, 0, reason="faster")
    page.get_by_role("dialog").get_by_label("Reason").fill("slower")
    page.keyboard.press("Enter")
    page.get_by_text("Somebody moved it meanwhile").wait_for()
    assert model.alias("slow-hand", "champion").alias.version == 2  # type: ignore[union-attr]
    page.keyboard.press("Enter")
    champion(page, 1)


def test_curves_zoom_by_asking_for_finer_buckets_and_are_saved(
    window: Window, tmp_path: Path
) -> None:
    console = window()
    page = console.go("/training?smooth=0.6")
    chart = page.get_by_test_id("curves")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=curves]').dataset.points) > 0"
    )
    chart.focus()
    page.keyboard.press("Home")
    with page.expect_response(lambda one: "/training/curves" in one.url and "from=" in one.url):
        page.keyboard.press("+")
    console.has("zoom=")
    expect(page.locator("input[name=smooth]")).to_have_value("0.6")
    page.keyboard.press("0")
    with page.expect_download() as download:
        page.locator("#chart").get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "curves.csv")
    assert list(csv.DictReader((tmp_path / "curves.csv").open()))
    with page.expect_download() as download:
        page.locator("#chart").get_by_role("button", name="PNG").click()
    download.value.save_as(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    page.locator("select[name=group]").select_option("algorithm")
    page.get_by_text("groups in").wait_for()
    console.has("group=algorithm")
    page.locator("#runs").get_by_label("Choose race (mesh)").check()
    page.get_by_text("1 chosen").wait_for()
    console.has("runs=")


def test_what_runs_is_seen_and_a_log_is_followed(window: Window) -> None:
    console = window()
    page = console.go("/system")
    page.get_by_test_id("system.up").get_by_text("5 / 5").wait_for()
    page.get_by_test_id("tables").locator("meter").first.wait_for()
    page.locator("select[name=log]").select_option("learner")
    page.wait_for_function("() => document.querySelector('#tail').textContent.length > 20")
    console.has("log=learner")
    page.get_by_text("This mesh asks for no keys").wait_for()
