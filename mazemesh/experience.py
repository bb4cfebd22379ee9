"""What actors write and learners read: the columns of an unroll, a transition, and a sequence.

An actor writes columns of exactly these shapes to the table that `PolicyVersion.collection` names;
the learner makes the table with the same signature, so a difference is refused by Replay.

In games of several seats a row also tells, step by step, whom the student met: `opponent` uint64,
as `policy_digest` says. So experience shows by itself that an opponent was the file that it should
be, whatever it was called.

Time in an unroll of length T: at step t a seat of the student's saw `observation[t]`, chose
`action[t]` and earned `reward[t]`. Where the episode ended by step t, `observation[t + 1]` is the
first of another (same-step autoreset): rows that belong to no move never exist. So it is too where
the seat was done before its game (`GameSpec.may_leave`). That is the next episode of the seat, or,
where an opponent holds it then, one that another seat of the student's begins, in any game.
Where seats wait for others (`GameSpec.may_wait`) a step is from one move of the seat to its next.

What is called observation, action and action_mask here is one column in games of one leaf; of
several leaves it is a column each, `observation.<path>`, `next_observation.<path>`, and so on, in
the order of the leaves (`mazemesh.games.spaces`). Continuous actions are as they were drawn, before
they were taken into their bounds; the log-probability of an action of several leaves is their sum.
"""

from __future__ import annotations

import hashlib

from mazemesh.games.spaces import Box, Discrete, Space
from mazemesh.games.spaces.arrays import (
    action_columns,
    mask_columns,
    observation_columns,
    state_columns,
)
from mazemesh.wire.tensors import Signature

Columns = dict[str, tuple[str, tuple[int, ...]]]

MESSAGE_BYTES = 16 * 2**20
"""Of experience that actors write or learners draw at once: more than is needed to be fast, and a
quarter of what gRPC lets through, so that nobody has to hold several such messages for long."""

MOST_ROW_BYTES = 48 * 2**20
"""Of a row, which cannot be cut: what is sure to fit a message (64 MiB) with all around it."""


