"""The composition root of access: from settings to the gate of one server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from services._harness.access.audit.log import FOLDER, AuditLog
from services._harness.access.callers.keyring import Keyring
from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys
from services._harness.access.gate import Gate, Limiters
from services._harness.access.pace.limiting import Limiter, Limits, storage_at
from services._harness.access.settings import AccessSettings
from services._harness.sql.database import Database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services._harness.access.callers.roles import Rpc

_FLUSH_SECONDS = 60.0


class Access:
    """What guards one server: its gate, the keys behind it, and the audit log.

    Raises:
        StartError: at construction; the database or the audit log cannot be used.
    """

    def __init__(self, settings: AccessSettings, rules: Mapping[str, Rpc] | None = None) -> None:
        self._database = Database(settings.access_database_url)
        self.keys = SqlKeys(self._database)
        self.keyring = Keyring(self.keys, time.time, settings.keys_grace_seconds)
        self.audit = AuditLog(settings.data_dir / FOLDER, settings.component, time.time)
        storage = storage_at(settings.redis_url)
        of_key = Limits(
            settings.calls_per_second,
            settings.mib_per_second * 1024,
            settings.streams_per_key,
            settings.calls_under_way,
        )
        of_address = Limits(
            settings.calls_per_second_address,
            settings.mib_per_second * 4096,
            settings.streams_per_key * 4,
            settings.calls_under_way * 4,
        )
        strangers = Limits(settings.stranger_calls_per_second, 1024, 64, 64)
        limiters = Limiters(
            Limiter("key", of_key, storage, time.monotonic),
            Limiter("address", of_address, storage, time.monotonic),
            # Each instance counts strangers by itself: they should not make it ask others.
            Limiter("address", strangers, storage_at(None), time.monotonic),
        )
        given = {} if rules is None else {"rules": rules}
        pace = settings.paced_calls_per_second
        self.gate = Gate(self.keyring, limiters, self.audit, pace, **given)

    async def open(self) -> None:
        """Makes the tables where there are none, and reads the keys."""
        await self._database.migrate(PACKAGE)
        await self.keyring.load()

    async def follow_keys(self) -> None:
        """Background task: hears of keys that are made and revoked."""
        await self.keyring.run()

    async def flush_audit(self) -> None:
        """Background task: writes what the audit log has counted."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self.audit.flush()

    async def close(self) -> None:
        """Writes what is left."""
        try:
            await self.keyring.close()
        finally:
            self.audit.close()
            await self._database.close()
