"""A package of a user's own, written into a folder for a test."""

from __future__ import annotations

from pathlib import Path

MODULES = '''
"""Networks for mazes: a convolution over the planes beside the vectors, and some that are wrong."""

import math

import torch
from torch import nn


class Planes(nn.Module):
    def __init__(self, spec, hidden):
        super().__init__()
        self.planes, self.view = spec.planes, spec.view
        self.size = spec.planes * spec.view**2
        self.look = nn.Conv2d(spec.planes, 6, 3, padding=1)
        rest = spec.observation_size - self.size
        self.body = nn.Linear(6 * spec.view**2 + rest, hidden[0])
        self.norm = nn.LayerNorm(hidden[0])
        self.drop = nn.Dropout(0.5)
        self.action = nn.Linear(hidden[0], spec.num_actions)
        self.value = nn.Linear(hidden[0], 1)

    def forward(self, observation):
        planes = observation[:, : self.size].reshape(-1, self.planes, self.view, self.view)
        seen = self.look(planes).relu().flatten(1)
        body = self.body(torch.cat([seen, observation[:, self.size :]], dim=1))
        body = self.drop(self.norm(body).tanh())
        return self.action(body), self.value(body)


class Small(nn.Module):
    def __init__(self, spec, hidden):
        super().__init__()
        self.action = nn.Linear(spec.observation_size, spec.num_actions)
        self.value = nn.Linear(spec.observation_size, 1)

    def forward(self, observation):
        return self.action(observation), self.value(observation).squeeze(1)


class Remembers(nn.Module):
    state_size = 6

    def __init__(self, spec, hidden):
        super().__init__()
        self.cell = nn.GRUCell(spec.observation_size, self.state_size)
        self.action = nn.Linear(self.state_size, spec.num_actions)
        self.value = nn.Linear(self.state_size, 1)

    def forward(self, observation, state):
        state = self.cell(observation, state)
        return self.action(state), self.value(state), state


class OneAnswer(Small):
    def forward(self, observation):
        return self.action(observation)


class FixedRows(Small):
    def forward(self, observation):
        rows = int(torch.tensor(len(observation)))
        return self.action(observation.view(rows, -1)).view(rows, -1), self.value(observation)


class Decides(Small):
    """What is traced is one of two ways."""

    def forward(self, observation):
        action, value = super().forward(observation)
        few = bool(observation.sum() <= 20 * len(observation))
        return action if few else value.unsqueeze(1) - action, value


class Double(Small):
    def __init__(self, spec, hidden):
        super().__init__(spec, hidden)
        self.double()


class Random(Small):
    def forward(self, observation):
        action, value = super().forward(observation)
        return action + torch.rand_like(action), value


def number(spec, hidden):
    return math.pi


def fails(spec, hidden):
    raise ValueError("hidden should have three widths")
'''


def write_package(folder: Path, name: str) -> str:
    """Writes it under this name; the module's."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "networks.py").write_text(MODULES)
    return f"{name}.networks"
