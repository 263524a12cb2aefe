"""Low-polygon solids that things are built from: boxes, bars, rounds, foliage. Metres, z up, wound outward.

Corners that should look sharp are not shared between faces, corners that should look round are: shading by mean vertex
normals then needs no crease angles.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import hypot, sqrt
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, UInt8

from posedreamer.records import PROP_MATERIALS

__all__ = ["Solid", "bar", "box", "bush", "cut_flat", "hoop", "joined", "leaf", "moved", "round_solid"]

Point = tuple[float, float, float]

_BOX_CORNERS: Final = np.array([(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=np.float64)
_BOX_SIDES: Final = ((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5))
_BAR_CORNERS: Final = _BOX_CORNERS - (0.5, 0.5, 0.0)
_SIDE_CORNERS: Final = np.ravel(_BOX_SIDES)
_SIDE_FACES: Final = (4 * np.arange(6)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])).reshape(12, 3)
_SIDES: Final = 14


class Solid(NamedTuple):
    """A mesh and what each of its faces is made of (an index into PROP_MATERIALS)."""

    vertices_m: Float64[np.ndarray, "v 3"]
    faces: Int32[np.ndarray, "f 3"]
    face_material: UInt8[np.ndarray, " f"]


def joined(solids: Sequence[Solid]) -> Solid:
    """All of them as one."""
    starts = np.cumsum([0, *(len(solid.vertices_m) for solid in solids)])
    faces = [solid.faces + np.int32(start) for solid, start in zip(solids, starts, strict=False)]
    return Solid(
        np.concatenate([solid.vertices_m for solid in solids]),
        np.concatenate(faces).astype(np.int32),
        np.concatenate([solid.face_material for solid in solids]),
    )


def moved(solid: Solid, yaw_rad: float, shift_m: Sequence[float]) -> Solid:
    """Turned about z, then shifted."""
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return solid._replace(vertices_m=solid.vertices_m @ turn.T + np.asarray(shift_m))


def cut_flat(solid: Solid) -> Solid:
    """What would reach below the ground is flattened onto it: the feet of legs that lean."""
    vertices = solid.vertices_m.copy()
    vertices[:, 2] = np.maximum(vertices[:, 2], 0.0)
    return solid._replace(vertices_m=vertices)


def box(low: Point, high: Point, material: str) -> Solid:
    """An upright box between two corners."""
    corners = np.asarray(low) + _BOX_CORNERS * (np.asarray(high) - np.asarray(low))
    return _six_sides(corners, material)


def bar(start: Point, end: Point, thickness_m: float, material: str) -> Solid:
    """A square bar from one point to another."""
    ax, ay, az = (end[0] - start[0], end[1] - start[1], end[2] - start[2])
    length = sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax / length, ay / length, az / length
    if abs(az) < 0.9:
        flat = hypot(ax, ay)
        bx, by, bz = -ay / flat, ax / flat, 0.0
    else:
        flat = hypot(ay, az)
        bx, by, bz = 0.0, -az / flat, ay / flat
    sides = [(bx, by, bz), (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), (ax, ay, az)]
    scaled = np.array(sides) * np.array([[thickness_m], [thickness_m], [length]])
    return _six_sides(np.asarray(start) + _BAR_CORNERS @ scaled, material)


def round_solid(profile_m: Sequence[tuple[float, float]], material: str, centre_m: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A solid of revolution about z with flat ends, through (radius, height) from the bottom to the top."""
    angles = 2 * np.pi * np.arange(_SIDES) / _SIDES
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = np.arange(_SIDES)
    after = (ring + 1) % _SIDES
    vertices: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    for (low_r, low_z), (high_r, high_z) in itertools.pairwise(profile_m):
        start = _SIDES * len(vertices)
        vertices += [np.column_stack([circle * low_r, np.full(_SIDES, low_z)])]
        vertices += [np.column_stack([circle * high_r, np.full(_SIDES, high_z)])]
        low, high = start + ring, start + _SIDES + ring
        faces += [np.stack([low, start + after, high], axis=1)]
        faces += [np.stack([start + after, start + _SIDES + after, high], axis=1)]
    for is_top, (radius, height) in ((False, profile_m[0]), (True, profile_m[-1])):
        start = _SIDES * len(vertices)
        vertices += [np.column_stack([circle * radius, np.full(_SIDES, height)])]
        fan = np.stack([np.full(_SIDES - 2, start), start + ring[1:-1], start + ring[2:]], axis=1)
        faces += [fan if is_top else fan[:, ::-1]]
    return _solid(np.concatenate(vertices) + np.asarray(centre_m), np.concatenate(faces), material)


