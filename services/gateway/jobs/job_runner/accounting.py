"""What a job's processes take: processor time and memory, by the operating system."""

from __future__ import annotations

import resource
import sys
from dataclasses import replace

import psutil

from services.gateway.jobs.nouns.budget import Usage

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of what getrusage counts resident sets in."""


class Account:
    """Adds what this attempt takes to what those before it took.

    Args:
        before: Of earlier attempts.
        dollars_an_hour: Price of an hour.
        began: When this attempt did, by a clock that only goes forward, in seconds.
    """

    def __init__(self, before: Usage, dollars_an_hour: float, began: float) -> None:
        self._before, self._price, self._began = before, dollars_an_hour, began
        self._cpu = 0.0
        self._memory = before.memory_bytes
        self._steps, self._episodes = before.steps, before.episodes

    def usage(self, now: float, steps: int, episodes: int, restarts: int) -> Usage:
        """All of it by now.

        Args:
            now: By the same clock as `began`.
            steps: Of the job; a checkpoint that it went back to takes none away.
            episodes: Of this attempt.
            restarts: Of this attempt.
        """
        seconds = self._before.seconds + now - self._began
        self._measure()
        self._steps = max(self._steps, steps)
        return replace(
            self._before,
            seconds=seconds,
            cpu_seconds=self._before.cpu_seconds + self._cpu,
            memory_bytes=self._memory,
            steps=self._steps,
            episodes=self._before.episodes + episodes,
            dollars=self._before.dollars + self._price * (now - self._began) / 3600.0,
            restarts=self._before.restarts + restarts,
        )

    def _measure(self) -> None:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        cpu = ended.ru_utime + ended.ru_stime + own.ru_utime + own.ru_stime
        memory = ended.ru_maxrss * _RSS_UNIT  # the largest that has ended, between two looks too
        now = 0
        for process in psutil.Process().children(recursive=True):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    now += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
            # Those that it has waited for are in its times alone.
            cpu += times.user + times.system + times.children_user + times.children_system
        self._cpu = max(self._cpu, cpu)
        self._memory = max(self._memory, memory, now)
