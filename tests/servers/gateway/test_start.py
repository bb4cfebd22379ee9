"""The gateway starts, serves, and says by problem+json what it does not."""

from __future__ import annotations

import httpx


def test_it_serves(http: httpx.Client) -> None:
    answer = http.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"serving": True}
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_is_not_there_is_a_problem(http: httpx.Client) -> None:
    answer = http.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404
