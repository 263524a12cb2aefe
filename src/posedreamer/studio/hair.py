"""Hair that leaves the scalp: curtains that hang from the crown, and buns."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.studio.chart import BodyChart
from posedreamer.studio.looks import Look
from posedreamer.studio.shells import ShellTemplate, bind_shell, grid_faces, hull_reach, sphere

__all__ = ["hair_shells"]

_ROWS: Final = 12
_COLUMNS: Final = 33
_HALF_SPAN_RAD: Final = 2.05
_BUN_M: Final = 0.034
_CURTAIN_TOP: Final = 0.080
_SKULL_BACK: Final = 0.080


def hair_shells(chart: BodyChart, look: Look) -> list[ShellTemplate]:
    """The shells of a look's hair; none for short cuts."""
    shells: list[ShellTemplate] = []
    if look.hair_length_m > 0.0:
        shells.append(_curtain(chart, look.hair_length_m, look.hair_m))
    if look.has_bun:
        shells.append(_bun(chart))
    return shells


def _head_point(
    chart: BodyChart, across: float | Float[np.ndarray, "*n"], back: float, up: float
) -> Float[np.ndarray, "3"]:
    marks = chart.landmarks
    return np.array([across, marks.eye_y + back * marks.head_scale, marks.eye_z + up * marks.head_scale])


def _curtain(chart: BodyChart, length_m: float, thickness_m: float) -> ShellTemplate:
    """A sheet round the sides and back of the head, from the crown down, that leaves the face free."""
    scale = chart.landmarks.head_scale
    angle = np.linspace(-_HALF_SPAN_RAD, _HALF_SPAN_RAD, _COLUMNS)
    spokes = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    tip = -0.065 - length_m + 0.012 * np.sin(angle * 7.0) + 0.02 * np.abs(angle) / _HALF_SPAN_RAD
    rows: list[Float[np.ndarray, "c 3"]] = []
    for k in range(_ROWS):
        down = k / (_ROWS - 1)
        up = _CURTAIN_TOP + (tip - _CURTAIN_TOP) * down
        reach = _skull_reach(chart, max(_CURTAIN_TOP - 0.16 * down * _ROWS / 7.0, -0.015), spokes)
        off = thickness_m * min(0.35 + 2.2 * down, 1.05) + 0.004 * np.sin(angle * 9.0) * down
        reach = reach * (1.0 - 0.10 * max(down - 0.5, 0.0)) + off * scale
        centre = _head_point(chart, 0.0, _SKULL_BACK, 0.0)[1]
        rows.append(
            np.column_stack([reach * spokes[:, 0], centre + reach * spokes[:, 1], chart.landmarks.eye_z + up * scale])
        )
    points = np.concatenate(rows)
    outward = points - _head_point(chart, 0.0, _SKULL_BACK, 0.0)
    outward[:, 2] = 0.0
    return bind_shell(points, outward, grid_faces(_ROWS, _COLUMNS, closed=False), chart.rest_m, chart.head_rows)


def _skull_reach(chart: BodyChart, up: float, spokes: Float[np.ndarray, "c 2"]) -> Float[np.ndarray, " c"]:
    """The skull's convex outline at a height above the eyes, along each spoke (across, back)."""
    scale = chart.landmarks.head_scale
    head = chart.rest_m[chart.head_rows].astype(np.float64)
    at = head[np.abs(head[:, 2] - chart.landmarks.eye_z - up * scale) < 0.012 * scale]
    at = at[np.abs(at[:, 0]) < 0.078 * scale]
    flat = at[:, :2] - _head_point(chart, 0.0, _SKULL_BACK, 0.0)[:2]
    return hull_reach(flat, spokes)


def _bun(chart: BodyChart) -> ShellTemplate:
    directions, faces = sphere(2)
    radius = _BUN_M * chart.landmarks.head_scale
    points = _head_point(chart, 0.0, 0.165, 0.075) + directions * (radius * np.array([1.0, 0.85, 0.9]))
    return bind_shell(points, directions, faces, chart.rest_m, chart.head_rows)
