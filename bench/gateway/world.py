"""Services as processes, and a gateway that can be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.matchmaker.services import Service, service
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh


class World:
    """What is measured.

    Args:
        folder: Data of all of them.
        life: Ends what is started.
    """

    def __init__(self, folder: Path, life: ExitStack) -> None:
        self._folder, self._life = folder, life
        elo = self._serve("elo")
        game = self._serve("game", elo=elo)
        model = self._serve("model", game=game)
        replay = self._serve("replay")
        matchmaker = self._serve("matchmaker", game=game, model=model, elo=elo)
        self.mesh = life.enter_context(Mesh(Addresses(game, matchmaker, model, elo, replay)))
        self.gateway = self._started(port=0)

    @property
    def url(self) -> str:
        return f"http://{self.gateway.address}"

    def restart_gateway(self) -> None:
        """One that is dead comes back where it was."""
        self.gateway = self._started(int(self.gateway.address.rpartition(":")[2]))

    def _started(self, port: int) -> Service:
        at = vars(self.mesh.addresses)
        flags = ["--port", str(port)]
        flags += ["--requests-per-second-address", "100000", "--max-sockets-per-key", "2000"]
        flags += _addresses(**{name: at[name] for name in at if at[name]})
        return self._life.enter_context(service("gateway", self._folder, flags))

    def _serve(self, name: str, **peers: str) -> str:
        started = self._life.enter_context(service(name, self._folder, _addresses(**peers)))
        return started.address


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """All services and a gateway, until the end of the block."""
    with ExitStack() as life:
        yield World(folder, life)


def _addresses(**peers: str) -> list[str]:
    return [part for name, at in peers.items() for part in (f"--{name}-address", at)]
