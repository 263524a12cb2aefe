"""Lowest and highest coordinates of many points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

__all__ = ["extent"]


def extent(points: Float[np.ndarray, "n 3"]) -> tuple[Float64[np.ndarray, "3"], Float64[np.ndarray, "3"]]:
    """Corners of the box around the points; column by column, as numpy is slow along a long first axis."""
    return np.array([c.min() for c in points.T], dtype=np.float64), np.array([c.max() for c in points.T], np.float64)
