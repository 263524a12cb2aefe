"""Light on the dressed surface, pixel by pixel: diffuse with wrap, surrounding light with occlusion, highlights."""

from __future__ import annotations

from math import cos, exp, sin, sqrt
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int8, Int32, UInt8

from posedreamer.records import Buffers, Camera
from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import Landmarks
from posedreamer.studio.dress import DressedPerson
from posedreamer.studio.fabric import FLESH, GLOSSY, STRANDS, surface_albedo
from posedreamer.studio.lamps import KeyShadow, Lamp, lit_share
from posedreamer.studio.looks import Colour, Look
from posedreamer.studio.noise import hash_unit
from posedreamer.studio.regions import surface_region

__all__ = ["Painted", "shade_person"]

_TAPS: Final = 8
_COS: Final = -0.7373688781
_SIN: Final = 0.6754902942
_REACH_M: Final = 0.16


class Painted(NamedTuple):
    """What shading writes, per pixel: linear light, and what is seen (an index into ``records.REGIONS``)."""

    linear: Float32[np.ndarray, "h w 3"]
    regions: UInt8[np.ndarray, "h w"]


class _Frame(NamedTuple):
    """The pixels of a picture, and its lens."""

    depth_m: Float32[np.ndarray, "h w"]
    person_id: Int32[np.ndarray, "h w"]
    face_id: Int32[np.ndarray, "h w"]
    barycentrics: Float32[np.ndarray, "h w 3"]
    focal_x: float
    focal_y: float
    centre_x: float
    centre_y: float


class _Shape(NamedTuple):
    normals: Float32[np.ndarray, "n 3"]
    rest_m: Float32[np.ndarray, "n 4"]
    faces: Int32[np.ndarray, "f 3"]
    face_kind: Int8[np.ndarray, " f"]


class _Light(NamedTuple):
    lamp: Lamp
    map_from_cam: Float64[np.ndarray, "3 4"]
    map_depth_m: Float32[np.ndarray, "m m"]
    is_flat: bool


def shade_person(
    person: DressedPerson,
    index: int,
    buffers: Buffers,
    camera: Camera,
    dress_code: tuple[Look, Landmarks],
    light: tuple[Lamp, KeyShadow],
    painted: Painted,
) -> None:
    """Light and region of every pixel of ``buffers`` that shows person ``index``, written into ``painted``.

    A lamp of softness 0 gives the three flat tones of a drawing.
    """
    look, marks = dress_code
    lamp, shadow = light
    frame = _Frame(
        buffers.depth_m,
        buffers.person_id,
        buffers.face_id,
        buffers.barycentrics,
        float(camera.K[0, 0]),
        float(camera.K[1, 1]),
        float(camera.K[0, 2]),
        float(camera.K[1, 2]),
    )
    shape = _Shape(person.normals, person.rest_m, person.faces, person.face_kind)
    _shade(
        index,
        frame,
        shape,
        look,
        marks,
        _Light(lamp, shadow.map_from_cam, shadow.depth_m, lamp.softness == 0.0),
        painted,
    )


@kernel
def _shade(
    index: int,
    frame: _Frame,
    shape: _Shape,
    look: Look,
    marks: Landmarks,
    light: _Light,
    painted: Painted,
) -> None:
    height, width = frame.depth_m.shape
    point = np.empty(4, dtype=np.float64)
    normal = np.empty(3, dtype=np.float64)
    for row in range(height):
        for column in range(width):
            if frame.person_id[row, column] != index:
                continue
            face = frame.face_id[row, column]
            point[:] = 0.0
            normal[:] = 0.0
            for corner in range(3):
                vertex, weight = shape.faces[face, corner], frame.barycentrics[row, column, corner]
                for c in range(4):
                    point[c] += weight * shape.rest_m[vertex, c]
                for c in range(3):
                    normal[c] += weight * shape.normals[vertex, c]
            kind = int(shape.face_kind[face])
            albedo, sort = surface_albedo(kind, point[0], point[1], point[2], point[3], look, marks)
            painted.regions[row, column] = surface_region(kind, point[0], point[1], point[2], point[3], look, marks)
            open_share = _open_share(row, column, frame)
            colour = _lit(row, column, frame, normal, albedo, (sort, open_share), light)
            for c in range(3):
                painted.linear[row, column, c] = colour[c]


@kernel
def _open_share(row: int, column: int, frame: _Frame) -> float:
    """How much of the surroundings a pixel sees: taps round it that lie nearer to the camera close in on it."""
    height, width = frame.depth_m.shape
    depth = frame.depth_m[row, column]
    reach = min(max(_REACH_M * frame.focal_x / depth, 3.0), 0.12 * width)
    turn = 6.2832 * hash_unit(column & 3, row & 3, 0, 9)
    across, down = cos(turn), sin(turn)
    closed = 0.0
    for tap in range(_TAPS):
        # the golden angle onwards: one product instead of a sine and a cosine each
        across, down = across * _COS - down * _SIN, across * _SIN + down * _COS
        distance = reach * sqrt((tap + 0.5) / _TAPS)
        u, v = int(column + distance * across), int(row + distance * down)
        if 0 <= u < width and 0 <= v < height:
            nearer = depth - frame.depth_m[v, u]
            if nearer > 0.006:
                metres = distance * depth / frame.focal_x
                closed += min(nearer / (metres + 0.01), 1.0) * max(0.0, 1.0 - nearer / 0.5)
    return 1.0 - 0.75 * closed / _TAPS


