"""How sure a number over paired pictures is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

__all__ = ["Measured", "bootstrap", "gap", "median_gap", "ratio"]


class Measured(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def bootstrap(
    rows: Float64[np.ndarray, "n k"],
    statistic: Callable[[Float64[np.ndarray, "n k"]], float],
    draws: int = 2000,
    seed: int = 0,
) -> Measured:
    """The statistic of the rows and its percentile interval over rows drawn again; columns of a row stay together.

    Two pictures of one label in one row make the comparison paired. Without rows, or where the statistic is nan, all
    three numbers are nan.
    """
    value = statistic(rows) if len(rows) else float("nan")
    if np.isnan(value):
        return Measured(value, value, value)
    rng = np.random.default_rng(seed)
    values = [statistic(rows[rng.integers(len(rows), size=len(rows))]) for _ in range(draws)]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Measured(value, float(low), float(high))


def gap(ours: Float64[np.ndarray, "n"], theirs: Float64[np.ndarray, "n"]) -> Measured:
    """Mean of ours minus theirs, paired."""
    return bootstrap(np.column_stack([ours, theirs]).astype(np.float64), _gap)


def median_gap(ours: Float64[np.ndarray, "n"], theirs: Float64[np.ndarray, "n"]) -> Measured:
    """Median of ours minus median of theirs; rows are drawn together."""
    return bootstrap(np.column_stack([ours, theirs]).astype(np.float64), _median_gap)


def ratio(ours: Float64[np.ndarray, "n"], theirs: Float64[np.ndarray, "n"]) -> Measured:
    """Mean of ours over mean of theirs, paired; nan where theirs is 0."""
    return bootstrap(np.column_stack([ours, theirs]).astype(np.float64), _ratio)


def _gap(rows: Float64[np.ndarray, "n 2"]) -> float:
    return float(rows[:, 0].mean() - rows[:, 1].mean())


def _median_gap(rows: Float64[np.ndarray, "n 2"]) -> float:
    return float(np.median(rows[:, 0]) - np.median(rows[:, 1]))


def _ratio(rows: Float64[np.ndarray, "n 2"]) -> float:
    below = float(rows[:, 1].mean())
    return float(rows[:, 0].mean()) / below if below > 0 else float("nan")
