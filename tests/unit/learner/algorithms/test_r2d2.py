"""R2D2: targets and priorities by hand, its gradient by autograd, and what only a memory learns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from learner.algorithms.r2d2 import R2D2Config
from learner.algorithms.r2d2.update import R2D2, n_step_targets
from learner.device.place import Place
from learner.network.architecture import Architecture, evaluate, initial_parameters
from mazemesh.errors import InvalidArgument
from mazemesh.experience import sequence_signature
from mazemesh.returns import rescale, unscale
from tests.unit.learner.fakes import FakeBatch, random_batch, reloaded

CPU = Place()
LENGTH, ROWS, CUES, ACTIONS, MEMORY = 6, 64, 4, 5, 16
ARCHITECTURE = Architecture("dueling", 8, ACTIONS, (16,), memory=MEMORY)
CONFIG = R2D2Config(
    memory=MEMORY,
    sequence_length=LENGTH,
    burn_in=0,
    n_step=3,
    discount=0.9,
    minibatch_size=ROWS,
    learning_rate=1e-2,
    target_every=20,
)


def learner(config: R2D2Config = CONFIG, seed: int = 0) -> R2D2:
    return R2D2(ARCHITECTURE, initial_parameters(ARCHITECTURE, seed), config, CPU)


def targets(**episode: list[float]) -> list[float]:
    """Two-step targets with discount 1/2 of one sequence."""
    tensors = {name: torch.tensor([values]) for name, values in episode.items()}
    shape = tensors["reward"].shape
    ends = {
        name: tensors.get(name, torch.zeros(shape)).bool() for name in ("terminated", "truncated")
    }
    result = n_step_targets(tensors["reward"], tensors["value"], **ends, n_step=2, discount=0.5)
    found: list[float] = result[0].tolist()
    return found


def test_targets_by_hand() -> None:
    reward, value = [1.0, 2.0, 4.0], [100.0, 200.0, 40.0, 8.0]
    # r0 + r1 / 2 + V2 / 4; r1 + r2 / 2 + V3 / 4; the last step has one more step only: r2 + V3 / 2.
    assert targets(reward=reward, value=value) == [12.0, 6.0, 8.0]


def test_nothing_follows_a_terminated_step() -> None:
    reward, value = [1.0, 2.0, 4.0], [100.0, 200.0, 40.0, 8.0]
    found = targets(reward=reward, value=value, terminated=[0, 1, 0])
    assert found == [2.0, 2.0, 8.0]


def test_a_truncated_episode_is_bootstrapped_before_its_last_step() -> None:
    reward, value = [1.0, 2.0, 4.0], [100.0, 200.0, 40.0, 8.0]
    found = targets(reward=reward, value=value, truncated=[0, 1, 0])
    # Step 0: r0 + V1 / 2. Step 1 itself gets its own value, and is left out of the loss.
    assert found == [101.0, 200.0, 8.0]


def filled(batch: FakeBatch, **columns: object) -> FakeBatch:
    changed = {name: np.array(value) for name, value in batch.columns.items()}
    for name, value in columns.items():
        changed[name][:] = value
    return dataclasses.replace(batch, columns=changed)


def some_rows(seed: int = 0, rows: int = ROWS) -> FakeBatch:
    return random_batch(sequence_signature(LENGTH, 8, ACTIONS, state_size=MEMORY), rows, seed)


def tensors(batch: FakeBatch) -> dict[str, torch.Tensor]:
    rows = {name: torch.from_numpy(np.array(value)) for name, value in batch.columns.items()}
    return {**rows, "weight": torch.linspace(0.1, 1.0, len(batch.keys))}


def slow_errors(r2d2: R2D2, batch: FakeBatch) -> list[list[float]]:
    """Errors of each sequence's trained steps with a target, by the definition, row by row.

    The target network is taken to be the trained one, as it is before the first step.
    """
    config, parameters = r2d2.config, r2d2.network.parameters_as_arrays()
    c, found = batch.columns, []
    for row in range(len(batch.keys)):
        state, q = c["state"][row : row + 1], []
        for t in range(LENGTH + 1):
            if t and (c["terminated"][row, t - 1] or c["truncated"][row, t - 1]):
                state = np.zeros_like(state)
            at = c["observation"][row, t][None], c["action_mask"][row, t][None]
            logits, _, state = evaluate(ARCHITECTURE, parameters, *at, state)
            q.append(logits[0].astype(np.float64))
        errors = []
        for t in range(config.burn_in, LENGTH):
            if c["truncated"][row, t]:
                continue
            total, weight, at, ended = 0.0, 1.0, t, False
            while at < min(t + config.n_step, LENGTH) and not c["truncated"][row, at]:
                total += weight * float(c["reward"][row, at])
                weight *= config.discount
                ended = bool(c["terminated"][row, at])
                at += 1
                if ended:
                    break
            if not ended:
                total += weight * unscale(float(q[at].max()))
            errors.append(float(q[t][c["action"][row, t]]) - rescale(total))
        found.append(errors)
    return found


@pytest.mark.parametrize("burn_in", [0, 2])
def test_loss_and_priorities_are_those_of_the_definition(burn_in: int) -> None:
    r2d2 = learner(dataclasses.replace(CONFIG, burn_in=burn_in))
    batch = some_rows()
    loss, errors = r2d2.loss(tensors(batch)), slow_errors(r2d2, batch)
    squares = [np.square(e).sum() / max(len(e), 1) for e in errors]
    weight = np.linspace(0.1, 1.0, ROWS)
    assert loss.total.item() == pytest.approx(np.mean(0.5 * weight * squares), rel=1e-4)
    sizes = [np.abs(e) for e in errors]
    mixed = [0.9 * e.max() + 0.1 * e.mean() if len(e) else 0.0 for e in sizes]
    np.testing.assert_allclose(loss.error, mixed, rtol=1e-3, atol=1e-4)
    # One minibatch: what the update says of it is what it had before its step.
    priorities = r2d2.update(batch).priorities
    np.testing.assert_allclose(priorities, np.array(mixed) + CONFIG.priority_floor, rtol=1e-3)


def test_no_gradient_flows_through_targets_or_the_burn_in() -> None:
    """The gradient is that of the trained steps' Q-values towards targets held fixed."""
    r2d2 = learner(dataclasses.replace(CONFIG, burn_in=2))
    rows = tensors(some_rows())
    before = rows["state"].clone().requires_grad_()
    loss = r2d2.loss({**rows, "state": before})
    (by_state,) = torch.autograd.grad(loss.total, before, allow_unused=True, retain_graph=True)
    assert by_state is None
    parameters = list(r2d2.network.parameters())
    gradient = torch.autograd.grad(loss.total, parameters)
    # Along the gradient the loss changes as it says, the target network staying where it is.
    length = sum(float(one.square().sum()) for one in gradient)
    step = 1e-3 / length**0.5
    totals = []
    for sign in (1, -1):
        moved = learner(dataclasses.replace(CONFIG, burn_in=2))
        with torch.no_grad():
            for parameter, one in zip(moved.network.parameters(), gradient, strict=True):
                parameter += sign * step * one
        totals.append(float(fixed_target_loss(moved, r2d2, rows)))
    slope = (totals[0] - totals[1]) / (2 * step)
    assert slope == pytest.approx(length, rel=0.02)


