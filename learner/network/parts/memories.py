"""What a network remembers from step to step: gated units, and the last frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from learner.network.parts.encoding import MemoryCell
from mazemesh.games.spaces import Leaf


class Gates(nn.Module):
    """Gated recurrent units (Cho et al. 2014), or long short-term memory (Hochreiter et al. 1997).

    In the forms of `torch.nn.GRUCell` and `LSTMCell`.

    Attributes:
        state_size: Elements of the state: an LSTM has its output and its cell.
    """

    def __init__(self, kind: MemoryCell, inputs: int, width: int) -> None:
        super().__init__()
        self._kind, self._width = kind, width
        gates = 4 if kind == "lstm" else 3
        self.incoming, self.back = nn.Linear(inputs, gates * width), nn.Linear(width, gates * width)
        self.state_size = width * (2 if kind == "lstm" else 1)
        for layer in (self.incoming, self.back):
            nn.init.orthogonal_(layer.weight)
            nn.init.zeros_(layer.bias)
        if kind == "lstm":
            # Remembering is what it begins with (Jozefowicz et al. 2015, section 2.2).
            nn.init.ones_(self.incoming.bias[width : 2 * width])

    def forward(self, incoming: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """What comes out [n, width] and the next state, of `incoming(features)`."""
        width, back = self._width, self.back(state[:, : self._width])
        if self._kind == "gru":
            gates = torch.sigmoid(incoming[:, : 2 * width] + back[:, : 2 * width])
            reset, update = gates.chunk(2, dim=1)
            new = torch.tanh(incoming[:, 2 * width :] + reset * back[:, 2 * width :])
            state = new + update * (state - new)
            return state, state
        enter, keep, new, show = (incoming + back).chunk(4, dim=1)
        cell = torch.sigmoid(keep) * state[:, width:] + torch.sigmoid(enter) * torch.tanh(new)
        output = torch.sigmoid(show) * torch.tanh(cell)
        return output, torch.cat([output, cell], dim=1)


class Frames(nn.Module):
    """The last observations of an episode, zeros before its first.

    Its state is the earlier ones, oldest first, each with all leaves one after another as float32.

    Attributes:
        state_size: Elements of the state.
    """

    def __init__(self, observed: Sequence[Leaf], frames: int) -> None:
        super().__init__()
        self._leaves, self._earlier = tuple(observed), frames - 1
        self._sizes = [leaf.space.size for leaf in observed]
        self.state_size = self._earlier * sum(self._sizes)

    def step(
        self, columns: Mapping[str, Tensor], state: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Columns [n, frames, *shape] of columns [n, *shape], and the next state."""
        flat = [columns[leaf.name].float().reshape(-1, leaf.space.size) for leaf in self._leaves]
        row = torch.cat(flat, dim=1).unsqueeze(1)
        all_frames = torch.cat([state.reshape(-1, self._earlier, row.shape[2]), row], dim=1)
        return self._columns(all_frames), all_frames[:, 1:].flatten(1)

    def sequence(
        self, columns: Mapping[str, Tensor], state: Tensor, begins: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Columns [B * T, frames, *shape] of columns [B, T, *shape], and the state after them."""
        unrolls, length = begins.shape
        flat = [
            columns[leaf.name].float().reshape(unrolls, length, leaf.space.size)
            for leaf in self._leaves
        ]
        rows = torch.cat(flat, dim=2)
        earlier = state.reshape(unrolls, self._earlier, rows.shape[2])
        time = torch.cat([earlier, rows], dim=1)
        # Steps of the same episode have the same number; what was remembered is of number 0.
        number = torch.cat(
            [begins.new_zeros(unrolls, self._earlier, dtype=torch.long), begins.long().cumsum(1)],
            dim=1,
        )
        steps = torch.arange(length, device=begins.device)
        window = steps[:, None] + torch.arange(self._earlier + 1, device=begins.device)
        known = number[:, window] == number[:, self._earlier :, None]
        found = time[:, window] * known.unsqueeze(3)
        left = found[:, -1, 1:].flatten(1)
        return self._columns(found.flatten(0, 1)), left

    def _columns(self, frames: Tensor) -> dict[str, Tensor]:
        parts = frames.split(self._sizes, dim=2)
        return {
            leaf.name: part.reshape(-1, self._earlier + 1, *leaf.space.shape)
            for leaf, part in zip(self._leaves, parts, strict=True)
        }