def hoop(width_m: float, height_m: float, thickness_m: float, material: str) -> list[Solid]:
    """An upside-down U in the x-z plane, standing on the ground."""
    bend = 0.45 * width_m
    turns = np.linspace(np.pi, 0.0, 6)
    arc = [(bend * 1.1 * np.cos(turn), 0.0, height_m - bend + bend * np.sin(turn)) for turn in turns]
    points = [(arc[0][0], 0.0, 0.0), *arc, (arc[-1][0], 0.0, 0.0)]
    return [bar(a, b, thickness_m, material) for a, b in itertools.pairwise(points)]


def leaf(foot: Point, heading_rad: float, length_m: float, droop: float, rng: np.random.Generator) -> Solid:
    """A blade that rises from its foot and bends down by ``droop`` (0 upright, 1 far over); seen from both sides."""
    width = length_m * rng.uniform(0.13, 0.22)
    steps = np.array([0.0, 0.35, 0.7, 1.0])
    bend = steps * (0.25 + 1.35 * droop)
    out, up = np.sin(bend) * steps * length_m, np.cos(bend) * steps * length_m
    half = width * np.array([0.25, 1.0, 0.8, 0.0]) / 2
    cosine, sine = np.cos(heading_rad), np.sin(heading_rad)
    middle = np.stack([out * cosine, out * sine, up], axis=1) + np.asarray(foot)
    side = np.array([-sine, cosine, 0.0])
    vertices = np.concatenate([middle - half[:, None] * side, middle + half[:, None] * side])
    faces = [(k, k + 1, k + 5) for k in range(3)] + [(k, k + 5, k + 4) for k in range(3)]
    vertices[:, 2] = np.maximum(vertices[:, 2], 0.01)
    return _solid(vertices, np.array(faces), "leaves")


def bush(size_m: Point, squareness: float, rng: np.random.Generator) -> Solid:
    """Uneven foliage that fills about a box of that size, standing on the ground; ``squareness`` 0 is a ball."""
    columns, rows = 20, 11
    turn = 2 * np.pi * np.arange(columns) / columns
    tilt = np.linspace(-0.5 * np.pi, 0.5 * np.pi, rows)
    power = 1.0 - 0.7 * squareness
    flat = _eased(np.cos(tilt), power)[:, None]
    x, y = flat * _eased(np.cos(turn), power), flat * _eased(np.sin(turn), power)
    z = np.repeat(_eased(np.sin(tilt), power)[:, None], columns, axis=1)
    uneven = 1.0 + rng.normal(0.0, 0.05, (rows, columns))
    uneven[[0, -1]] = 1.0
    vertices = (np.stack([x, y, z], axis=2) * uneven[..., None]).reshape(-1, 3) * np.asarray(size_m) / 2
    vertices[:, 2] = np.maximum(vertices[:, 2] + size_m[2] / 2, 0.0)
    faces: list[tuple[int, int, int]] = []
    for row in range(rows - 1):
        for column in range(columns):
            a, b = row * columns + column, row * columns + (column + 1) % columns
            faces += [(a, b, a + columns), (b, b + columns, a + columns)]
    return _solid(vertices, np.array(faces), "leaves")


def _eased(values: np.ndarray, power: float) -> np.ndarray:
    return np.sign(values) * np.abs(values) ** power


def _six_sides(corners: np.ndarray, material: str) -> Solid:
    return _solid(corners[_SIDE_CORNERS], _SIDE_FACES, material)


def _solid(vertices: np.ndarray, faces: np.ndarray, material: str) -> Solid:
    made_of = np.full(len(faces), PROP_MATERIALS.index(material), dtype=np.uint8)
    return Solid(np.asarray(vertices, dtype=np.float64), faces.astype(np.int32), made_of)