def fixed_target_loss(moved: R2D2, start: R2D2, rows: dict[str, torch.Tensor]) -> torch.Tensor:
    """The loss of moved weights towards the targets, and from the burnt-in state, of `start`."""
    first = start.config.burn_in
    with torch.no_grad():
        ended = rows["terminated"] | rows["truncated"]
        begins = torch.cat([torch.zeros_like(ended[:, :1]), ended], dim=1)
        observation = rows["observation"]
        _, state = start.network.sequence(observation[:, :first], rows["state"], begins[:, :first])
        q = [
            one.network.sequence(observation[:, first:], state, begins[:, first:])[0]
            for one in (moved, start)
        ]
        q_moved, q_start = (
            one[..., -1:] + one[..., :-1] - one[..., :-1].mean(dim=-1, keepdim=True) for one in q
        )
        target = rescale(
            n_step_targets(
                rows["reward"][:, first:],
                unscale(q_start.amax(dim=2)),
                rows["terminated"][:, first:],
                rows["truncated"][:, first:],
                n_step=start.config.n_step,
                discount=start.config.discount,
            )
        )
        known = (~rows["truncated"][:, first:]).float()
        action = rows["action"][:, first:].long().unsqueeze(2)
        error = (q_moved[:, :-1].gather(2, action).squeeze(2) - target) * known
        steps = known.sum(dim=1).clamp(min=1)
        return (rows["weight"] * 0.5 * error.square().sum(dim=1) / steps).mean()


