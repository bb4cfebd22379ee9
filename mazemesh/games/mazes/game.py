"""A game of mazes: a rule set whose step is one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.bots import BOTS
from mazemesh.games.settings import GameSettings
from mazemesh.games.spaces import Box
from mazemesh.games.spec import (
    NUM_ACTIONS,
    PLANES,
    GameSpec,
    Vectors,
    content_hash,
    observation_layout,
    spec_hash,
)

if TYPE_CHECKING:
    import numpy.typing as npt

# Settings that only shape the reward of a learner leave the play, and so the hash, as it is.
_REWARD_ONLY = ("shaping", "shaping_discount")
# Settings that came later: at their default they are no part of the hash, so that old ones hold.
_LATER = {"line_of_sight": False}


def each_alone(seats: int) -> tuple[int, ...]:
    """Return the teams of a game where each plays for itself."""
    return tuple(range(seats))


def no_names(seats: int) -> tuple[str, ...]:
    """Return no names of start places, of a game where they are alike."""
    return ()


def no_items(settings: GameSettings) -> int:
    """Return how many items lie in a maze without any."""
    return 0


def load_plain_reset() -> Callable[..., None]:
    """Return the reset of a game with nothing in the maze but players and exit."""
    from mazemesh.games.mazes.kernels.episode import reset

    return reset


@dataclass(frozen=True, slots=True)
class MazeGame:
    """A rule set.

    Attributes:
        name: Name in the registry.
        version: Raised whenever the same seed and actions lead to another course of play.
        summary: One line for lists.
        min_seats: Fewest players.
        max_seats: Most players.
        default_seats: Players where the settings say 0.
        may_stay: Whether staying is a legal action (always, in games with other players).
        load_step: Returns the compiled step, which returns how many games ended; called late, as it
            imports numba.
        load_reset: Likewise the compiled reset, for games whose mazes are drawn.
        planes: Planes of its observation: `SHARED_PLANES`, then its own.
        overview: Its own planes of `BatchEngine.global_state`.
        vectors: Its own vectors at the end of the observation, as (name, length).
        binary: Those of them that are 0 or 255.
        seats_multiple: The seats must be a multiple of this, as with teams of equal size.
        teams: Returns the team of each start place, given the seats.
        agents: Returns the name of each start place, given the seats; none where places are alike.
        items: Returns how many things lie in the maze, given resolved settings.
        is_plain: Whether there is nothing to see but players and the exit.
        has_things: Whether its kernels work on `mazemesh.games.mazes.kernels.things` too.
    """

    name: str
    version: int
    summary: str
    min_seats: int
    max_seats: int
    default_seats: int
    may_stay: bool
    load_step: Callable[[], Callable[..., int]]
    load_reset: Callable[[], Callable[..., None]] = load_plain_reset
    planes: tuple[str, ...] = PLANES
    overview: tuple[str, ...] = ("exit",)
    vectors: Vectors = ()
    binary: frozenset[str] = frozenset()
    seats_multiple: int = 1
    teams: Callable[[int], tuple[int, ...]] = each_alone
    agents: Callable[[int], tuple[str, ...]] = no_names
    items: Callable[[GameSettings], int] = no_items
    is_plain: bool = False
    has_things: bool = False

    @property
    def bots(self) -> tuple[str, ...]:
        """Which of `BOTS` can play it: all."""
        return BOTS

    @property
    def ranked_by_return(self) -> bool:
        """Time trials compare steps to the solution."""
        return False

    def resolve(self, settings: GameSettings) -> GameSettings:
        """Return the settings with seats and step limit written out.

        Raises:
            InvalidArgument: Seats that the game does not take, or a maze too small for them.
        """
        seats = settings.seats or self.default_seats
        if not self.min_seats <= seats <= self.max_seats:
            raise InvalidArgument(
                f"seats: {seats} is outside {self.min_seats}..{self.max_seats} of game {self.name}"
            )
        if seats % self.seats_multiple:
            raise InvalidArgument(
                f"seats: {seats} should be a multiple of {self.seats_multiple} in game {self.name}"
            )
        if settings.width * settings.height < 2 * seats:
            raise InvalidArgument(
                f"width: {settings.width} with height {settings.height} is too small for {seats} "
                f"seats; at least {2 * seats} cells are needed"
            )
        values = {**asdict(settings), "seats": seats, "step_limit": settings.steps}
        return GameSettings(**values)

    def spec(self, settings: GameSettings | None = None) -> GameSpec:
        """Return the spec of this game under the settings (default: `GameSettings()`).

        Raises:
            InvalidArgument: The settings do not fit this game.
        """
        resolved = self.resolve(settings or GameSettings())
        planes = self.planes_under(resolved)
        layout = observation_layout(resolved.view, planes, self.vectors, self.binary)
        return GameSpec(
            name=self.name,
            version=self.version,
            seats=resolved.seats,
            num_actions=NUM_ACTIONS,
            observation_size=layout[-1].offset + layout[-1].size,
            layout=layout,
            view=resolved.view,
            planes=len(planes),
            step_limit=resolved.step_limit,
            rules_hash=self._rules_hash(resolved),
            spec_hash=spec_hash(layout, NUM_ACTIONS),
            teams=self.teams(resolved.seats),
            agents=self.agents(resolved.seats),
            state_space=self._state_space(resolved),
        )

    def _state_space(self, resolved: GameSettings) -> Box:
        """Return the space of `BatchEngine.global_state`."""
        planes = 2 + resolved.seats + len(self.overview)
        return Box((0.0,), (255.0,), (planes, resolved.height, resolved.width), "uint8")

    def planes_under(self, settings: GameSettings) -> tuple[str, ...]:
        """Return the planes of its observation under the settings."""
        return (*self.planes, "seen") if settings.line_of_sight else self.planes

    def engine_bytes(
        self, settings: GameSettings, num_games: int, *, draw_ahead: bool = False
    ) -> int:
        """Return the bytes of the arrays of a `BatchEngine`; at first use it loads the kernels."""
        from mazemesh.games.mazes.kernels.making.drawing import allocate_ahead
        from mazemesh.games.mazes.kernels.state import allocate
        from mazemesh.games.mazes.kernels.things import allocate_things
        from mazemesh.games.mazes.parameters import parameters

        numbers = parameters(self, settings)
        state = allocate(numbers, num_games)
        things = allocate_things(numbers, num_games if self.has_things else 0)
        ahead = allocate_ahead(numbers, state, num_games if draw_ahead else 0)
        return sum(array.nbytes for array in (*state, *things, *(ahead if draw_ahead else ())))

    def first_columns(
        self, settings: GameSettings, seed: int, rows: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Return what seat 0 sees at the start of games, uint8 [rows, D], and masks [rows, A].

        From the pure-Python reference: the compiled engine takes a third of a second to load, and
        half a minute to compile on its first use on a machine.
        """
        import numpy as np

        from mazemesh.games.mazes.reference import reference_game

        games = [reference_game(self, settings, seed=seed, game_id=index) for index in range(rows)]
        observation = np.frombuffer(b"".join(game.observation(0) for game in games), np.uint8)
        masks = np.array([game.action_mask(0) for game in games], np.uint8)
        return {"observation": observation.reshape(rows, -1), "action_mask": masks}

    def _rules_hash(self, resolved: GameSettings) -> str:
        settings: dict[str, Any] = asdict(resolved)
        for field in _REWARD_ONLY:
            del settings[field]
        for field, default in _LATER.items():
            if settings[field] == default:
                del settings[field]
        return content_hash({"name": self.name, "version": self.version, "settings": settings})