@kernel
def _lit(
    row: int,
    column: int,
    frame: _Frame,
    normal: Float64[np.ndarray, "3"],
    albedo: Colour,
    sort_and_open: tuple[int, float],
    light: _Light,
) -> Colour:
    """Linear light that a pixel sends to the camera."""
    sort, open_share = sort_and_open
    lamp = light.lamp
    z = frame.depth_m[row, column]
    x = (column + 0.5 - frame.centre_x) / frame.focal_x * z
    y = (row + 0.5 - frame.centre_y) / frame.focal_y * z
    far = sqrt(x * x + y * y + z * z)
    size = sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2) + 1e-12
    if normal[0] * x + normal[1] * y + normal[2] * z > 0.0:
        size = -size
    nx, ny, nz = normal[0] / size, normal[1] / size, normal[2] / size
    kx, ky, kz = lamp.to_key
    facing = nx * kx + ny * ky + nz * kz
    lit = 0.0
    if facing > -0.35:
        off = 0.012
        lit = lit_share(
            x + nx * off, y + ny * off, z + nz * off, light.map_from_cam, light.map_depth_m, 0.5 + 1.6 * lamp.softness
        )
    if light.is_flat:
        return _toned(albedo, max(0.0, facing) * lit, open_share)
    wrap = 0.08 + 0.3 * lamp.softness + (0.14 if sort == FLESH else 0.0)
    diffuse = max(0.0, (facing + wrap) / (1.0 + wrap)) * lit
    height = 0.5 + 0.5 * (nx * lamp.up[0] + ny * lamp.up[1] + nz * lamp.up[2])
    glow = 0.10 * exp(-((facing / 0.3) ** 2)) * lit if sort == FLESH else 0.0
    view = (-x / far, -y / far, -z / far)
    shine = _shine(sort, (nx, ny, nz), view, lamp.to_key) * lit
    edge = _edge(lamp, (nx, ny, nz), view) * open_share
    red = albedo[0] * (lamp.key[0] * (diffuse + glow) + _around(lamp, 0, height) * open_share) + shine * lamp.key[0]
    green = albedo[1] * (lamp.key[1] * (diffuse + 0.2 * glow) + _around(lamp, 1, height) * open_share)
    blue = albedo[2] * (lamp.key[2] * (diffuse + 0.1 * glow) + _around(lamp, 2, height) * open_share)
    return (
        red + edge * lamp.rim[0] * (0.15 + albedo[0]),
        green + shine * lamp.key[1] + edge * lamp.rim[1] * (0.15 + albedo[1]),
        blue + shine * lamp.key[2] + edge * lamp.rim[2] * (0.15 + albedo[2]),
    )


@kernel
def _toned(albedo: Colour, lit: float, open_share: float) -> Colour:
    """One of a drawing's three tones: light, half shade, shade."""
    tone = 0.95 if lit > 0.42 else (0.66 if lit > 0.06 else 0.42)
    if open_share < 0.62:
        tone = min(tone, 0.52)
    return albedo[0] * tone, albedo[1] * tone, albedo[2] * tone


@kernel
def _edge(lamp: Lamp, normal: Colour, view: Colour) -> float:
    """Share of the rim light that a surface shows: only where it turns away from the camera, towards the light."""
    if lamp.rim[0] + lamp.rim[1] + lamp.rim[2] <= 0.0:
        return 0.0
    away = 1.0 - max(0.0, normal[0] * view[0] + normal[1] * view[1] + normal[2] * view[2])
    facing = normal[0] * lamp.to_rim[0] + normal[1] * lamp.to_rim[1] + normal[2] * lamp.to_rim[2]
    return max(0.0, facing + 0.2) * away * away


@kernel
def _around(lamp: Lamp, channel: int, height: float) -> float:
    return lamp.sky[channel] * height + lamp.bounce[channel] * (1.0 - height)


@kernel
def _shine(sort: int, normal: Colour, view: Colour, to_key: Colour) -> float:
    """Blinn-Phong highlight of each sort of surface."""
    hx, hy, hz = view[0] + to_key[0], view[1] + to_key[1], view[2] + to_key[2]
    size = sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    aligned = max(0.0, (normal[0] * hx + normal[1] * hy + normal[2] * hz) / size)
    if sort == FLESH:
        return 0.07 * aligned**22
    if sort == STRANDS:
        return 0.055 * aligned**12
    if sort == GLOSSY:
        return 0.16 * aligned**48
    return 0.012 * aligned**6
