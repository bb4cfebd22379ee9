"""All clients of a mesh in one object.

`connect()` gives a `Mesh` whose `.game`, `.matchmaker`, `.model`, `.elo` and `.replay` open a
channel when they are first used. In plain words the same is at `.policies`, `.experiments`,
`.gates`, `.tournaments` and `.ratings`; `.training`, `.runs`, `.studies`, `.system`, `.keys` and
`.audit` ask the gateway. Clients are synchronous and may be shared by threads; each has an `.aio`
for asyncio.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mazemesh.client.addresses import Addresses, gateway_url
from mazemesh.client.credentials import Credentials
from mazemesh.client.elo import EloClient
from mazemesh.client.game.game import GameClient
from mazemesh.client.game.games_session import RECONNECT_SECONDS
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.model import ModelClient
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.experience_tables import ExperienceTables
from mazemesh.client.replay.replay_shards import connect_replay

if TYPE_CHECKING:
    from mazemesh.client.gates import Gates
    from mazemesh.client.gateway.access import Audit, Keys
    from mazemesh.client.gateway.runs import Runs
    from mazemesh.client.gateway.studies import Studies
    from mazemesh.client.gateway.system import Operating
    from mazemesh.client.gateway.training import Training
    from mazemesh.client.gateway.web import Web
    from mazemesh.client.policies.experiments import Experiments
    from mazemesh.client.policies.registry import Policies
    from mazemesh.client.tournaments import Tournaments
    from mazemesh.match_files.files import RatingFiles
    from mazemesh.optimization.running import Optimization


class Mesh:
    """Clients for the services at `addresses`; each connects at its first use.

    `credentials` are those of the environment unless they are given. Sessions of games try for
    `reconnect_seconds` to go on over a cut connection; `compression` is of the experience that is
    written. `gateway` is the gateway's URL; "" is where `mazemesh up` puts it, by Game's address.

    ```pycon
    >>> with mesh.again() as other:
    ...     other.policies.get("race").name
    'race'

    ```
    """

    def __init__(
        self,
        addresses: Addresses,
        credentials: Credentials | None = None,
        *,
        reconnect_seconds: float = RECONNECT_SECONDS,
        compression: Compression = Compression.AUTO,
        gateway: str = "",
    ) -> None:
        self._gateway = gateway
        self.addresses = addresses
        self._credentials = credentials
        self._reconnect_seconds = reconnect_seconds
        self._compression = compression

    @cached_property
    def game(self) -> GameClient:
        """Plays and creates games."""
        return GameClient(
            self.addresses.game, self._credentials, reconnect_seconds=self._reconnect_seconds
        )

    @cached_property
    def matchmaker(self) -> MatchmakerClient:
        """Decides who plays whom."""
        return MatchmakerClient(self.addresses.matchmaker, self._credentials)

    @cached_property
    def model(self) -> ModelClient:
        """Publishes and fetches policies."""
        return ModelClient(self.addresses.model, self._credentials)

    @cached_property
    def policies(self) -> Policies:
        """Versions in plain words: looked at, loaded, compared, promoted."""
        from mazemesh.client.policies.registry import Policies

        return Policies(self.model, self.game)

    @cached_property
    def experiments(self) -> Experiments:
        """Compares versions by who is served by which: A/B tests, canaries, shadows."""
        from mazemesh.client.policies.experiments import Experiments

        return Experiments(self.model)

    @cached_property
    def elo(self) -> EloClient:
        """Records results and tells ratings."""
        return EloClient(self.addresses.elo, self._credentials)

    @cached_property
    def ratings(self) -> RatingFiles:
        """Takes results of matches from files, and writes them to files."""
        from mazemesh.match_files.files import RatingFiles

        return RatingFiles(self.elo)

    @cached_property
    def replay(self) -> ExperienceTables:
        """Stores and samples experience, on one service or several."""
        return connect_replay(self.addresses.replay, self._credentials, self._compression)

    @cached_property
    def gates(self) -> Gates:
        """Whether one version is better than another, in plain words."""
        from mazemesh.client.gates import Gates

        return Gates(self.matchmaker)

    @cached_property
    def tournaments(self) -> Tournaments:
        """Tournaments in plain words."""
        from mazemesh.client.tournaments import Tournaments

        return Tournaments(self.matchmaker)

    @cached_property
    def training(self) -> Training:
        """Training jobs of the mesh's gateway.

        Raises:
            InvalidArgument: where the gateway is cannot be told by the mesh's addresses.
        """
        from mazemesh.client.gateway.training import Training

        return Training(self._web)

    @cached_property
    def runs(self) -> Runs:
        """Training runs as MLflow, or their own journals, have them.

        Raises:
            InvalidArgument: as `training`.
        """
        from mazemesh.client.gateway.runs import Runs

        return Runs(self._web)

    @cached_property
    def studies(self) -> Studies:
        """Searches and their Pareto fronts.

        Raises:
            InvalidArgument: as `training`.
        """
        from mazemesh.client.gateway.studies import Studies

        return Studies(self._web)

    @cached_property
    def system(self) -> Operating:
        """What runs, and what it writes down.

        Raises:
            InvalidArgument: as `training`.
        """
        from mazemesh.client.gateway.system import Operating

        return Operating(self._web)

    @cached_property
    def keys(self) -> Keys:
        """Keys of a mesh that asks for them.

        Raises:
            InvalidArgument: as `training`.
        """
        from mazemesh.client.gateway.access import Keys

        return Keys(self._web)

    @cached_property
    def audit(self) -> Audit:
        """Who did what.

        Raises:
            InvalidArgument: as `training`.
        """
        from mazemesh.client.gateway.access import Audit

        return Audit(self._web)

    @cached_property
    def _web(self) -> Web:
        from mazemesh.client.gateway.web import Web

        credentials = self._credentials or Credentials.found()
        url = self._gateway or gateway_url(self.addresses, tls=bool(credentials.ca))
        return Web(url, credentials)

    @cached_property
    def optimization(self) -> Optimization:
        """Searches for Pareto fronts on this machine; only that of a league asks the mesh."""
        from mazemesh.optimization.running import Optimization

        return Optimization(self)

    def again(self) -> Mesh:
        """Clients of the same mesh with channels of their own, which the caller closes.

        Closing them ends the streams over them alone, whichever thread reads those.
        """
        return Mesh(
            self.addresses,
            self._credentials,
            reconnect_seconds=self._reconnect_seconds,
            compression=self._compression,
            gateway=self._gateway,
        )

    def wait(self, timeout: float = 60.0, *, gateway: bool = True) -> None:
        """Returns when all five services answer, and the gateway: a mesh that starts takes a while.

        Args:
            timeout: In seconds, for all of them together.
            gateway: Whether to wait for that too; `mazemesh up --no-console` has none.

        Raises:
            DeadlineExceeded: one does not answer by then; names it.
        """
        from mazemesh.client.readiness import wait_for

        wait_for(self.addresses, self._credentials, self._web.url if gateway else "", timeout)

    def close(self) -> None:
        """Closes the channels that were opened."""
        for name in ("game", "matchmaker", "model", "elo", "replay"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def connect(
    host: str | None = None,
    port_base: int | None = None,
    instances: int = 1,
    *,
    key: str | None = None,
    ca: str | Path | None = None,
    gateway: str = "",
) -> Mesh:
    """Clients for a mesh: at `host` and `port_base` if given, else where the environment says.

    See `Addresses.from_environment` for the variables. Nothing is sent before the first call, so a
    mesh that is down shows as `Unavailable` there.

    ```pycon
    >>> with mazemesh.connect() as mesh:
    ...     mesh.wait(60)
    ...     games = [game.name for game in mesh.game.list_games().games]
    >>> "race" in games
    True

    ```

    Args:
        host: Of the services.
        port_base: Port of Game; the others follow.
        instances: Of each service on that host, their ports one after the other.
        key: An API key; else that of MAZEMESH_KEY, or in the file MAZEMESH_KEY_FILE.
        ca: File with the CA of the mesh, in PEM, which means TLS; else MAZEMESH_TLS_CA.
        gateway: URL of the gateway; else MAZEMESH_GATEWAY_URL, else port base + 9 of the host.

    Raises:
        InvalidArgument: the key is none, or a file cannot be read.
    """
    credentials = None if key is None and ca is None else Credentials.found(key=key, ca=ca)
    elsewhere = host is not None or port_base is not None
    url = gateway or ("" if elsewhere else os.environ.get("MAZEMESH_GATEWAY_URL", ""))
    addresses = Addresses.from_environment(host, port_base, instances)
    return Mesh(addresses, credentials, gateway=url)
