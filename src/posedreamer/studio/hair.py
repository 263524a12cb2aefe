"""Hair that leaves the scalp: curtains that hang from the crown, and buns."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from posedreamer.records import Camera
from posedreamer.studio.chart import BodyChart
from posedreamer.studio.looks import Look
from posedreamer.studio.shells import ShellTemplate, bind_shell, grid_faces, hull_reach, sphere

__all__ = ["Ground", "hair_shells", "hang"]

_ROWS: Final = 12
_COLUMNS: Final = 33
_HALF_SPAN_RAD: Final = 1.9
_EAR_M: Final = 0.008
_BUN_M: Final = 0.034
_TAIL_ROWS: Final = 16
_TAIL_COLUMNS: Final = 9
_FIXED_ROWS: Final = 5
_GIVE: Final = 0.8
_ABOVE_GROUND_M: Final = 0.008
_CURTAIN_TOP: Final = 0.080
_SKULL_BACK: Final = 0.080


def hair_shells(chart: BodyChart, look: Look) -> tuple[ShellTemplate, ...]:
    """The shells of a look's hair; none for short cuts."""
    return _shells(chart, look.hair_length_m, look.hair_m, look.has_bun, look.hair_tails, look.is_braided)


@lru_cache(maxsize=64)
def _shells(
    chart: BodyChart, length_m: float, thickness_m: float, has_bun: bool, tails: int, is_braided: bool
) -> tuple[ShellTemplate, ...]:
    curtain = (_curtain(chart, length_m, thickness_m),) if length_m > 0.0 else ()
    bun = (_bun(chart),) if has_bun else ()
    sides = {0: (), 1: (0.0,), 2: (-1.0, 1.0)}[tails]
    return (*curtain, *bun, *(_tail(chart, side, is_braided) for side in sides))


class Ground(NamedTuple):
    """The ground in the camera frame: the unit vector up from it, and up . p of its points, metres."""

    up: tuple[float, float, float]
    level_m: float

    @classmethod
    def under(cls, camera: Camera) -> Ground:
        """The world's ground, z = 0."""
        up = camera.cam_from_world[:3, 2]
        return cls((float(up[0]), float(up[1]), float(up[2])), float(up @ camera.cam_from_world[:3, 3]))


def hang(sheet_m: Float32[np.ndarray, "n 3"], columns: int, ground: Ground) -> Float32[np.ndarray, "n 3"]:
    """A stiff sheet turned towards the ground below its fixed rows, each strand keeping its length."""
    rows = sheet_m.reshape(-1, columns, 3).astype(np.float64)
    up = np.array(ground.up)
    hung = rows.copy()
    steps = np.diff(rows, axis=0)
    for k in range(_FIXED_ROWS, len(rows)):
        step = steps[k - 1]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        give = _GIVE * min((k - _FIXED_ROWS + 1) / 3.0, 1.0)
        falling = step / np.maximum(length, 1e-9) * (1.0 - give) - up * give
        hung[k] = hung[k - 1] + falling / np.linalg.norm(falling, axis=1, keepdims=True).clip(1e-9) * length
    below = np.maximum(ground.level_m + _ABOVE_GROUND_M - hung @ up, 0.0)
    return (hung + below[..., None] * up).reshape(-1, 3).astype(np.float32)


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
        beside_ears = _EAR_M * np.abs(spokes[:, 0]) ** 4 * min(4.0 * down, 1.0)
        reach = reach * (1.0 - 0.10 * max(down - 0.5, 0.0)) + (off + beside_ears) * scale
        centre = _head_point(chart, 0.0, _SKULL_BACK, 0.0)[1]
        rows.append(
            np.column_stack([reach * spokes[:, 0], centre + reach * spokes[:, 1], chart.landmarks.eye_z + up * scale])
        )
    points = np.concatenate(rows)
    outward = points - _head_point(chart, 0.0, _SKULL_BACK, 0.0)
    outward[:, 2] = 0.0
    return bind_shell(
        points, outward, grid_faces(_ROWS, _COLUMNS, closed=False), chart.rest_m, chart.head_rows, _COLUMNS
    )


def _skull_reach(chart: BodyChart, up: float, spokes: Float[np.ndarray, "c 2"]) -> Float[np.ndarray, " c"]:
    """The skull's convex outline at a height above the eyes, along each spoke (across, back)."""
    scale = chart.landmarks.head_scale
    head = chart.rest_m[chart.head_rows].astype(np.float64)
    at = head[np.abs(head[:, 2] - chart.landmarks.eye_z - up * scale) < 0.012 * scale]
    at = at[np.abs(at[:, 0]) < 0.078 * scale]
    flat = at[:, :2] - _head_point(chart, 0.0, _SKULL_BACK, 0.0)[:2]
    return hull_reach(flat, spokes)


def _tail(chart: BodyChart, side: float, is_braided: bool) -> ShellTemplate:
    """A tube that leaves the back of the crown, or the nape at one ``side``, and hangs from its fixed rows."""
    down = np.linspace(0.0, 1.0, _TAIL_ROWS)
    turn = np.linspace(0.0, 2.0 * np.pi, _TAIL_COLUMNS, endpoint=False)
    along = np.minimum(down / 0.3, 1.0)
    if side == 0.0:
        back, up = 0.150 + 0.045 * np.sin(along * np.pi / 2), 0.075 - 0.24 * np.maximum(down - 0.12, 0.0)
    else:
        back, up = 0.115 + 0.015 * along, -0.030 - 0.26 * down
    middle = np.stack([_head_point(chart, 0.0, b, u) for b, u in zip(back, up, strict=True)])
    middle[:, 0] += side * (0.058 + 0.012 * along) * chart.landmarks.head_scale
    radius = 0.022 * np.minimum(0.55 + 3.0 * down, 1.0) * np.minimum(1.0, 3.2 * (1.06 - down))
    if is_braided:
        radius = 0.017 * (1.0 - 0.35 * down) * (0.8 + 0.28 * np.abs(np.sin(down * 16.0)))
    round_ = np.stack([np.cos(turn), 0.8 * np.sin(turn), 0.4 * np.sin(turn)], axis=1)
    points = middle[:, None] + radius[:, None, None] * round_ * chart.landmarks.head_scale
    return bind_shell(
        points.reshape(-1, 3),
        np.tile(round_, (_TAIL_ROWS, 1)),
        grid_faces(_TAIL_ROWS, _TAIL_COLUMNS, closed=True),
        chart.rest_m,
        chart.head_rows,
        _TAIL_COLUMNS,
    )


def _bun(chart: BodyChart) -> ShellTemplate:
    directions, faces = sphere(2)
    radius = _BUN_M * chart.landmarks.head_scale
    points = _head_point(chart, 0.0, 0.165, 0.075) + directions * (radius * np.array([1.0, 0.85, 0.9]))
    return bind_shell(points, directions, faces, chart.rest_m, chart.head_rows)
