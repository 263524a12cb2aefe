"""Props in the picture: simple materials under the same lamp as the people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, exp, sin, sqrt
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8

from posedreamer.records import COLOURS_RGB, PROP_MATERIALS, REGIONS, Buffers, Camera, Scene
from posedreamer.rendering.kernels import kernel
from posedreamer.studio.dress import vertex_normals
from posedreamer.studio.lamps import KeyShadow, Lamp, lit_share
from posedreamer.studio.looks import Colour, linear_of
from posedreamer.studio.noise import fractal_2d, hash_unit
from posedreamer.studio.shading import Painted

__all__ = ["PropSurface", "prop_surfaces", "shade_props"]

_PROP: Final = REGIONS.index("prop")
_WOOD: Final = PROP_MATERIALS.index("wood")
_CLOTH: Final = PROP_MATERIALS.index("cloth")
_METAL: Final = PROP_MATERIALS.index("metal")
_LEAVES: Final = PROP_MATERIALS.index("leaves")
_RUBBER: Final = PROP_MATERIALS.index("rubber")
_WHITE: Final = PROP_MATERIALS.index("white")
_TAPS: Final = 10
_REACH_M: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class PropSurface:
    """A prop ready to be painted, in the camera frame.

    Attributes:
        grain_m: of each corner of each face, metres along and across the grain, height above the ground, and a number
            that differs between boards.
        colour: linear light.
    """

    vertices_m: Float32[np.ndarray, "n 3"] = field(repr=False)
    normals: Float32[np.ndarray, "n 3"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_material: UInt8[np.ndarray, " f"] = field(repr=False)
    grain_m: Float32[np.ndarray, "f 3 4"] = field(repr=False)
    colour: Colour


class _Pixels(NamedTuple):
    depth_m: Float32[np.ndarray, "h w"]
    person_id: Int32[np.ndarray, "h w"]
    face_id: Int32[np.ndarray, "h w"]
    barycentrics: Float32[np.ndarray, "h w 3"]
    focal: tuple[float, float]
    centre: tuple[float, float]


class _Thing(NamedTuple):
    normals: Float32[np.ndarray, "n 3"]
    faces: Int32[np.ndarray, "f 3"]
    face_material: UInt8[np.ndarray, " f"]
    grain_m: Float32[np.ndarray, "f 3 4"]
    colour: Colour


class _Light(NamedTuple):
    lamp: Lamp
    map_from_cam: Float64[np.ndarray, "3 4"]
    map_depth_m: Float32[np.ndarray, "m m"]


def prop_surfaces(scene: Scene) -> list[PropSurface]:
    """The scene's props, in order."""
    matrix = scene.camera.cam_from_world
    return [
        PropSurface(
            vertices_m=prop.vertices_cam_m,
            normals=vertex_normals(prop.vertices_cam_m, prop.faces),
            faces=prop.faces,
            face_material=prop.face_material,
            grain_m=_grain(
                ((prop.vertices_cam_m - matrix[:3, 3]) @ matrix[:3, :3])[prop.faces], prop.face_material == _LEAVES
            ),
            colour=linear_of(COLOURS_RGB[prop.colour]),
        )
        for prop in scene.props
    ]


def _grain(corners_m: Float64[np.ndarray, "f 3 3"], is_leaf: Bool[np.ndarray, " f"]) -> Float32[np.ndarray, "f 3 4"]:
    """Boards are longer than wide: grain follows a triangle's second longest side, the longest is a diagonal."""
    sides = np.roll(corners_m, -1, axis=1) - corners_m
    second = np.argsort(np.linalg.norm(sides, axis=2), axis=1)[:, 1]
    along = sides[np.arange(len(sides)), second]
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    normal = np.cross(sides[:, 0], sides[:, 1])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    across = np.cross(normal, along)
    along[is_leaf], across[is_leaf] = (0.8, 0.5, 0.3), (-0.3, 0.4, 0.9)
    board = np.repeat((corners_m.mean(axis=1) @ (3.1, 5.7, 0.9))[:, None].round(1), 3, axis=1)
    place = corners_m - corners_m[0, 0]
    return np.stack(
        [
            np.einsum("fcx,fx->fc", place, along),
            np.einsum("fcx,fx->fc", place, across),
            corners_m[..., 2],
            board,
        ],
        axis=2,
    ).astype(np.float32)


def shade_props(
    props: Sequence[PropSurface],
    first: int,
    buffers: Buffers,
    camera: Camera,
    light: tuple[Lamp, KeyShadow],
    painted: Painted,
) -> None:
    """Light and region of every pixel of ``buffers`` that shows a prop, written into ``painted``.

    In these buffers props have ids too: ``first`` and on.
    """
    pixels = _Pixels(
        buffers.depth_m,
        buffers.person_id,
        buffers.face_id,
        buffers.barycentrics,
        (float(camera.K[0, 0]), float(camera.K[1, 1])),
        (float(camera.K[0, 2]), float(camera.K[1, 2])),
    )
    lamp, shadow = light
    for index, prop in enumerate(props):
        thing = _Thing(prop.normals, prop.faces, prop.face_material, prop.grain_m, prop.colour)
        _shade(first + index, pixels, thing, _Light(lamp, shadow.map_from_cam, shadow.depth_m), painted)


