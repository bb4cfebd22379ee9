"""Looks after experiments: counts are written down, what is due is done, and calls follow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from mazemesh.errors import MazemeshError
from services._harness.notices import Look
from services._harness.shielded import Shielded
from services.model.experiments import changes
from services.model.experiments.calls.routes import Routes
from services.model.experiments.calls.tallies import Tallies
from services.model.experiments.experiment import Experiment, State
from services.model.store import RegistryStore, Transaction

TICK_SECONDS: Final = 1.0
"""Between two looks, while an experiment runs."""

_log = structlog.get_logger(__name__)


class Steward:
    """Of one instance; several look after the same experiments. Belongs to one event loop.

    Args:
        store: Where experiments are.
        routes: Experiments that run, for calls.
        tallies: What calls were counted.
        prepare: Loads a version, "name:number", and runs it once.
        news: Tells other instances to look, and those who follow the registry.
        now: The time (UTC).

    Attributes:
        ended: Experiments that ended by this instance's looks, by how.
    """

    def __init__(
        self,
        store: RegistryStore,
        routes: Routes,
        tallies: Tallies,
        *,
        prepare: Callable[[str], Awaitable[object]],
        news: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._routes, self._tallies = store, routes, tallies
        self._prepare, self._news, self._now = prepare, news, now
        self._wanted = asyncio.Event()
        self._writing, self._flushes = asyncio.Lock(), Shielded()
        self._away = False
        self.ended = dict.fromkeys(State, 0)

    def wake(self) -> None:
        """Has it look at once, as there is something new to be looked at."""
        self._wanted.set()

    async def run(self, look: Look) -> None:
        """Looks without end: at notices, when it is woken, each second while there is need."""
        noticing = asyncio.create_task(self._notice(look))
        try:
            await self._tidy()
            while True:
                self._wanted.clear()
                try:
                    await self.look()
                    self._away = False
                except (MazemeshError, OSError) as error:
                    if not self._away:
                        _log.warning("experiments cannot be looked after", reason=str(error))
                    self._away = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_SECONDS if self._has_need else None):
                        await self._wanted.wait()
        finally:
            noticing.cancel()

    async def look(self) -> None:
        """Writes down what was counted, does what is due, and has calls follow."""
        await self.flush()
        now = self._now()
        for one in await self._store.transact(partial(_due, now=now)):
            await self._change(partial(changes.look, experiment_id=one, now=now))
        await self.refresh()

    async def refresh(self) -> None:
        """Has calls follow what the store has; arms that are new here are loaded before."""
        found = await self._store.transact(changes.routed)
        known = {route.experiment_id for route in self._routes.all()}
        for one in found:
            if one.experiment_id not in known:
                await self.prepare(one)
        self._routes.set(found)
        self._tallies.keep({one.experiment_id for one in found})

    async def prepare(self, experiment: Experiment) -> None:
        """Loads all arms; one that cannot be shows by its calls."""
        for arm in range(len(experiment.definition.versions)):
            try:
                await self._prepare(experiment.reference(arm))
            except MazemeshError as error:
                _log.warning(
                    "an arm cannot be loaded", policy=experiment.reference(arm), reason=str(error)
                )

    async def flush(self) -> None:
        """Writes down what was counted here, to its end, or it might be counted twice."""
        await self._flushes.run(self._flush())

    async def _flush(self) -> None:
        async with self._writing:
            left = dict(self._tallies.take())
            try:
                while left:
                    one, counted = next(iter(left.items()))
                    work = partial(changes.count, experiment_id=one, more=counted)
                    await self._store.transact(work)
                    del left[one]
            finally:
                for one, counted in left.items():
                    self._tallies.put_back(one, counted)

    def took(self, experiment: Experiment) -> None:
        """What was changed at this instance: calls follow at once, others are told."""
        self._routes.put(experiment)
        self._news()
        self.wake()

    async def close(self) -> None:
        """Writes down what is left."""
        await self._flushes.join()
        with suppress(MazemeshError):
            await self.flush()

    @property
    def _has_need(self) -> bool:
        return bool(len(self._routes)) or self._away

    async def _change(self, work: Callable[[Transaction], Experiment]) -> None:
        experiment = await self._store.transact(work)
        if not experiment.is_running:
            self.ended[experiment.state] += 1
            _log.info(
                "an experiment has ended",
                experiment=experiment.experiment_id,
                state=experiment.state.name,
                reason=experiment.explanation,
            )
            await self._tidy()
        self._routes.put(experiment)
        self._news()

    async def _tidy(self) -> None:
        """Sessions of experiments that ended some days ago are kept no more."""
        before = self._now() - changes.KEPT
        with suppress(MazemeshError):  # the next start does it
            await self._store.transact(lambda tx: tx.experiments.forget_sessions(before))

    async def _notice(self, look: Look) -> None:
        while True:
            await look.wait()
            self.wake()


def _due(tx: Transaction, now: datetime) -> list[str]:
    """Experiments that a look would change; nothing is held for it."""
    running = tx.experiments.running()
    if not running:
        return []
    return [one.experiment_id for one in running if changes.due(tx, one, now) is not one]
