"""Phenotypes: how six numbers in [0, 1] mix the corners of the anchor grid, and which of them are adults."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

__all__ = ["ADULT_AGE", "adult_phenotypes", "corner_weights"]

ADULT_AGE = (0.62, 0.95)
"""Range of ``age`` that counts as adult.

Anny's age anchors are 0 (baby), 1/3 (child of about 11), 2/3 (25 years) and 1 (90 years) - not MakeHuman's own scale,
whose 0.5 is 25 years. Linear in between, 18 years is 0.5; the lower end 0.62 is about 23 years, well inside.
"""


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

    Gender leans to one side or the other (0 is male, 1 female) with few in between; age is uniform over
    ``ADULT_AGE``; the others are bell-shaped around the middle, which keeps statures between about 1.45 m and 2.05 m.
    """
    side = rng.integers(0, 2, n)
    gender = np.abs(side - rng.beta(1.2, 6.0, n))
    age = rng.uniform(*ADULT_AGE, n)
    muscle = rng.beta(4.0, 4.0, n)
    weight = rng.beta(3.5, 3.5, n)
    height = rng.beta(6.0, 6.0, n)
    proportions = rng.beta(3.0, 3.0, n)
    return np.stack([gender, age, muscle, weight, height, proportions], axis=1).astype(np.float32)