@kernel
def _shade(index: int, pixels: _Pixels, thing: _Thing, light: _Light, painted: Painted) -> None:
    height, width = pixels.depth_m.shape
    normal = np.empty(3, dtype=np.float64)
    grain = np.empty(4, dtype=np.float64)
    for row in range(height):
        for column in range(width):
            if pixels.person_id[row, column] != index:
                continue
            face = pixels.face_id[row, column]
            normal[:] = 0.0
            grain[:] = 0.0
            for corner in range(3):
                vertex, weight = thing.faces[face, corner], pixels.barycentrics[row, column, corner]
                for c in range(3):
                    normal[c] += weight * thing.normals[vertex, c]
                for c in range(4):
                    grain[c] += weight * thing.grain_m[face, corner, c]
            painted.regions[row, column] = _PROP
            material = int(thing.face_material[face])
            red, green, blue, gloss = _albedo(material, grain[0], grain[1], grain[3], thing.colour)
            key, sky, bounce, shine = _received(row, column, pixels, normal, gloss, light)
            lamp = light.lamp
            low = 1.0 - 0.4 * exp(-max(grain[2], 0.0) / 0.09)
            for c, albedo in ((0, red), (1, green), (2, blue)):
                around = (lamp.sky[c] * sky + lamp.bounce[c] * bounce) * low
                painted.linear[row, column, c] = albedo * (lamp.key[c] * key + around) + shine * lamp.key[c]


@kernel
def _albedo(
    material: int, along: float, across: float, board: float, colour: Colour
) -> tuple[float, float, float, float]:
    """Linear reflectance and gloss."""
    if material == _WOOD:
        streak = fractal_2d(along * 5.0 + 17.0 * board, across * 90.0, 3, 5)
        light = 0.92 + 0.26 * streak + 0.2 * (hash_unit(int(board * 10.0), 3, 1, 2) - 0.5)
        return colour[0] * light, colour[1] * light, colour[2] * light, 0.03
    if material == _CLOTH:
        light = 0.95 + 0.14 * fractal_2d(along * 60.0, across * 60.0, 2, 9)
        return colour[0] * light, colour[1] * light, colour[2] * light, 0.0
    if material == _LEAVES:
        clump = 0.5 + 0.5 * fractal_2d(along * 9.0, across * 9.0, 2, 3)
        fine = 0.5 + 0.5 * fractal_2d(along * 55.0, across * 55.0, 2, 4)
        light = 0.25 + 0.9 * clump * clump + 0.9 * fine * fine
        return 0.085 * light, (0.15 + 0.05 * clump) * light, 0.03 * light, 0.012
    if material == _METAL:
        return 0.30, 0.31, 0.32, 0.3
    if material == _RUBBER:
        return 0.022, 0.022, 0.024, 0.02
    if material == _WHITE:
        return 0.72, 0.72, 0.7, 0.04
    light = 1.0 + 0.05 * fractal_2d(along * 7.0, across * 7.0, 2, 6)
    return colour[0] * light, colour[1] * light, colour[2] * light, 0.07


@kernel
def _received(
    row: int, column: int, pixels: _Pixels, normal: Float64[np.ndarray, "3"], gloss: float, light: _Light
) -> tuple[float, float, float, float]:
    """Shares of the key's, the sky's and the ground's light that a pixel gets, and its highlight."""
    lamp = light.lamp
    z = pixels.depth_m[row, column]
    x = (column + 0.5 - pixels.centre[0]) / pixels.focal[0] * z
    y = (row + 0.5 - pixels.centre[1]) / pixels.focal[1] * z
    size = sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2) + 1e-12
    if normal[0] * x + normal[1] * y + normal[2] * z > 0.0:
        size = -size
    nx, ny, nz = normal[0] / size, normal[1] / size, normal[2] / size
    kx, ky, kz = lamp.to_key
    facing = nx * kx + ny * ky + nz * kz
    lit = 0.0
    if facing > -0.3:
        off, spread = 0.015, 0.5 + 1.6 * lamp.softness
        lit = lit_share(x + nx * off, y + ny * off, z + nz * off, light.map_from_cam, light.map_depth_m, spread)
    wrap = 0.05 + 0.25 * lamp.softness
    diffuse = max(0.0, (facing + wrap) / (1.0 + wrap)) * lit
    height = 0.5 + 0.5 * (nx * lamp.up[0] + ny * lamp.up[1] + nz * lamp.up[2])
    open_share = _open_share(row, column, pixels)
    far = sqrt(x * x + y * y + z * z)
    hx, hy, hz = kx - x / far, ky - y / far, kz - z / far
    half = sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    aligned = max(0.0, (nx * hx + ny * hy + nz * hz) / half)
    return diffuse, height * open_share, (1.0 - height) * open_share, gloss * aligned**40 * lit


@kernel
def _open_share(row: int, column: int, pixels: _Pixels) -> float:
    """How much of the surroundings a pixel sees past what lies nearer to the camera round it."""
    height, width = pixels.depth_m.shape
    depth = pixels.depth_m[row, column]
    reach = min(max(_REACH_M * pixels.focal[0] / depth, 3.0), 0.12 * width)
    turn = 6.2832 * hash_unit(column & 3, row & 3, 0, 9)
    closed = 0.0
    for tap in range(_TAPS):
        distance = reach * sqrt((tap + 0.5) / _TAPS)
        u, v = int(column + distance * cos(turn + tap * 2.39996)), int(row + distance * sin(turn + tap * 2.39996))
        if 0 <= u < width and 0 <= v < height:
            nearer = depth - pixels.depth_m[v, u]
            if nearer > 0.01:
                closed += min(nearer / (distance * depth / pixels.focal[0] + 0.01), 1.0) * max(0.0, 1.0 - nearer / 0.6)
    return 1.0 - 0.75 * closed / _TAPS
