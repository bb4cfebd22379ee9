"""Plays matches that exist in the Game service: all seats of ONNX policies, all games at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh import tracing
from mazemesh.client.game.game import Step
from mazemesh.errors import InvalidArgument
from mazemesh.games.bots import EXTERNAL
from mazemesh.games.spaces.arrays import action_dtype, pack_actions
from mazemesh.games.spaces.packings import Packings
from mazemesh.packing.rows import unpack
from mazemesh.policy.memory import SeatMemory
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import CreatedMatch, MatchSetup

_RUNNING = 0
"""Value of `GamesStep.status` in game.proto."""


class JoinedSession(Protocol):
    """A session of created games (`mazemesh.client.game.game.GamesSession`)."""

    def send(self, actions: npt.NDArray[Any]) -> None:
        """Sends one step's actions [games, seats] of `action_dtype`, without waiting."""
        ...

    def receive(self) -> Step:
        """The next step in order."""
        ...

    @property
    def step(self) -> Step:
        """The last step that was received."""
        ...

    @property
    def game_ids(self) -> Sequence[str]:
        """The games in order."""
        ...

    @property
    def controllers(self) -> npt.NDArray[np.int8]:
        """int8 [games, seats], -1 where the caller acts."""
        ...

    @property
    def packings(self) -> Packings | None:
        """How observations are packed; None where they are plain."""
        ...


class GamePeer(Protocol):
    """What is needed of the Game service (`mazemesh.client.game.game.GameClient`)."""

    @property
    def near(self) -> bool:
        """Whether it is on this machine."""
        ...

    def create(self, matches: Sequence[MatchSetup]) -> Sequence[CreatedMatch]:
        """Creates the games of matches."""
        ...

    def at(self, address: str) -> GamePeer:
        """The instance at an address; any where it is empty."""
        ...

    def join_session(
        self, seat_tokens: Sequence[str], *, packed: bool
    ) -> AbstractContextManager[JoinedSession]:
        """Joins all seats of created games; `packed`: what they see may come in few bits."""
        ...


@dataclass(frozen=True)
class PlayedGame:
    """One finished game.

    Attributes:
        match: Index of its match.
        rotation: Which rotation it was.
        participants: By seat.
        scores: By seat.
        steps: Length.
        holders: By seat, the index of the participant of the match.
        successes: By seat, whether it did what the game is about.
    """

    match: int
    rotation: int
    participants: tuple[str, ...]
    scores: tuple[float, ...]
    steps: int
    successes: tuple[bool, ...] = ()
    holders: tuple[int, ...] = ()

    def lead_of_first(self) -> float:
        """By how much the first participant's best seat is ahead of the best of all others'."""
        own = [score for score, holder in zip(self.scores, self.holders, strict=True) if not holder]
        rest = [score for score, holder in zip(self.scores, self.holders, strict=True) if holder]
        return max(own) - max(rest)


def play_matches(
    game: GamePeer,
    load: Callable[[str], OnnxPolicy],
    matches: Sequence[tuple[MatchSetup, CreatedMatch]],
    *,
    temperature: float,
    rng: np.random.Generator,
    stepped: Callable[[int], None] = lambda moves: None,
) -> list[PlayedGame]:
    """Plays every game of the matches to its end, in one session.

    All matches must be of one game under one spec, and created at one instance. Games of bots alone
    are played by the server whenever the session steps.

    Args:
        game: The Game service.
        load: A policy by exact version.
        matches: Setups, and what CreateGames answered.
        temperature: Of the draws from the policies' logits; 0 is greedy, as Q-networks always are.
        rng: Source of the draws.
        stepped: Called with the number of moves made, after each step.

    Raises:
        MazemeshError: a policy does not load or the session was lost; no game counts twice.
    """
    plan = _Plan.of(matches)
    policies = {name: load(name) for name in plan.policy_names()}
    peer = game.at(_address(matches))
    with peer.join_session(plan.tokens, packed=not peer.near) as session:
        seats = plan.rows_by_policy(session.game_ids, session.controllers)
        return _play(session, plan, seats, policies, temperature, rng, stepped)


