"""Skirts and coat tails: at each height one convex ring round both legs, so that they span what legs leave open."""

from __future__ import annotations

from typing import Final, NamedTuple, cast

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32

from posedreamer.studio.chart import BodyChart
from posedreamer.studio.looks import Look
from posedreamer.studio.shells import grid_faces, hull_reach

__all__ = ["Tube", "skirt_of", "tail_of", "tube_surface"]

_RINGS: Final = 12
_SPOKES: Final = 48
_FLARE: Final = 0.35


class Tube(NamedTuple):
    """One tube round both legs: rest heights of its ends, how far it stands off there, and its opening in front.

    ``gap`` is the share of the way round that the hem leaves open; 0 is closed.
    """

    from_z: float
    to_z: float
    from_m: float
    to_m: float
    gap: float


def skirt_of(look: Look) -> Tube:
    """The skirt of a look."""
    under_top_m = min(look.bottom_m, 0.6 * look.top_m)
    return Tube(look.waist_z - 0.005, look.leg_z, under_top_m, look.bottom_m * (1.0 + 4.0 * _FLARE), 0.0)


def tail_of(look: Look) -> Tube:
    """What a coat, a dress or a tunic lets fall below the waist."""
    flare_m = 0.018 + 0.10 * (look.waist_z - look.tail_z) * (0.5 if look.tail_gap > 0.0 else 0.7)
    return Tube(look.waist_z - 0.03, look.tail_z, 0.4 * look.top_m, flare_m, look.tail_gap)


def tube_surface(
    chart: BodyChart, posed_m: Float32[np.ndarray, "v 3"], tube: Tube, seed: int
) -> tuple[Float32[np.ndarray, "n 3"], Float32[np.ndarray, "n 3"], Int32[np.ndarray, "f 3"]]:
    """Posed vertices, the rest coordinates to paint them by, and triangles of a tube round ``posed_m``."""
    heights = np.linspace(tube.from_z, tube.to_z, _RINGS)
    band_m = 0.6 * (heights[0] - heights[-1]) / (_RINGS - 1)
    is_body = chart.sleeve < 0.2
    posed: list[Float[np.ndarray, "s 3"]] = []
    rest: list[Float[np.ndarray, "s 3"]] = []
    turn = np.linspace(0.0, 2.0 * np.pi, _SPOKES, endpoint=False)
    spokes = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for k, height in enumerate(heights):
        rows = is_body & (np.abs(chart.rest_m[:, 2] - height) < band_m)
        off_m = tube.from_m + (tube.to_m - tube.from_m) * k / _RINGS
        folds = 1.0 + 0.04 * np.sin(turn * 11.0 + seed) * k / _RINGS
        posed.append(_ring(chart, posed_m, rows, spokes, off_m, folds))
        rest.append(np.column_stack([0.17 * spokes, np.full(_SPOKES, height)]))
    faces = grid_faces(_RINGS, _SPOKES, closed=True)
    if tube.gap > 0.0:
        faces = faces[~_is_open(faces, tube.gap)]
    return np.concatenate(posed).astype(np.float32), np.concatenate(rest).astype(np.float32), faces


def _is_open(faces: Int32[np.ndarray, "f 3"], gap: float) -> Bool[np.ndarray, " f"]:
    """Triangles in a wedge at the front (rest -y) that widens from a third of the way down to the hem."""
    ring, spoke = faces // _SPOKES, faces % _SPOKES
    from_front = np.abs(spoke / _SPOKES - 0.75).mean(axis=1)
    down = ring.mean(axis=1) / (_RINGS - 1)
    return from_front < gap * np.clip((down - 0.15) / 0.5, 0.0, 1.0) * 0.5


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
