"""The course of a return as a journal has it."""

from __future__ import annotations

from bench.table.command import course


def test_lines_without_a_return_are_passed_over() -> None:
    journal = '{"time": 1}\n{"time": 2, "episode_reward": 1.234}\n{"episode_reward": 5}\n'
    assert course(journal) == [1.23, 5.0]


def test_an_algorithm_may_tell_none() -> None:
    assert course('{"time": 1}\n') == []
