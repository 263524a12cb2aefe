"""Hair that leaves the scalp: curtains that hang from the crown, and buns."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.studio.chart import BodyChart
from posedreamer.studio.looks import Look
from posedreamer.studio.shells import ShellTemplate, bind_shell, grid_faces, sphere

__all__ = ["hair_shells"]

_ROWS: Final = 12
_COLUMNS: Final = 33
_HALF_SPAN_RAD: Final = 2.05
_BUN_M: Final = 0.034


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
    """A sheet round the sides and back of the head, from above the ears down."""
    scale = chart.landmarks.head_scale
    angle = np.linspace(-_HALF_SPAN_RAD, _HALF_SPAN_RAD, _COLUMNS)
    down = np.linspace(0.0, 1.0, _ROWS)[:, None]
    top, bottom = 0.055, -0.065 - length_m
    up = top + (bottom - top) * down
    below = np.clip((-0.02 - up) / 0.12, 0.0, 1.0)
    wide = (0.080 + thickness_m) * (1.0 + 0.02 * down) - 0.006 * below
    deep = (0.098 + thickness_m) - 0.022 * below
    hollow = 0.006 * np.sin(angle * 9.0) * down
    x = (wide + hollow) * np.sin(angle) * scale
    y = chart.landmarks.eye_y + (0.080 + (deep + hollow) * np.cos(angle)) * scale
    z = np.broadcast_to(chart.landmarks.eye_z + up * scale, x.shape)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    outward = points - _head_point(chart, 0.0, 0.08, 0.0)
    outward[:, 2] = 0.0
    return bind_shell(points, outward, grid_faces(_ROWS, _COLUMNS, closed=False), chart.rest_m, chart.head_rows)


def _bun(chart: BodyChart) -> ShellTemplate:
    directions, faces = sphere(2)
    radius = _BUN_M * chart.landmarks.head_scale
    points = _head_point(chart, 0.0, 0.165, 0.075) + directions * (radius * np.array([1.0, 0.85, 0.9]))
    return bind_shell(points, directions, faces, chart.rest_m, chart.head_rows)
