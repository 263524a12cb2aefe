"""Two people in one label: where the second one stands so that they do not run into each other."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float, Float32

from posedreamer.priors.prior import PosePrior, PriorSample

__all__ = ["place_beside"]

_CELL_M: Final = 0.1
_STEP_M: Final = 0.05


def place_beside(
    prior: PosePrior, first: PriorSample, second: PriorSample, rng: np.random.Generator
) -> Float32[np.ndarray, "3"]:
    """A horizontal offset in metres for the second person: any direction, near the first, without touching.

    The second is moved outward along a random direction until no 10 cm cell of space holds surface of both.
    """
    angle, gap_m = rng.uniform(-np.pi, np.pi), rng.uniform(0.1, 0.6)
    direction = np.array([np.cos(angle), np.sin(angle), 0.0])
    still, moving = prior.surface_m(first), prior.surface_m(second)
    taken = _cells(still)
    distance_m = 0.0
    while taken & _cells(moving + direction * distance_m):
        distance_m += _STEP_M
    return (direction * (distance_m + gap_m)).astype(np.float32)


def _cells(points_m: Float[np.ndarray, "n 3"]) -> set[bytes]:
    cells = np.unique(np.floor(points_m / _CELL_M).astype(np.int32), axis=0)
    return {cell.tobytes() for cell in cells}
