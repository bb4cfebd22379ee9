"""What a policy and a service must know of a game: shapes, layout and the two hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mazemesh.games.spaces import (
    Box,
    Discrete,
    Space,
    Tuple,
    content,
    mask_bytes,
    row_bytes,
    single,
)
from mazemesh.packing.runs import Packing

NUM_ACTIONS = 5
ACTIONS: tuple[str, ...] = ("stay", "north", "east", "south", "west")
SHARED_PLANES: tuple[str, ...] = ("passage_east", "passage_south", "visited", "players")
PLANES: tuple[str, ...] = (*SHARED_PLANES, "exit")
Vectors = tuple[tuple[str, int], ...]
Bits = tuple[int, ...]

BINARY: Bits = (255,)
"""Of fields of 0 and 255."""
VISITS: Bits = (64, 128, 255)
"""Of `visited`: 0, 64, 128, 192 and 255."""
_UNTOLD = Tuple(())


@dataclass(frozen=True, slots=True)
class Field:
    """A named part of the flat observation: `observation[offset : offset + prod(shape)]`.

    Attributes:
        name: Of the part.
        offset: Where it begins.
        shape: Of its elements, of which the last axis goes fastest.
        bits: In how few bits an element may travel, as `mazemesh.packing.runs.Run.bits`; empty: it
            takes what its dtype does. No part of the spec hash: what a policy sees is the same.
    """

    name: str
    offset: int
    shape: tuple[int, ...]
    bits: Bits = ()

    @property
    def size(self) -> int:
        """Bytes of the part."""
        size = 1
        for side in self.shape:
            size *= side
        return size


def observation_layout(
    view: int,
    planes: tuple[str, ...] = PLANES,
    vectors: Vectors = (),
    binary: frozenset[str] = frozenset(),
) -> tuple[Field, ...]:
    """Return the parts of the flat uint8 observation of one seat, in order and without gaps.

    The planes come first, `len(planes) * view * view` bytes, row by row from north to south, the
    window centred on the player and never turned. Every game begins with `SHARED_PLANES`:

    * passage_east, passage_south: 255 where one can walk from the cell to its eastern (southern)
      neighbour. Closed, 0, outside the maze.
    * visited: min(255, 64 * v), v = how often the player ended a step (or started) on the cell.
    * players: 255 where another player stands.

    Then come the rule's own, each 255 where the thing is:

    * exit (solo, race, coop-keys), evader (pursuit), gems (collect), keys (coop-keys).
    * allies, own_flag, enemy_flag (ctf): players of the own team, and where the flags are now.
    * seen (with `line_of_sight`): cells in sight. Elsewhere all planes but `visited` are 0; of a
      passage between two cells it is enough to see one.

    Then vectors:

    * north_edge, west_edge: passages out of the window's northern row (western column), which the
      planes above cannot hold; with them every wall of every cell in view can be read.
    * compass: east, west, south, north distance to the seat's target,
      |d| * 255 // (max(width, height) - 1). The target is what the rule has the seat look for: the
      exit in solo and race; the rules of the other games name theirs.
    * time: steps * 255 // step_limit.
    * heading: one-hot north, east, south, west of the last real move; all 0 before the first.

    And at last `vectors`, the rule's own, as (name, length); the rules say what they hold, and
    which of them are `binary`, 0 or 255.
    """
    shapes: list[tuple[str, tuple[int, ...]]] = [(plane, (view, view)) for plane in planes]
    shapes += [("north_edge", (view,)), ("west_edge", (view,)), ("compass", (4,))]
    shapes += [("time", (1,)), ("heading", (4,))]
    shapes += [(name, (length,)) for name, length in vectors]
    layout: list[Field] = []
    offset = 0
    binary |= {*planes, "north_edge", "west_edge", "heading"}
    for name, shape in shapes:
        bits = VISITS if name == "visited" else BINARY if name in binary else ()
        field = Field(name, offset, shape, bits)
        layout.append(field)
        offset += field.size
    return tuple(layout)


@dataclass(frozen=True, slots=True)
class GameSpec:
    """A game with its settings fixed.

    Attributes:
        name: Name in the registry.
        version: Version of the rules; a change of play changes it.
        seats: Players.
        num_actions: Actions, where the space of actions is one `Discrete`; else 0.
        observation_size: Elements of one seat's observation, where it is one column; else 0.
        layout: Parts of that column.
        view: Side of the window.
        planes: How many [view, view] planes the observation begins with.
        step_limit: Steps after which an episode ends.
        rules_hash: sha256 of name, version and all settings that change play.
        spec_hash: sha256 of shapes and dtypes; a policy fits every game with the same one.
        observation_dtype: Of the elements of that column; "columns" where there are several.
        teams: Team of each start place; those of a team have one score. Under rotation r seat s is
            in the team of place (s + r) % seats. Empty: each plays for itself.
        may_leave: Whether a seat may be done before the game is; then `seat_status` of a step tells
            which are. In mazes all seats end with their game.
        may_wait: Whether there are steps in which not every seat that is still in the game has a
            move, as where turns are taken; then `acting` of a step tells which have.
        observation_space: What each seat sees, column by column. Unless told, one box of
            `observation_size` elements.
        action_space: What each seat does. Unless told, one of `num_actions`.
        state_space: What is told of the whole game on request, for a central critic; None: nothing.
        agents: Name of each start place, where its environment names agents; else empty. Under
            rotation r seat s is agent `agents[(s + r) % seats]`.
    """

    name: str
    version: int
    seats: int
    num_actions: int
    observation_size: int
    layout: tuple[Field, ...]
    view: int
    planes: int
    step_limit: int
    rules_hash: str
    spec_hash: str
    observation_dtype: str = "uint8"
    teams: tuple[int, ...] = ()
    may_leave: bool = False
    may_wait: bool = False
    observation_space: Space = _UNTOLD
    action_space: Space = _UNTOLD
    state_space: Space | None = None
    agents: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Writes out the spaces that were not told."""
        if self.observation_space == _UNTOLD:
            bounds = (0.0,), (255.0,)
            if self.observation_dtype != "uint8":
                bounds = (float("-inf"),), (float("inf"),)
            space = Box(*bounds, (self.observation_size,), self.observation_dtype)
            object.__setattr__(self, "observation_space", space)
        if self.action_space == _UNTOLD:
            object.__setattr__(self, "action_space", Discrete(self.num_actions))

    @property
    def observation_bytes(self) -> int:
        """Bytes of one seat's observation, all columns."""
        return row_bytes(self.observation_space)

    @property
    def action_bytes(self) -> int:
        """Bytes of one seat's action, all columns."""
        return row_bytes(self.action_space)

    @property
    def mask_bytes(self) -> int:
        """Bytes of one seat's masks, all columns."""
        return mask_bytes(self.action_space)

    @property
    def state_bytes(self) -> int:
        """Bytes of what is told of the whole game on request."""
        return row_bytes(self.state_space) if self.state_space else 0

    @property
    def has_numbered_actions(self) -> bool:
        """Whether the space of actions is one `Discrete`: actions are numbers, and have a mask."""
        return isinstance(single(self.action_space), Discrete)

    @property
    def packing(self) -> Packing | None:
        """How observations travel in fewer bytes; None where they do not."""
        return packing_of(self.layout) if self.observation_dtype == "uint8" else None

    @property
    def step_bytes(self) -> int:
        """Bytes that one game has in the longest answer to a step of RunGames.

        Observation and mask of each seat, the final ones too, its reward, score, status, success,
        and whether it acts; of the game its status, index and steps. What a central critic sees, on
        request, is not in it: twice `state_bytes`.
        """
        seat = 2 * (self.observation_bytes + self.mask_bytes) + 10 + self.may_wait
        return self.seats * seat + 9


