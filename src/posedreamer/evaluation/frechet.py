"""The Fréchet distance between two sets of pictures, by their features."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float, Float64

from posedreamer.errors import InputError

__all__ = ["distance_over_halves", "frechet_distance"]

_SPLITS: Final = 8


def frechet_distance(features_a: Float[np.ndarray, "n d"], features_b: Float[np.ndarray, "m d"]) -> float:
    """Squared Fréchet distance of two Gaussians fitted to the rows: M. Heusel et al. 2017, equation 6. At least 0.

    ``|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2))`` in float64. The root's trace is the sum of the square roots of
    the eigenvalues of ``A^(1/2) B A^(1/2)``, which is symmetric, so that nothing leaves the real numbers when a set
    has fewer rows than features. The distance is biased upwards by about 1 / n: compare only sets of equal size.

    Raises InputError for fewer than two rows or features that are not finite.
    """
    a, b = (np.asarray(features, dtype=np.float64) for features in (features_a, features_b))
    if min(len(a), len(b)) < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError(f"Frechet distance: found {len(a)} and {len(b)} rows, expected at least 2 of finite numbers")
    spread_a, spread_b = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (a, b))
    root_a = _root(spread_a)
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root_a @ spread_b @ root_a), 0.0, None)).sum()
    apart = a.mean(axis=0) - b.mean(axis=0)
    return max(0.0, float(apart @ apart + np.trace(spread_a) + np.trace(spread_b) - 2.0 * shared))


def distance_over_halves(
    features: Float[np.ndarray, "n d"], reference: Float[np.ndarray, "n d"], seed: int = 0
) -> tuple[float, float]:
    """Distance of a set to its reference, and between two halves of the reference; row k shows the same label in both.

    The set's half is compared with the reference's *other* half, so that both distances are between as many pictures
    of different labels, and their ratio is 1 for a set that is as good as another painting of the reference. Means
    over eight random halvings.
    """
    rng, count = np.random.default_rng(seed), len(reference)
    across: list[float] = []
    within: list[float] = []
    for _ in range(_SPLITS):
        order = rng.permutation(count)
        one, other = order[: count // 2], order[count // 2 : 2 * (count // 2)]
        within.append(frechet_distance(reference[one], reference[other]))
        across += [
            frechet_distance(features[one], reference[other]),
            frechet_distance(features[other], reference[one]),
        ]
    return float(np.mean(across)), float(np.mean(within))


def _root(matrix: Float64[np.ndarray, "d d"]) -> Float64[np.ndarray, "d d"]:
    """The symmetric root of a covariance; rounding below zero counts as zero."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
