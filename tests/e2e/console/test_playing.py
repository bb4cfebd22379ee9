"""People play in a browser, by keys, by touch, against whoever there is; and connections break."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
from playwright.sync_api import WebSocket, expect

from tests.e2e.console.browser import WAIT, Console
from tests.e2e.running_mesh import Up

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

Window = Callable[..., Console]


def play_on(console: Console, press: Callable[[str], None]) -> None:
    """Moves to wherever one may until the game is over; never back where another way is open."""
    page = console.page
    page.wait_for_selector("#field:not([hidden])")
    step = "-1"
    while True:
        # One look tells both: the field is seen before the first step is, and the end comes between
        # two looks.
        step = page.wait_for_function(
            "before => { const { step } = document.documentElement.dataset;"
            " const ended = document.querySelector('#told[data-end]');"
            " return ended ? 'ended' : step !== before && step }",
            arg=step,
        ).json_value()
        if step == "ended":
            return
        open_ways = page.locator("#pad button:not(:disabled)").evaluate_all(
            "buttons => buttons.map(button => button.className)"
        )
        press(open_ways[int(step) % len(open_ways)])


def gateway_of(mesh: Up) -> int:
    """Its process."""
    for one in psutil.Process(mesh.process.pid).children(recursive=True):
        with suppress(psutil.Error):  # others end meanwhile
            if "services.gateway" in one.cmdline():
                return one.pid
    raise AssertionError("the mesh has no gateway")


def test_a_race_is_played_by_keys_alone(window: Window) -> None:
    console = window()
    page = console.go("/play?game=race&opponent=bot%2Frandom&size=6")
    console.tab_to("#name")
    page.keyboard.press("Control+a")
    page.keyboard.type("zoe")
    page.keyboard.press("Enter")
    keys = {"north": "ArrowUp", "east": "d", "south": "ArrowDown", "west": "a", "stay": " "}
    page.wait_for_selector("#field:not([hidden])")
    page.locator("canvas[data-testid=board]").focus()
    play_on(console, lambda way: page.keyboard.press(keys[way]))
    assert page.locator("#told").get_attribute("data-end") in ("won", "lost", "drawn")
    expect(page.locator("#again")).to_be_focused()
    console.tab_to("#watch")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-page=recording][data-ready]", state="attached")
    page.locator("#board-title").get_by_text("player/zoe").wait_for()


def test_a_policy_is_played_on_a_phone_by_touch(window: Window) -> None:
    console = window(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = console.go("/play?game=race&opponent=race%3Alatest&size=6")
    page.get_by_role("button", name="Play", exact=True).tap()
    play_on(console, lambda way: page.locator(f"#pad .{way}").tap())
    assert page.locator("#told").get_attribute("data-end") in ("won", "lost", "drawn")
    expect(page.locator("#field-title")).to_contain_text("race:")
    page.locator("#again").tap()
    play_on(console, lambda way: page.locator(f"#pad .{way}").tap())
    assert page.locator("#told").get_attribute("data-end") in ("won", "lost", "drawn")


def test_other_games_are_drawn(window: Window) -> None:
    console = window()
    # The first time a game is played it is compiled, once a machine.
    console.context.set_default_timeout(2 * WAIT)
    for game, opponent in (("solo", ""), ("coop-keys", "bot/random")):
        page = console.go(f"/play?game={game}&opponent={opponent}&size=6")
        page.locator("#opponent").select_option(opponent)
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_selector("html[data-step]", state="attached")
        page.locator("#sense").get_by_text("What you look for is").wait_for()


def test_two_people_find_each_other_and_who_waits_may_leave(window: Window) -> None:
    one, other = window(), window()
    page = one.go("/play?game=race&size=6&name=ann&rated=1")
    page.locator("#opponent").select_option("")
    page.locator("#start").click()
    page.locator("#waiting-text").get_by_text("Your rating is").wait_for()
    page.locator("#leave").click()
    page.get_by_text("You left the queue.").wait_for()
    page.locator("#start").click()
    page.locator("#waiting-text").get_by_text("Your rating is").wait_for()
    second = other.go("/play?game=race&size=6&name=bob&rated=1")
    second.locator("#opponent").select_option("")
    second.locator("#start").click()
    for each in (page, second):
        each.wait_for_selector("#field:not([hidden])")
        for name in ("player/ann", "player/bob"):
            expect(each.locator("#field-title")).to_contain_text(name)


def test_who_waits_stays_in_the_queue_whatever_keys_a_game_before_had(window: Window) -> None:
    console = window()
    page = console.page
    sent: list[str] = []

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", lambda text: sent.append(str(text)))

    page.on("websocket", opened)
    console.go("/play?game=race&opponent=bot%2Frandom&size=6&name=eve")
    page.locator("#start").click()
    page.wait_for_selector("html[data-step]", state="attached")
    page.locator("#opponent").select_option("")
    page.locator("#start").click()
    page.locator("#waiting-text").get_by_text("Your rating is").wait_for()
    page.keyboard.press("d")
    page.keyboard.press("ArrowUp")
    page.locator("#leave").click()
    page.get_by_text("You left the queue.").wait_for()
    assert not [text for text in sent if '"act"' in text]


def test_a_killed_gateway_is_found_again_with_the_page_as_it_was(mesh: Up, window: Window) -> None:
    console = window()
    console.expected = ("WebSocket", "ERR_CONNECTION", "Failed to load")
    page = console.go("/leaderboard?sort=-matches")
    badge = page.get_by_test_id("connection")
    page.wait_for_selector("[data-testid=connection][data-state=live]")
    playing = window()
    playing.expected = console.expected
    seat = playing.go("/play?game=race&opponent=bot%2Frandom&size=6")
    seat.locator("#start").click()
    seat.wait_for_selector("html[data-step]", state="attached")
    waiting = window()
    waiting.expected = console.expected
    queue = waiting.go("/play?game=race&size=6&name=kim")
    queue.locator("#opponent").select_option("")
    queue.locator("#start").click()
    queue.locator("#waiting-text").get_by_text("Your rating is").wait_for()
    # What it says of the move before is not what it says when the seat is taken again.
    seat.evaluate("document.querySelector('#told').textContent = ''")
    gateway = gateway_of(mesh)
    page.evaluate(
        "new MutationObserver((_, self) => {"
        " window.states = [...(window.states ?? []), document.querySelector('#connection')"
        ".dataset.state] }).observe(document.querySelector('#connection'), {attributes: true})"
    )
    os.kill(gateway, signal.SIGKILL)
    page.wait_for_function(
        "() => window.states?.includes('lost') && window.states.at(-1) === 'live'"
    )
    expect(badge).to_have_text("live")
    console.has("sort=-matches")
    expect(page.locator("th[aria-sort=descending]")).to_have_count(1)
    # Who waited is told that it is over, and how to wait again.
    queue.get_by_text("your place in the queue").wait_for()
    expect(queue.locator("#waiting")).to_be_hidden()
    # The seat was kept at Game, and is taken again.
    seat.wait_for_function(
        "() => document.querySelector('#told').textContent.includes('your move')"
    )
    play_on(playing, lambda way: seat.locator(f"#pad .{way}").click())