@lru_cache(maxsize=256)
def packing_of(layout: tuple[Field, ...]) -> Packing | None:
    """How rows of a layout are packed; None where that makes them no shorter."""
    if not any(field.bits for field in layout):
        return None
    packing = Packing.of((field.size, field.bits) for field in layout)
    return packing if packing.packs else None


@lru_cache(maxsize=64)
def mask_packing(num_actions: int) -> Packing:
    """How action masks are packed: a bit each."""
    return Packing.of([(num_actions, (1,))])


def spec_hash(layout: tuple[Field, ...], num_actions: int, dtype: str = "uint8") -> str:
    """Return the hash of what a policy takes in and gives out: one vector, and one number."""
    fields = [[field.name, field.offset, list(field.shape)] for field in layout]
    return content_hash({"observation": fields, "dtype": dtype, "num_actions": num_actions})


def spaces_hash(observation: Space, action: Space) -> str:
    """Return the same hash of any spaces: names, order, shapes, element types and bounds."""
    return content_hash({"observation": content(observation), "action": content(action)})


def spec_of_spaces(name: str, observation: Space, action: Space) -> GameSpec:
    """Return the spec of a game of which nothing is known but what an agent sees and does.

    It has one seat, as each agent is by itself, and ends when whoever plays it says so.
    """
    seen, done = single(observation), single(action)
    return GameSpec(
        name=name,
        version=1,
        seats=1,
        num_actions=done.n if isinstance(done, Discrete) else 0,
        observation_size=seen.size if seen else 0,
        layout=(Field("observation", 0, seen.shape),) if seen else (),
        view=0,
        planes=0,
        step_limit=0,
        rules_hash=content_hash({"name": name}),
        spec_hash=spaces_hash(observation, action),
        observation_dtype=seen.dtype if seen else "columns",
        observation_space=observation,
        action_space=action,
    )


def content_hash(value: Mapping[str, Any]) -> str:
    """Return the sha256 (hex) of JSON content, independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