def rows_a_message(signature: Signature) -> int:
    """Rows that travel at once at most: those of `MESSAGE_BYTES`, and one in any case."""
    return max(1, MESSAGE_BYTES // max(1, signature.row_bytes))


def policy_digest(content: bytes) -> int:
    """What the column `opponent` calls a policy: the first 8 bytes of a sha256, big-endian.

    Of a policy's file, whose sha256 the Model service knows; of a bot, which has none, of its name.
    """
    return digest_of(hashlib.sha256(content).hexdigest())


def digest_of(sha256: str) -> int:
    """The same of a file whose sha256 (hex) is known."""
    return int(sha256[:16], 16)


def unroll_signature(
    length: int,
    observation: int | Space,
    action: int | Space,
    observation_dtype: str = "uint8",
    state_size: int = 0,
    *,
    opponents: bool = False,
) -> Signature:
    """One row: `length` consecutive steps of one seat, for actor-critic learning.

    `observation` and `action` are spaces; or how many elements of `observation_dtype` a vector has,
    and how many actions there are. With T = length:

    - observation [T, ...], action_mask uint8 [T, A]: what the policy acted on. Leaves of actions
      without a mask have no such column.
    - action [T, ...]: drawn from the policy over the legal actions; int8 of at most 127.
    - behaviour_log_probability float32 [T]: of that action, under the policy that drew it.
    - reward float32 [T]: earned by the action (shaped, where the settings say so).
    - terminated, truncated bool [T]: the episode ended by this step; by the rules, or by the step
      limit. Never both.
    - success bool [T]: the episode ended by this step, and the seat had done what the game is about
      (GameFinished.successes of game.proto).
    - bootstrap_value float32 [T]: the behaviour policy's value of the FINAL observation of an
      episode that was truncated by this step; 0 everywhere else.
    - last_observation [...], last_action_mask uint8 [A]: what the policy sees after step T - 1,
      from which the learner bootstraps an unroll that stops in mid-episode.
    - state float32 [S], of a policy with memory: what it remembered before step 0.
    - opponent uint64 [T], where there are `opponents`.

    The policy version of a row is the version that acted at its first step.
    """
    seen, done = _space(observation, observation_dtype), _actions(action)
    memory: Columns = {"state": ("float32", (state_size,))} if state_size else {}
    return Signature.of(
        **_observations(seen, length),
        **_masks(done, length),
        **_taken(done, length),
        behaviour_log_probability=("float32", (length,)),
        reward=("float32", (length,)),
        terminated=("bool", (length,)),
        truncated=("bool", (length,)),
        success=("bool", (length,)),
        bootstrap_value=("float32", (length,)),
        **_observations(seen, which="last_"),
        **_masks(done, which="last_"),
        **memory,
        **_opponent(opponents, length),
    )


def transition_signature(
    observation: int | Space,
    action: int | Space,
    observation_dtype: str = "uint8",
    state_size: int = 0,
    *,
    masks: bool = False,
    opponents: bool = False,
) -> Signature:
    """One row: an n-step transition of one seat, for learning of the values of actions.

    - observation [...], action: where the transition starts.
    - action_mask uint8 [A], where `masks` are asked for: what was legal there, for who learns what
      to do there and not what it is worth alone.
    - n_step_return float32: sum of discount^i * reward[i] over the k <= n steps until the n-th step
      or the episode's end, whichever comes first.
    - bootstrap_discount float32: discount^k, or 0 where the episode terminated within the k steps.
      An episode that was truncated bootstraps from its final observation.
    - next_observation [...], next_action_mask uint8 [A]: after the k steps. Where
      bootstrap_discount is 0 the observation counts for nothing and the mask is all ones.
    - state, next_state float32 [S], of a policy that remembers earlier frames: with each of both
      observations.
    - opponent uint64, where there are `opponents`.
    """
    seen, done = _space(observation, observation_dtype), _actions(action)
    memory: Columns = {}
    if state_size:
        memory = dict.fromkeys(("state", "next_state"), ("float32", (state_size,)))
    return Signature.of(
        **_observations(seen),
        **(_masks(done) if masks else {}),
        **_taken(done),
        n_step_return=("float32", ()),
        bootstrap_discount=("float32", ()),
        **_observations(seen, which="next_"),
        **_masks(done, which="next_"),
        **memory,
        **_opponent(opponents),
    )


def sequence_signature(
    length: int,
    observation: int | Space,
    action: int | Space,
    observation_dtype: str = "uint8",
    state_size: int = 0,
    *,
    opponents: bool = False,
) -> Signature:
    """One row: `length` consecutive steps of one seat, for Q-learning with memory.

    Arguments are as of `unroll_signature`. With T = length, S = state_size:

    - state float32 [S]: what the acting policy remembered before step 0; zeros at the beginning of
      an episode.
    - observation [T + 1, ...], action_mask uint8 [T + 1, A]: what the policy acted on, and what it
      saw after step T - 1.
    - action [T, ...], reward float32 [T] (shaped, where the settings say so).
    - terminated, truncated bool [T]: the episode ended by this step; by the rules, or by the step
      limit. Never both. A sequence runs on over the end; the next episode remembers nothing.
    - opponent uint64 [T], where there are `opponents`.

    The final observation of a truncated episode is not kept: its last target is bootstrapped one
    step earlier.
    """
    seen, done = _space(observation, observation_dtype), _actions(action)
    return Signature.of(
        **_observations(seen, length + 1),
        **_masks(done, length + 1),
        **_taken(done, length),
        reward=("float32", (length,)),
        terminated=("bool", (length,)),
        truncated=("bool", (length,)),
        state=("float32", (state_size,)),
        **_opponent(opponents, length),
    )


def _space(observation: int | Space, dtype: str) -> Space:
    if not isinstance(observation, int):
        return observation
    return Box((0.0,), (255.0,), (observation,), dtype)


def _actions(action: int | Space) -> Space:
    return Discrete(action) if isinstance(action, int) else action


def _observations(space: Space, *lead: int, which: str = "") -> Columns:
    return {
        f"{which}{column.name}": (column.dtype.name, (*lead, *column.shape))
        for column in observation_columns(space)
    }


def _masks(space: Space, *lead: int, which: str = "") -> Columns:
    return {
        f"{which}{column.name}": ("uint8", (*lead, *column.shape)) for column in mask_columns(space)
    }


def _taken(space: Space, *lead: int) -> Columns:
    return {
        column.name: (column.dtype.name, (*lead, *column.shape)) for column in action_columns(space)
    }


def _opponent(opponents: bool, *shape: int) -> Columns:
    return {"opponent": ("uint64", shape)} if opponents else {}


def most_write_rows(batch_rows: int) -> int:
    """Rows that an actor writes at once at most, where its learner draws `batch_rows` (0: any).

    Half a batch. A table has room for as many beside a whole batch, so that whatever stands in it,
    either a batch can be drawn or a write be taken.
    """
    return (batch_rows + 1) // 2


GLOBAL_STATE = "global_state"
"""What unrolls call the state of a whole game: `state` is what a policy remembers."""


def with_global_state(unrolls: Signature, length: int, state: Space) -> Signature:
    """The signature of unrolls that tell the state of the whole game too, for a central critic.

    With T = length, of each of its columns (`global_state`, or `global_state.<path>`):

    - global_state [T, ...]: when the policy acted; last_global_state [...]: after step T - 1.
    """
    added: Columns = {}
    for which, lead in (("", (length,)), ("last_", ())):
        for column in state_columns(state):
            name = f"{which}{GLOBAL_STATE}{column.name.removeprefix('state')}"
            added[name] = (column.dtype.name, (*lead, *column.shape))
    return Signature((*unrolls.columns, *Signature.of(**added).columns))
