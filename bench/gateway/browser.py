"""What a person sees, in Debian's chromium by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

WAIT = 120_000

_NOTES = """
localStorage.setItem('toured', '1');
window.seen = [];
new MutationObserver((changes) => {
  for (const one of changes) {
    const seq = Number(one.target.dataset?.seq);
    if (!Number.isFinite(seq)) continue;
    // Boards draw in the next frame; what is asked for now is called after that.
    const now = () => performance.timeOrigin + performance.now();
    requestAnimationFrame(() => window.seen.push([seq, now()]));
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-seq'] });
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def page_of(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1200, "height": 900}, locale="en-US")
    context.set_default_timeout(WAIT)
    context.add_init_script(_NOTES)
    return context.new_page()


def watch(browser: Browser, url: str, game_id: str) -> Page:
    """The live page, once it shows the game."""
    page = page_of(browser)
    page.goto(f"{url}/console/live")
    page.wait_for_selector(f'figure[data-game="{game_id}"] canvas[data-seq]', state="attached")
    return page


def seen(page: Page) -> dict[int, float]:
    """By step, when it was first painted, in Unix seconds."""
    found: dict[int, float] = {}
    for step, milliseconds in page.evaluate("window.seen"):
        found.setdefault(int(step), milliseconds / 1000)
    return found


def until_painted(page: Any, step: int) -> float:
    """When a page first painted a step or a later one, in Unix seconds; waits for it."""
    page.wait_for_function("(step) => window.seen.some((one) => one[0] >= step)", arg=step)
    return min(when for one, when in seen(page).items() if one >= step)
