"""Debian's chromium, driven by Playwright: a page that fails its test when it complains."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

WAIT = 60_000
"""Milliseconds that anything may take; nothing should, but on a machine that others use."""

expect.set_options(timeout=WAIT)

_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; fails where there is none."""
    path = shutil.which("chromium")
    assert path, "there is no chromium: apt-get install chromium (scripts/servers does so)"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """The console in a window of its own."""

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        given = {"viewport": {"width": 1200, "height": 900}, "locale": "en-US", **context}
        self.context = browser.new_context(**given)
        self.context.set_default_timeout(WAIT)
        # The tour is for who comes for the first time.
        self.context.add_init_script("localStorage.setItem('toured', '1')")
        self.page: Page = self.context.new_page()
        self.url = url
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not any(one in message.text for one in self.expected):
            self.complaints.append(message.text)

    def go(self, path: str) -> Page:
        """Opens a page and waits until it shows what it is for."""
        self.page.goto(f"{self.url}/console{path}")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def check(self, *rules: str) -> None:
        """No accessibility rule of WCAG 2.1 A and AA is broken, or none of those that are named."""
        options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else _RULES
        found = Axe().run(self.page, options=options)
        told = [
            f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for one in found.response["violations"]
            for node in one["nodes"][:3]
        ]
        assert not told, "\n".join(told)

    def has(self, text: str, *, there: bool = True) -> None:
        """Waits until the address has a text, or has it no more."""
        self.page.wait_for_function(
            "([text, there]) => location.search.includes(text) === there", arg=[text, there]
        )

    def tab_to(self, selector: str, most: int = 80) -> None:
        """Reaches an element by the Tab key alone."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is not reached by {most} Tabs")

    def close(self) -> None:
        self.context.close()
        assert not self.complaints, self.complaints