def test_actions_that_are_illegal_next_are_not_bootstrapped_from() -> None:
    """Only the best action is legal, or only the worst: the targets differ accordingly."""
    r2d2, batch = learner(dataclasses.replace(CONFIG, n_step=1)), some_rows(rows=1)
    batch = filled(batch, terminated=False, truncated=False, reward=0.0)
    rows = tensors(batch)
    with torch.no_grad():
        q = r2d2._q_values(r2d2.network, r2d2.network.sequence, rows)
    for pick in (q.argmax(dim=2), q.argmin(dim=2)):
        mask = torch.nn.functional.one_hot(pick, ACTIONS).byte()
        loss = r2d2.loss({**rows, "action_mask": mask})
        target = rescale(0.9 * unscale(q.gather(2, pick.unsqueeze(2)).squeeze(2)[:, 1:]))
        error = q[:, :-1].gather(2, rows["action"].long().unsqueeze(2)).squeeze(2) - target
        assert loss.means[0].item() == pytest.approx(error.abs().mean().item(), rel=1e-4)


def recall(rng: np.random.Generator) -> FakeBatch:
    """Random play of episodes of three steps: the first shows a cue, the last wants its action."""
    place = np.arange(LENGTH) % 3
    cue = np.repeat(rng.integers(0, CUES, (ROWS, LENGTH // 3)), 3, axis=1)
    observation = np.zeros((ROWS, LENGTH + 1, 8), np.uint8)
    rows, first = np.arange(ROWS)[:, None], np.flatnonzero(place == 0)
    observation[rows, first, cue[:, first]] = 255
    observation[:, np.arange(LENGTH), 5 + place] = 255
    action = rng.integers(0, ACTIONS, (ROWS, LENGTH)).astype(np.int8)
    last = place == 2
    columns = {
        "observation": observation,
        "action_mask": np.ones((ROWS, LENGTH + 1, ACTIONS), np.uint8),
        "action": action,
        "reward": ((action == cue) & last).astype(np.float32),
        "terminated": np.broadcast_to(last, (ROWS, LENGTH)),
        "truncated": np.zeros((ROWS, LENGTH), bool),
        "state": np.zeros((ROWS, MEMORY), np.float32),
    }
    keys = np.arange(ROWS, dtype=np.uint64)
    return FakeBatch(columns, keys, np.full(ROWS, 1 / ROWS), np.ones(ROWS, np.int64), ROWS)


def remembered(r2d2: R2D2, batch: FakeBatch) -> float:
    """Share of episodes whose cue the greedy policy names at the end."""
    with torch.no_grad():
        q = r2d2._q_values(r2d2.network, r2d2.network.sequence, tensors(batch))
    observation = batch.columns["observation"]
    right = [
        (q[:, t + 2].argmax(dim=1).numpy() == observation[:, t, :CUES].argmax(axis=1)).mean()
        for t in (0, 3)
    ]
    return float(np.mean(right))


def test_learns_to_remember_a_cue() -> None:
    r2d2, rng = learner(), np.random.default_rng(0)
    before, after = remembered(r2d2, recall(rng)), 0.0
    # How many updates it takes hangs on rounding; the bound is many times what it needs.
    for _ in range(1_000):
        r2d2.update(recall(rng))
        after = remembered(r2d2, recall(rng))
        if after > 0.95:
            break
    assert before < 0.6
    assert after > 0.95


def test_resumes_bit_for_bit_with_its_target_network() -> None:
    batches = [some_rows(seed) for seed in range(6)]
    config = dataclasses.replace(CONFIG, target_every=2)
    straight = learner(config)
    for batch in batches[:3]:
        straight.update(batch)
    resumed = learner(config, seed=9)
    resumed.restore(reloaded(straight.state()))
    for batch in batches[3:]:
        straight.update(batch)
        resumed.update(batch)
    expected, found = (p.network.parameters_as_arrays() for p in (straight, resumed))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_burn_in_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="burn_in = 6 leaves nothing of sequences of 6"):
        learner(dataclasses.replace(CONFIG, burn_in=LENGTH))
