"""What plays games: the arrays and methods that every engine has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mazemesh.games.game import Game
from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import GameSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Engine(Protocol):
    """`num_games` games of one kind under one settings, numbered from 0; see `new_engine`.

    The arrays are C-contiguous, made once and written in place by `reset` and `step`: read them
    without copying, copy what must outlive the next call. n = games, s = seats, A = actions. One
    engine belongs to one thread at a time.

    What is seen and the masks are columns (`mazemesh.games.spaces.arrays`): `observations`,
    `action_masks` and the final ones have all of them by name. `observation`, `action_mask`,
    `final_observation` and `final_action_mask` are the only one, where there is one, and [n, s, 0]
    where there are several or none.

    Attributes:
        game: What is played.
        settings: Its settings, resolved.
        spec: Its spec under them.
        num_games: n.
        autoreset: Whether a finished game begins its next episode in the same step (the same seed,
            episode + 1) or stands still until `reset`.
        observation: [n, s, ...] of the spec's `observation_dtype`, what each seat sees now; in
            mazes [n, s, D], laid out as `spec.layout` says.
        action_mask: uint8 [n, s, A], 1 = legal now.
        reward: float32 [n, s], of the last step.
        terminated: bool [n], the last step ended the episode by the rules.
        truncated: bool [n], the last step ended the episode by the step limit.
        lost: bool [n], the last step lost the game, as may happen to foreign ones; never to mazes.
        score: float32 [n, s], outcome in 0..1 (win 1, draw 1 / s, loss 0; alone: solved 1, not 0),
            valid where the last step ended an episode, else 0.
        success: bool [n, s], which seats did what the game is about; valid there, else False.
        final_observation: [n, s, ...], the last observation of the episode that the last step
            ended; valid only there. (`observation` already shows the next under autoreset.)
        final_action_mask: uint8 [n, s, A], likewise the last mask.
        episode_return: float32 [n, s], sum of rewards of the episode that the last step belongs to.
        episode_steps: int32 [n], steps of the episode that the last step belongs to.
        steps: int32 [n], steps of the current episode; 0 right after a reset.
        active: bool [n], the game runs. False before the first reset, and after the end without
            autoreset.
        seat_status: uint8 [n, s], what the last step was to each seat (`GamesStep.seat_status` in
            game.proto); [0, s] where all seats end with their game (`GameSpec.may_leave`).
        acting: bool [n, s], which seats have a move in the next step; [0, s] where all have
            (unless `GameSpec.may_wait`).
        taken: [n, s] of `columns.action_dtype`, int8 in mazes, what each seat really did in the
            last step: a bot's choice, a legal action in place of an illegal one, 0 where it had no
            move. 0 after a reset.
        controller: int8 [n, s], who plays the seat in this episode: -1 the caller, else the code of
            a bot. Read only.
        next_controller: int8 [n, s], who plays it from the game's next reset on; the caller writes.
        seed, game_id, episode, rotation: uint64, uint32, uint32, int32 [n], what names the episode.
        position: int32 [n, s, 2], row and column of each seat; [n, 0, 2] without a map.
        passages: uint8 [n, height, width], see `BatchEngine`; [n, 0, 0] without a map.
        exit: int32 [n, 2], row and column of the exit; 0 without a map.
        waits_for_processes: Whether a step is played by other processes.
    """

    num_games: int
    autoreset: bool
    settings: GameSettings
    spec: GameSpec
    action_mask: npt.NDArray[np.uint8]
    reward: npt.NDArray[np.float32]
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float32]
    final_action_mask: npt.NDArray[np.uint8]
    episode_return: npt.NDArray[np.float32]
    episode_steps: npt.NDArray[np.int32]
    steps: npt.NDArray[np.int32]
    active: npt.NDArray[np.bool_]
    seat_status: npt.NDArray[np.uint8]
    acting: npt.NDArray[np.bool_]
    controller: npt.NDArray[np.int8]
    next_controller: npt.NDArray[np.int8]
    seed: npt.NDArray[np.uint64]
    game_id: npt.NDArray[np.uint32]
    episode: npt.NDArray[np.uint32]
    rotation: npt.NDArray[np.int32]
    position: npt.NDArray[np.int32]
    passages: npt.NDArray[np.uint8]
    exit: npt.NDArray[np.int32]

    @property
    def game(self) -> Game:
        """What is played."""
        ...

    @property
    def observation(self) -> npt.NDArray[Any]:
        """What each seat sees now."""
        ...

    @property
    def final_observation(self) -> npt.NDArray[Any]:
        """The last observation of an episode that has ended."""
        ...

    @property
    def taken(self) -> npt.NDArray[Any]:
        """What each seat really did in the last step."""
        ...

    @property
    def observations(self) -> Mapping[str, npt.NDArray[Any]]:
        """What each seat sees now, by column."""
        ...

    @property
    def final_observations(self) -> Mapping[str, npt.NDArray[Any]]:
        """The last observation of an episode that has ended, by column."""
        ...

    @property
    def action_masks(self) -> Mapping[str, npt.NDArray[np.uint8]]:
        """What is legal now, by column."""
        ...

    @property
    def final_action_masks(self) -> Mapping[str, npt.NDArray[np.uint8]]:
        """The last masks of an episode that has ended, by column."""
        ...

    @property
    def success(self) -> npt.NDArray[np.bool_]:
        """Which seats did what the game is about."""
        ...

    @property
    def waits_for_processes(self) -> bool:
        """Whether a step is played by other processes."""
        ...

    def reset(
        self,
        games: npt.ArrayLike | None = None,
        *,
        seed: npt.ArrayLike,
        game_id: npt.ArrayLike = 0,
        episode: npt.ArrayLike = 0,
        rotation: npt.ArrayLike = 0,
    ) -> None:
        """Begin a named episode in some games (all if None).

        The episode follows from rules, settings, seed, game_id and episode alone; a rotation moves
        the seats round the start places. (Next episodes under autoreset follow likewise, but for
        those of environments that are seeded once: docs/adr/0212.)

        Raises:
            InvalidArgument: an index or a rotation is out of range, or lengths differ.
            FailedPrecondition: it does not begin; says why.
        """
        ...

    def step(self, actions: npt.NDArray[Any], on_end: Callable[[], None] | None = None) -> None:
        """Play one step of all active games.

        Args:
            actions: [n, s] of `columns.action_dtype`, int8 in mazes; those of bots' seats, and of
                seats without a move, are not read.
            on_end: Called when games have ended: how, and where on a map, is still to be seen.

        Raises:
            InvalidArgument: another shape or dtype.
            FailedPrecondition: the games cannot be played on; says why.
        """
        ...

    def states(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is told of each game as a whole, [n, ...] by column of `spec.state_space`.

        Empty where there is none, or the engine was not made `with_state`. The arrays may be the
        same ones at each call.
        """
        ...

    def final_states(self) -> dict[str, npt.NDArray[Any]]:
        """Return the last state of each episode that the last step ended, valid only there."""
        ...

    def landmarks(self, game: int) -> tuple[list[list[int]], list[list[int]]]:
        """Return where players are bound for, and where things lie: (row, column) each."""
        ...

    def state_hash(self, game: int) -> int:
        """Return 64 bits over what decides how a game goes on, as far as the engine knows it."""
        ...

    def close(self) -> None:
        """End threads and processes; the arrays stay readable."""
        ...
