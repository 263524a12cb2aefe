"""Triangles that reach behind the near plane or far out of the picture, cut to what can be projected."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from posedreamer.rendering.kernels import kernel

__all__ = ["GUARD_PX", "NEAR_M", "SUBPIXELS", "clip_triangle"]

NEAR_M: Final = 0.05
"""Nothing nearer than this (z in the camera frame) is drawn."""

SUBPIXELS: Final = 4096
"""Picture positions are snapped to 1 / SUBPIXELS px."""

GUARD_PX: Final = 65536.0
"""Positions are cut to within +- this of the picture's corner, so that edge functions fit 64-bit integers."""


@kernel
def clip_triangle(corners_cam_m: Float64[np.ndarray, "3 3"], K: Float64[np.ndarray, "3 3"]) -> Int64[np.ndarray, "n 2"]:
    """Snapped picture positions of the cut triangle's corners, in order; n is 0 or 3..8.

    A cut edge's new corner is always computed from its inner end, so two triangles that share an edge get the same one.
    """
    polygon = np.empty((8, 3), dtype=np.float64)
    other = np.empty((8, 3), dtype=np.float64)
    polygon[:3] = corners_cam_m
    count = 3
    for plane in range(5):
        kept = 0
        for n in range(count):
            a, b = polygon[n], polygon[(n + 1) % count]
            inside_a, inside_b = _distance(plane, a, K), _distance(plane, b, K)
            if inside_a >= 0.0:
                other[kept] = a
                kept += 1
            if (inside_a >= 0.0) != (inside_b >= 0.0):
                if inside_a >= 0.0:
                    other[kept] = a + (b - a) * (inside_a / (inside_a - inside_b))
                else:
                    other[kept] = b + (a - b) * (inside_b / (inside_b - inside_a))
                kept += 1
        polygon, other, count = other, polygon, kept
    return _snap(polygon[:count], K)


@kernel
def _distance(plane: int, point: Float64[np.ndarray, "3"], K: Float64[np.ndarray, "3 3"]) -> float:
    """Signed distance (in some unit) to the near plane (0) or to one of the guard band's sides (1..4)."""
    x, y, z = point[0], point[1], point[2]
    if plane == 0:
        return z - NEAR_M
    row = (plane - 1) // 2
    across = K[row, 0] * x + K[row, 1] * y + K[row, 2] * z
    return GUARD_PX * z + across if plane % 2 else GUARD_PX * z - across


@kernel
def _snap(points: Float64[np.ndarray, "n 3"], K: Float64[np.ndarray, "3 3"]) -> Int64[np.ndarray, "n 2"]:
    snapped = np.empty((points.shape[0], 2), dtype=np.int64)
    for n in range(points.shape[0]):
        for row in range(2):
            across = K[row, 0] * points[n, 0] + K[row, 1] * points[n, 1] + K[row, 2] * points[n, 2]
            position = across / points[n, 2]
            snapped[n, row] = np.int64(np.floor((position - 0.5) * SUBPIXELS + 0.5))
    return snapped
