"""A skirt: at each height one convex ring round both legs, so that it spans what the legs leave open."""

from __future__ import annotations

from typing import Final, cast

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32

from posedreamer.studio.chart import BodyChart
from posedreamer.studio.looks import Look
from posedreamer.studio.shells import grid_faces, hull_reach

__all__ = ["skirt_surface"]

_RINGS: Final = 12
_SPOKES: Final = 48
_FLARE: Final = 0.35


def skirt_surface(
    chart: BodyChart, posed_m: Float32[np.ndarray, "v 3"], look: Look
) -> tuple[Float32[np.ndarray, "n 3"], Float32[np.ndarray, "n 3"], Int32[np.ndarray, "f 3"]]:
    """Posed vertices, the rest coordinates to paint them by, and triangles of the skirt."""
    heights = np.linspace(look.waist_z - 0.005, look.leg_z, _RINGS)
    band_m = 0.6 * (heights[0] - heights[-1]) / (_RINGS - 1)
    is_body = chart.sleeve < 0.2
    posed: list[Float[np.ndarray, "s 3"]] = []
    rest: list[Float[np.ndarray, "s 3"]] = []
    turn = np.linspace(0.0, 2.0 * np.pi, _SPOKES, endpoint=False)
    spokes = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for k, height in enumerate(heights):
        rows = is_body & (np.abs(chart.rest_m[:, 2] - height) < band_m)
        off_m = look.bottom_m * (1.0 + _FLARE * 4.0 * k / _RINGS)
        folds = 1.0 + 0.04 * np.sin(turn * 11.0 + look.seed) * k / _RINGS
        posed.append(_ring(chart, posed_m, rows, spokes, off_m, folds))
        rest.append(np.column_stack([0.17 * spokes, np.full(_SPOKES, height)]))
    faces = grid_faces(_RINGS, _SPOKES, closed=True)
    return np.concatenate(posed).astype(np.float32), np.concatenate(rest).astype(np.float32), faces


def _ring(
    chart: BodyChart,
    posed_m: Float32[np.ndarray, "v 3"],
    rows: Bool[np.ndarray, " v"],
    spokes: Float[np.ndarray, "s 2"],
    off_m: float,
    folds: Float[np.ndarray, " s"],
) -> Float[np.ndarray, "s 3"]:
    """A convex ring: the support of the points in the plane their rest coordinates turn into."""
    points = posed_m[rows].astype(np.float64)
    centre = points.mean(axis=0)
    flat_rest = chart.rest_m[rows][:, :2].astype(np.float64)
    apart_rest = flat_rest - flat_rest.mean(axis=0)
    squares: Float[np.ndarray, "2 2"] = apart_rest.T @ apart_rest + 1e-9 * np.eye(2)
    plane = cast("Float[np.ndarray, '2 3']", np.linalg.solve(squares, apart_rest.T @ (points - centre)))
    across = plane[0] / max(float(np.linalg.norm(plane[0])), 1e-9)
    along = plane[1] - across * float(plane[1] @ across)
    along /= max(float(np.linalg.norm(along)), 1e-9)
    local = np.stack([(points - centre) @ across, (points - centre) @ along], axis=1)
    reach = (hull_reach(local, spokes) + off_m) * folds
    return centre + reach[:, None] * (spokes[:, :1] * across + spokes[:, 1:] * along)
