"""Games of a file against bot/random, on a Game service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.games.bots import EXTERNAL, bot_code, bot_policy
from mazemesh.games.ladder import is_time_trial
from mazemesh.games.spaces.arrays import (
    action_dtype,
    mask_columns,
    observation_columns,
    pack_actions,
)
from mazemesh.games.spec import GameSpec
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.heads import ActionDistribution, heads, output_widths, parts_of
from services.model.validation.parity import MASKED_LOGIT, Floats

_SEED: Final = 1
_STEP_SECONDS: Final = 10.0
"""For Game to answer a step."""


class Session(Protocol):
    """Endless games (`mazemesh.client.game.game.GamesSession`); `step` is the last of their steps.

    Attributes:
        spec: The game's.
        controllers: int8 [games, seats].
        step: See `mazemesh.client.game.game.Step`.
    """

    spec: GameSpec
    controllers: npt.NDArray[np.int8]
    step: Any

    def send(self, actions: npt.NDArray[Any]) -> None:
        """Sends one step's actions [games, seats] of `action_dtype`, without waiting."""

    def receive(self, timeout: float | None = None) -> Any:
        """The step that was sent."""

    def close(self) -> None:
        """Ends the games."""


Answer = Callable[[Mapping[str, npt.NDArray[Any]], Mapping[str, int]], dict[str, Floats]]
"""What a file answers to its inputs: outputs by name, of the widths that are given."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it.

    Attributes:
        games: That were begun.
        moves: Steps that were played.
        ended: Games that came to their end.
        points: Of those: 1 a game that was won (or done, where that is what counts), 1/2 a draw.
    """

    games: int
    moves: int
    ended: int
    points: float


def controllers(spec: GameSpec, games: int, own: tuple[int, ...]) -> npt.NDArray[np.int8]:
    """Who plays each seat, int8 [games, seats]: the file those of `own`, bot/random all others."""
    seats = np.full((games, spec.seats), bot_code(bot_policy("random")), np.int8)
    seats[:, list(own)] = EXTERNAL
    return seats


def own_seats(spec: GameSpec) -> tuple[int, ...]:
    """Seats that a policy holds where nothing says which are its own."""
    return tuple(range(spec.seats)) if is_time_trial(spec.seats, spec.teams) else (0,)


def play(
    session: Session,
    answer: Answer,
    *,
    moves: int,
    state_size: int,
    distribution: ActionDistribution,
    greedy: bool,
) -> Played:
    """Plays until each game has ended once, at most so many moves.

    Args:
        session: Just opened with `controllers`.
        answer: Runs the file.
        moves: Steps, at most.
        state_size: Elements of what it remembers.
        distribution: Of its continuous actions.
        greedy: It takes the best action and draws none.

    Raises:
        Rejection: it does not answer, or not with finite numbers that leave illegal actions out.
        MazemeshError: Game is away.
    """
    spec = session.spec
    contestant = _Contestant(spec, answer, state_size, distribution, greedy=greedy)
    own = session.controllers == EXTERNAL
    memory = np.zeros((*own.shape, state_size), np.float32)
    by_success = bool(spec.teams) or bool(own[0].all())
    step = session.step
    running = np.ones(session.controllers.shape[0], bool)
    points, made = 0.0, 0
    while running.any() and made < moves:
        actions = np.zeros(own.shape, action_dtype(spec.action_space))
        has_move = own & (step.acting if len(step.acting) else True)
        if has_move.any():
            where = np.nonzero(has_move)
            actions[where], memory[where] = contestant.act(step, where, memory[where])
        session.send(actions)
        step = session.receive(_STEP_SECONDS)
        made += 1
        for row, game in enumerate(step.ended_games.tolist()):
            memory[game] = 0
            if running[game]:
                running[game] = False
                points += _points(step, row, own[game], by_success=by_success)
    return Played(len(running), made, int((~running).sum()), points)


def _points(step: Any, row: int, own: npt.NDArray[np.bool_], *, by_success: bool) -> float:
    if by_success:
        return float(step.ended_successes[row][own].any())
    scores = step.ended_scores[row]
    lead = scores[own].max() - scores[~own].max()
    return 1.0 if lead > 0 else 0.5 if lead == 0 else 0.0


class _Contestant:
    """Acts by what a file answers."""

    def __init__(
        self,
        spec: GameSpec,
        answer: Answer,
        state_size: int,
        distribution: ActionDistribution,
        *,
        greedy: bool,
    ) -> None:
        self._answer, self._space, self._greedy = answer, spec.action_space, greedy
        seen = (*observation_columns(spec.observation_space), *mask_columns(spec.action_space))
        self._inputs = [column.name for column in seen]
        self._heads = heads(spec.action_space)
        self._deciding = Deciding(spec.action_space, distribution)
        self._outputs = {**output_widths(spec.action_space), "value": 0}
        if state_size:
            self._outputs["next_state"] = state_size
        self._rng = np.random.default_rng(_SEED)

    def act(
        self, step: Any, where: tuple[npt.NDArray[np.intp], ...], state: Floats
    ) -> tuple[npt.NDArray[Any], Floats]:
        """Actions at (games, seats), and what it remembers there."""
        columns = {**step.observations, **step.action_masks}
        given = {name: np.ascontiguousarray(columns[name][where]) for name in self._inputs}
        masks = {head.outputs[0]: given[head.mask] for head in self._heads if head.mask}
        if state.shape[1]:
            given["state"] = state
        answers = self._answer(given, self._outputs)
        for name, array in answers.items():
            _check(name, array, masks.get(name))
        parts = [answers[name] for name, _ in parts_of(self._heads)]
        logits = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if self._greedy:
            decided = self._deciding.best(logits)
        else:
            decided = self._deciding.bounded(self._deciding.draw(logits, 1.0, self._rng))
        actions = pack_actions(self._space, decided, (len(where[0]),))
        return actions, answers.get("next_state", state)


def _check(name: str, array: Floats, mask: npt.NDArray[np.uint8] | None) -> None:
    counts = np.ones(array.shape, bool) if mask is None else mask == 1
    if not np.isfinite(array[counts]).all():
        wrong = array[counts][~np.isfinite(array[counts])]
        raise Rejection("smoke", f"in play {name} is {wrong[0]}; expected finite numbers")
    above = array[~counts]
    if above.size and not (above <= MASKED_LOGIT).all():
        worst = float(above.max())
        raise Rejection(
            "smoke",
            f"in play {name} of an illegal action is {worst:g}; expected at most {MASKED_LOGIT:g}",
            worst,
        )