@dataclass(frozen=True)
class _Plan:
    """Who plays where, by game id."""

    tokens: list[str]
    games: dict[str, tuple[int, int, tuple[str, ...], tuple[int, ...]]]

    @classmethod
    def of(cls, matches: Sequence[tuple[MatchSetup, CreatedMatch]]) -> _Plan:
        tokens: list[str] = []
        games: dict[str, tuple[int, int, tuple[str, ...], tuple[int, ...]]] = {}
        for index, (setup, created) in enumerate(matches):
            for one in created.games:
                tokens += [token for token in one.seat_tokens if token]
                names = tuple(setup.participants[i] for i in one.seat_participants)
                games[one.game_id] = (index, one.rotation, names, tuple(one.seat_participants))
        return cls(tokens, games)

    def policy_names(self) -> set[str]:
        return {
            name
            for _, _, names, _ in self.games.values()
            for name in names
            if not name.startswith("bot/")
        }

    def rows_by_policy(
        self, game_ids: Sequence[str], controllers: npt.NDArray[np.int8]
    ) -> dict[str, tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """(games, seats) index arrays of the session, by policy."""
        rows: dict[str, tuple[list[int], list[int]]] = {}
        for index, game_id in enumerate(game_ids):
            for seat, name in enumerate(self.games[game_id][2]):
                if controllers[index, seat] == EXTERNAL:
                    games, seats = rows.setdefault(name, ([], []))
                    games.append(index)
                    seats.append(seat)
        return {
            name: (np.asarray(games, np.intp), np.asarray(seats, np.intp))
            for name, (games, seats) in rows.items()
        }


def _play(
    session: JoinedSession,
    plan: _Plan,
    rows: dict[str, tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
    policies: dict[str, OnnxPolicy],
    temperature: float,
    rng: np.random.Generator,
    stepped: Callable[[int], None],
) -> list[PlayedGame]:
    step = session.step
    running = step.status == _RUNNING
    memory = SeatMemory(*session.controllers.shape)
    kind = _action_dtype(policies.values())
    packed = {} if session.packings is None else dict(session.packings.observations)
    played: list[PlayedGame] = []
    while running.any():
        with tracing.span("step batch"):
            actions = np.zeros(session.controllers.shape, kind)
            moves = 0
            for name, (games, seats) in rows.items():
                alive = running[games]
                if len(step.acting):
                    alive &= step.acting[games, seats]
                where = games[alive], seats[alive]
                if not alive.any():
                    continue
                policy = policies[name]
                columns = {
                    key: column[where]
                    for key, column in {**step.observations, **step.action_masks}.items()
                }
                plain = {key: unpack(packed[key], columns[key]) for key in packed}
                seen = policy.seen({**columns, **plain})
                state = memory.read(*where, policy.state_size)
                decided, state = policy.act(*seen, state, rng=rng, temperature=temperature)
                memory.write(*where, state)
                actions[where] = pack_actions(policy.deciding.space, decided, (len(where[0]),))
                moves += len(where[0])
            session.send(actions)
            step = session.receive()
        stepped(moves)
        for row, index in enumerate(step.ended_games.tolist()):
            match, rotation, names, holders = plan.games[session.game_ids[index]]
            scores = tuple(step.ended_scores[row].tolist())
            steps = int(step.ended_steps[row])
            successes = tuple(step.ended_successes[row].tolist())
            played.append(PlayedGame(match, rotation, names, scores, steps, successes, holders))
        running &= step.status == _RUNNING
    return played


def _action_dtype(policies: Iterable[OnnxPolicy]) -> np.dtype[Any]:
    """Of the actions of a game that they all play; of bots alone any."""
    for policy in policies:
        return action_dtype(policy.deciding.space)
    return np.dtype(np.int8)


def _address(matches: Sequence[tuple[MatchSetup, CreatedMatch]]) -> str:
    """Where the matches were created."""
    addresses = {created.game_address for _, created in matches}
    if len(addresses) > 1:
        raise InvalidArgument(
            f"matches: they were created at {', '.join(sorted(addresses))}; play those of each "
            "instance in a session of its own"
        )
    return next(iter(addresses), "")
