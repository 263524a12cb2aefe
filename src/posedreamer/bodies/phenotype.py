"""Phenotypes: how six numbers in [0, 1] mix the corners of the anchor grid, and which of them are adults."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

__all__ = ["ADULT_AGE", "AVERAGE_ADULT", "adult_phenotypes", "corner_weights"]

ADULT_AGE = (0.77, 0.95)
"""Range of ``age`` that counts as adult, careful in both scales that exist for it.

Anny's age anchors are 0 (baby), 1/3 (child of 11), 2/3 (young adult of 25) and 1 (90 years): from 2/3 up no child's
shape is mixed in. Upstream's own calibration against growth curves is stricter and calls 0.77 18 years. The middle of
the range, 0.5, is a minor in both: ``neutral()`` is a mathematical rest state, not a body to show.
"""

AVERAGE_ADULT = (0.5, 0.8, 0.5, 0.5, 0.385, 0.5)
"""A phenotype between man and woman, of average build and stature (about 1.70 m)."""


def corner_weights(phenotype: Float[Tensor, "b p"], anchors: tuple[tuple[float, ...], ...]) -> Float[Tensor, "b c"]:
    """Weight of every corner of the anchor grid: the product of each phenotype's piecewise linear weights.

    Weights are not negative and sum to 1; values outside the anchors count as the nearest one.
    """
    weights = torch.ones_like(phenotype[:, :1])
    for column, values in enumerate(anchors):
        grid = torch.tensor(values, dtype=phenotype.dtype, device=phenotype.device)
        value = phenotype[:, column, None].clamp(values[0], values[-1])
        width = grid[1:] - grid[:-1]
        share = ((value - grid[:-1]) / width).clamp(0, 1)  # how far each interval is filled: 1 ... 1 x 0 ... 0
        one, zero = torch.ones_like(value), torch.zeros_like(value)
        hat = torch.cat((one, share), -1) - torch.cat((share, zero), -1)
        weights = (weights[:, :, None] * hat[:, None, :]).flatten(1)
    return weights


def adult_phenotypes(rng: np.random.Generator, n: int) -> Float32[np.ndarray, "n 6"]:
    """Random adults in the order gender, age, muscle, weight, height, proportions.

    Gender leans to one side or the other (0 is male, 1 female) with few in between; age is uniform over ``ADULT_AGE``;
    the others are bell-shaped. Height is centred where men come out near 1.77 m and women near 1.64 m (its middle,
    0.5, would be 1.90 m and 1.76 m) and bounded so that statures stay between 1.45 m and 2.05 m.
    """
    side = rng.integers(0, 2, n)
    columns = (
        np.abs(side - rng.beta(1.2, 6.0, n)),
        rng.uniform(*ADULT_AGE, n),
        rng.beta(2.5, 2.5, n),
        rng.beta(2.4, 1.8, n),
        0.21 + 0.35 * rng.beta(4.0, 4.0, n),
        rng.beta(2.0, 2.0, n),
    )
    return np.stack(columns, axis=1).astype(np.float32)
