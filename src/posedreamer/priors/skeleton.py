"""The kinematic tree as arrays: where bones are for given local rotations, in the ``local-ref`` convention."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int64

from posedreamer.rendering.kernels import kernel

__all__ = ["PosedBones", "Skeleton"]


@dataclass(frozen=True, slots=True)
class PosedBones:
    """World rotations (identity at rest) and heads in metres of every bone."""

    rotations: Float[np.ndarray, "j 3 3"]
    heads_m: Float[np.ndarray, "j 3"]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Bones of one person at rest: names, parents (before children, -1 for the root) and heads in metres."""

    names: tuple[str, ...]
    parents: Int64[np.ndarray, " j"] = field(repr=False)
    heads_rest_m: Float[np.ndarray, "j 3"] = field(repr=False)

    def index(self, name: str) -> int:
        """Row of a bone; ValueError for an unknown name."""
        return self.names.index(name)

    def offset_m(self, start: str, end: str) -> Float[np.ndarray, "3"]:
        """From one bone's head to another's, at rest."""
        return self.heads_rest_m[self.index(end)] - self.heads_rest_m[self.index(start)]

    def posed(self, local: Float[np.ndarray, "j 3 3"], root_m: Float[np.ndarray, "3"]) -> PosedBones:
        """Forward kinematics: a bone's world rotation is its parent's times its own; row 0 holds the root's."""
        return PosedBones(*_forward(self.parents, self.heads_rest_m, local, root_m))


@kernel
def _forward(
    parents: np.ndarray, rest: np.ndarray, local: np.ndarray, root_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    count = parents.shape[0]
    world = np.empty((count, 3, 3))
    heads = np.empty((count, 3))
    for bone in range(count):
        parent = parents[bone]
        if parent < 0:
            world[bone] = local[bone]
            heads[bone] = root_m
            continue
        for row in range(3):
            heads[bone, row] = heads[parent, row]
            for k in range(3):
                heads[bone, row] += world[parent, row, k] * (rest[bone, k] - rest[parent, k])
            for column in range(3):
                total = 0.0
                for k in range(3):
                    total += world[parent, row, k] * local[bone, k, column]
                world[bone, row, column] = total
    return world, heads
