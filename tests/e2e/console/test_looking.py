"""Every page as people find it: both themes, both languages, by mouse and by keys alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from mazemesh.v1 import matchmaker_pb2 as pb
from tests.e2e.console.browser import Console
from tests.e2e.running_mesh import Up

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

Window = Callable[..., Console]
PAGES = {
    "/": ("mazemesh", "mazemesh"),
    "/live": ("Live", "ライブ"),
    "/play": ("Play", "遊ぶ"),
    "/leaderboard": ("Leaderboard", "ランキング"),
    "/gates": ("Gates", "ゲート"),
    "/tournaments": ("Tournaments", "トーナメント"),
}

BOTS = ("random", "wall-follower")


def recording(mesh: Up) -> str:
    """A finished game in which a version played."""
    mesh.until(lambda: next(mesh.mesh.game.list_replays(), None) is not None)
    for one in mesh.mesh.game.list_replays():
        if any(name.startswith("race:") for name in one.participants):
            return one.game_id
    raise AssertionError("no version has played")


@pytest.mark.parametrize("path", [*PAGES, "/recordings/", "/tournaments?", "/gates?"])
def test_a_page_is_accessible_in_both_themes_and_speaks_both_languages(
    mesh: Up, window: Window, tournament: str, gate: str, path: str
) -> None:
    title, japanese = {**PAGES, "/recordings/": ("Recording", "記録")}[path.removesuffix("?")]
    match path:
        case "/recordings/":
            path += recording(mesh)
        case "/tournaments?":
            path += f"tournament={tournament}"
        case "/gates?":
            path += f"gate={gate}"
    console = window()
    page = console.go(path)
    assert page.locator("h1").inner_text() == title
    console.check()
    # What a phone shows, dark and in Japanese, fits its width.
    console = window(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="ja-JP")
    page = console.go(path)
    assert page.locator("h1").inner_text() == japanese
    console.check("color-contrast")  # all other rules are of both themes
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, f"{path} is {wide} pixels wide"


def test_theme_and_language_are_switched_and_stay(window: Window) -> None:
    console = window()
    page = console.go("/live?policy=bot%2Frandom")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("link", name="日本語").click()
    page.wait_for_selector("html[lang=ja][data-ready]", state="attached")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("input[name=policy]")).to_have_value("bot/random")
    console.go("/play")
    assert page.locator("html").get_attribute("lang") == "ja"


def test_the_tour_explains_the_pages_by_keys_alone(window: Window) -> None:
    console = window()
    page = console.go("/")
    console.tab_to("#tour")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    for title in ("A mesh that plays", "Live: games as they happen", "Leaderboard: who is better"):
        expect(dialog.get_by_role("heading")).to_contain_text(title)
        console.tab_to("#tour-next")
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    expect(page.locator("#tour")).to_be_focused()


def test_live_boards_move_and_a_mind_is_looked_into(window: Window) -> None:
    console = window()
    page = console.go("/live?source=training&boards=4")
    canvases = page.get_by_test_id("slot").locator("canvas[data-testid=board]")
    canvases.nth(3).wait_for()
    for number in range(4):
        first = canvases.nth(number).get_attribute("data-seq")
        page.wait_for_function(
            "([at, first]) => document.querySelectorAll('[data-testid=board]')[at].dataset.seq"
            " !== first",
            arg=[number, first],
        )
    page.get_by_role("button", name="What does it think?").first.click()
    page.get_by_test_id("value").wait_for()
    expect(page.get_by_test_id("odds").locator("meter")).to_have_count(5)
    console.has("think=")
    shown = page.url
    # The address alone brings the same back.
    page.goto(shown)
    page.get_by_test_id("value").wait_for()
    page.get_by_role("button", name="Close").click()
    console.has("think=", there=False)


def test_a_policy_is_followed_through_its_recordings(mesh: Up, window: Window) -> None:
    recording(mesh)
    console = window()
    page = console.go("/live?boards=1")
    console.tab_to("select[name=source]")
    page.keyboard.press("End")
    console.tab_to("input[name=policy]")
    page.keyboard.type("race:1")
    slot = page.locator("[data-testid=slot][data-kind=recording]")
    slot.wait_for()
    slot.get_by_text("race:1", exact=True).first.wait_for()
    console.has("source=recording")
    console.has("policy=race%3A1")
    console.tab_to("[data-testid=slot] a")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-page=recording][data-ready]", state="attached")
    # The scrubber, by keys.
    console.tab_to("#scrub")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#at")).to_have_text(re.compile("^1 /"))
    console.has("step=1")
    page.get_by_test_id("value").wait_for()
    expect(page.get_by_test_id("odds").locator("meter")).to_have_count(5)
    expect(page.locator("#words")).to_contain_text("Maze of 10 by 10, step 1.")
    page.get_by_label("Hide what the seat has not seen").check()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => Number(document.querySelector('#scrub').value) > 3")
    page.get_by_role("button", name="Pause").click()


def test_the_leaderboard_sorts_filters_and_is_saved(window: Window, tmp_path: Path) -> None:
    console = window()
    page = console.go("/leaderboard")
    rows = page.get_by_test_id("leaderboard").locator("tbody tr")
    rows.nth(2).wait_for()
    with page.expect_download() as download:
        page.locator("#table").get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "players.csv")
    table = list(csv.DictReader((tmp_path / "players.csv").open()))
    assert {"player", "rating", "low"} <= table[0].keys()
    assert len(table) >= 3
    with page.expect_download() as download:
        page.locator("#curves").get_by_role("button", name="PNG").click()
    download.value.save_as(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    # By keys alone: sorted by name, then bots only; the address keeps both.
    console.tab_to("[data-key=sort-player]")
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort=ascending] [data-key=sort-player]")
    console.go("/leaderboard?sort=player&kind=bot")
    names = [row.get_attribute("data-row") or "" for row in rows.all()]
    assert names == sorted(names)
    assert all(name.startswith("bot/") for name in names)
    page.get_by_test_id("heat").wait_for()
    page.get_by_label("chance to be better").check()
    console.has("heat=superiorities")
    # The chart by keys: the cursor tells values, zooming is part of the address.
    page.get_by_test_id("rating-curves").focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        "() => document.querySelector('[data-testid=rating-curves-told]').textContent"
        ".includes('bot/')"
    )
    page.keyboard.press("+")
    console.has("czoom=")
    page.keyboard.press("0")
    console.has("czoom=", there=False)


def test_a_gate_is_seen_between_its_bounds(mesh: Up, window: Window, gate: str) -> None:
    console = window()
    page = console.go("/gates")
    console.tab_to(f"[data-key='{gate}']")
    page.keyboard.press("Enter")
    page.get_by_test_id("explained").wait_for()
    console.has(f"gate={gate}")
    run = next(mesh.mesh.matchmaker.gate_runs(gate_id=gate))
    for bound in (run.gate.lower, run.gate.upper):
        expect(page.get_by_test_id("explained")).to_contain_text(f"{bound:.2f}")
    page.go_back()
    page.locator("#one").wait_for(state="hidden")


def test_a_bracket_fills(mesh: Up, window: Window, tournament: str) -> None:
    console = window()
    page = console.go("/tournaments")
    page.get_by_role("button", name="Cup of the bots").click()
    page.get_by_test_id("bracket").wait_for()
    mesh.until(
        lambda: (
            mesh.mesh.matchmaker.tournament(tournament).summary.state
            == pb.TOURNAMENT_STATE_FINISHED
        )
    )
    page.locator("#one-text").get_by_text("Winner: bot/shortest-path").wait_for()
    winner = page.get_by_test_id("standings").locator("tbody tr").first
    expect(winner).to_contain_text("bot/shortest-path")


def test_one_tournament_is_not_drawn_under_the_name_of_another(
    mesh: Up, window: Window, tournament: str
) -> None:
    request = pb.CreateTournamentRequest(
        request_id="console-another",
        title="Another cup",
        game="race",
        format=pb.TOURNAMENT_FORMAT_SINGLE_ELIMINATION,
        entrants=[pb.TournamentEntrant(members=[f"bot/{name}"]) for name in BOTS],
    )
    other = mesh.mesh.matchmaker.create_tournament(request).summary.tournament_id
    console = window()
    page = console.go(f"/tournaments?tournament={tournament}")
    page.get_by_test_id("bracket").wait_for()
    held: list[Route] = []
    released: list[bool] = []

    def hold(route: Route) -> None:
        route.continue_() if released else held.append(route)

    page.route(f"**/tournaments/{other}/bracket.svg*", hold)
    page.get_by_role("button", name="Another cup").click()
    page.locator("#one-title").get_by_text("Another cup").wait_for()
    expect(page.get_by_test_id("bracket")).to_have_count(0)
    released.append(True)
    for route in held:
        route.continue_()
    page.get_by_role("img", name="Another cup").wait_for()


def test_a_policy_is_found_where_nothing_else_is_played(mesh: Up, window: Window) -> None:
    recording(mesh)
    console = window()
    # Nothing that happens asks for a recording: no news come.
    console.context.route_web_socket("**/ws/live", lambda _: None)
    page = console.go("/live?boards=1")
    page.locator("select[name=source]").select_option("recording")
    slot = page.locator("[data-testid=slot][data-kind=recording]")
    slot.wait_for()
    page.locator("input[name=policy]").fill("race:1")
    slot.get_by_text("race:1", exact=True).first.wait_for()


def snapshots(mesh: Up) -> list[str]:
    """Versions that stay."""
    return [f"race:{one.version}" for one in mesh.mesh.model.list("race", snapshots_only=True)]


def test_thoughts_that_come_late_are_not_shown_for_another_policy(mesh: Up, window: Window) -> None:
    # Versions that are no snapshots are gone by and by.
    mesh.until(lambda: len(snapshots(mesh)) > 1, 240.0)
    late_one, other = snapshots(mesh)[:2]
    console = window()
    page = console.go(f"/recordings/{recording(mesh)}")
    page.get_by_test_id("value").wait_for()
    held: list[Route] = []
    thoughts = f"**/thoughts?*policy={quote(late_one, safe='')}"
    page.route(thoughts, lambda route: held.append(route))
    asked = page.locator("#policy")
    with page.expect_request(thoughts):
        asked.fill(late_one)
        asked.press("Tab")
    asked.fill(other)
    asked.press("Tab")
    page.locator("#thoughts").get_by_text(other, exact=True).wait_for()
    with page.expect_response(thoughts) as answer:
        held[0].continue_()
    answer.value.finished()
    # What would show it has been done by the time that two pictures are drawn.
    page.evaluate("() => new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))")
    expect(page.locator("#thoughts")).to_contain_text(other)


def test_what_is_not_there_is_explained_with_the_next_step(window: Window) -> None:
    console = window()
    console.expected = ("404",)
    page = console.page
    page.goto(f"{console.url}/console/recordings/nobody")
    page.get_by_test_id("problem").get_by_text("no recording of game").wait_for()
    console.go("/gates?policy=nobody")
    expect(page.get_by_test_id("empty")).to_contain_text("mazemesh gate")
    console.go("/live?policy=player%2Fnobody")
    page.get_by_test_id("empty").wait_for()
