"""The place cast pixel by pixel along the camera's rays: walls or skyline, blocks, ground, and shadows on it."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, exp, fabs, floor, sqrt
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from posedreamer.records import Camera
from posedreamer.rendering.kernels import kernel
from posedreamer.studio.backdrops import BACKDROPS, sky_light, skyline, wall_albedo
from posedreamer.studio.blocks import Blocks, block_albedo, block_shade, hit_block
from posedreamer.studio.floors import floor_albedo
from posedreamer.studio.lamps import KeyShadow
from posedreamer.studio.looks import Colour
from posedreamer.studio.noise import fractal_2d, mix, smooth_step
from posedreamer.studio.stage import Stage

__all__ = ["StagePicture", "paint_stage"]

_FAR_M: Final = 400.0
_SEA: Final = BACKDROPS.index("sea")
_LAKE: Final = BACKDROPS.index("lake")
_STREET: Final = BACKDROPS.index("street")
_COURT: Final = BACKDROPS.index("court")
_SWEEP: Final = BACKDROPS.index("sweep")
_SHORE_M: Final = 7.0

_Haze = tuple[float, float, float, float]


class _GroundDark(NamedTuple):
    """What keeps light from the ground."""

    key_from_cam: Float64[np.ndarray, "3 4"]
    key: Float32[np.ndarray, "m m"]
    contact_from_cam: Float64[np.ndarray, "3 4"]
    contact: Float32[np.ndarray, "n n"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePicture:
    """The place without its people.

    Attributes:
        linear: linear light.
        distance_m: along each ray.
        ground_light: share of its light that the ground keeps behind the people, 1 off the ground.
    """

    linear: Float32[np.ndarray, "h w 3"]
    distance_m: Float32[np.ndarray, "h w"]
    ground_light: Float32[np.ndarray, "h w"]


def paint_stage(stage: Stage, blocks: Blocks, camera: Camera, shadow: KeyShadow, contact: KeyShadow) -> StagePicture:
    """The place at the camera's size, with the people's shadows on its ground."""
    shape = (camera.height, camera.width)
    picture = StagePicture(
        linear=np.empty((*shape, 3), dtype=np.float32),
        distance_m=np.empty(shape, dtype=np.float32),
        ground_light=np.ones(shape, dtype=np.float32),
    )
    dark = _GroundDark(shadow.map_from_cam, shadow.darkness, contact.map_from_cam, contact.darkness)
    _cast(stage, blocks, dark, picture.linear, picture.distance_m, picture.ground_light)
    return picture


@kernel
def _cast(
    stage: Stage,
    blocks: Blocks,
    dark: _GroundDark,
    linear: Float32[np.ndarray, "h w 3"],
    distance_m: Float32[np.ndarray, "h w"],
    ground_light: Float32[np.ndarray, "h w"],
) -> None:
    height, width = distance_m.shape
    m = stage.stage_from_cam
    ox, oy, oz = m[0, 3], m[1, 3], m[2, 3]
    for row in range(height):
        for column in range(width):
            cx, cy = (column + 0.5 - stage.centre[0]) / stage.focal[0], (row + 0.5 - stage.centre[1]) / stage.focal[1]
            size = sqrt(cx * cx + cy * cy + 1.0)
            dx = (m[0, 0] * cx + m[0, 1] * cy + m[0, 2]) / size
            dy = (m[1, 0] * cx + m[1, 1] * cy + m[1, 2]) / size
            dz = (m[2, 0] * cx + m[2, 1] * cy + m[2, 2]) / size
            to_ground = -oz / dz if dz * oz < 0.0 else 1e9
            eye, ray, pixel = (ox, oy, oz), (dx, dy, dz), (row, column)
            reach = _room_reach(stage, eye, ray) if stage.is_indoor else _horizon_reach(stage, eye, ray)
            colour = (0.0, 0.0, 0.0)
            # what the ground hides is not worth its light
            if to_ground >= reach:
                reach, colour = _room(stage, eye, ray) if stage.is_indoor else _horizon(stage, eye, ray)
            met, block, axis = hit_block(blocks, pixel, eye, ray, min(reach, to_ground), stage.seed)
            if block >= 0:
                point = (ox + dx * met, oy + dy * met, oz + dz * met)
                reach, colour = met, _block(stage, blocks, (block, axis), point, ray)
            elif to_ground < reach:
                footprint = to_ground / (stage.focal[0] * max(abs(dz), 0.02))
                kept = _kept_light(dark, cx / size * to_ground, cy / size * to_ground, to_ground / size)
                x, y = ox + dx * to_ground, oy + dy * to_ground
                ground_light[row, column] = 0.45 * (1.0 - kept[0]) + 0.55 * (1.0 - kept[1])
                kept = kept[0], 1.0 - (1.0 - kept[1]) * (1.0 - block_shade(blocks, x, y))
                colour, reach = _ground(stage, x, y, footprint, kept), to_ground
            if not stage.is_indoor and reach < 1e7:
                colour = _hazed(colour, _haze(stage, reach))
            distance_m[row, column] = min(reach, _FAR_M)
            linear[row, column, 0], linear[row, column, 1], linear[row, column, 2] = colour


@kernel
def _haze(stage: Stage, reach: float) -> _Haze:
    share = 0.55 * (1.0 - exp(-reach / 90.0))
    return 0.9 * stage.horizon[0], 0.9 * stage.horizon[1], 0.9 * stage.horizon[2], share


@kernel
def _hazed(colour: Colour, haze: _Haze) -> Colour:
    return mix(colour[0], haze[0], haze[3]), mix(colour[1], haze[1], haze[3]), mix(colour[2], haze[2], haze[3])


@kernel
def _sampled(m: Float64[np.ndarray, "3 4"], image: Float32[np.ndarray, "n n"], x: float, y: float, z: float) -> float:
    """Bilinear value of a map at a camera-frame point, 0 outside."""
    away = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
    u = (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]) / away - 0.5
    v = (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]) / away - 0.5
    size = image.shape[0]
    if not (0.0 <= u < size - 1 and 0.0 <= v < size - 1):
        return 0.0
    i, j = int(u), int(v)
    upper = mix(image[j, i], image[j, i + 1], u - i)
    return mix(upper, mix(image[j + 1, i], image[j + 1, i + 1], u - i), v - j)


@kernel
def _kept_light(dark: _GroundDark, x: float, y: float, z: float) -> tuple[float, float]:
    """Shares of the key's and of the sky's light that do not reach a point of the ground."""
    key = _sampled(dark.key_from_cam, dark.key, x, y, z)
    contact = _sampled(dark.contact_from_cam, dark.contact, x, y, z)
    return min(key, 1.0), min(contact, 0.92)


@kernel
def _ground(stage: Stage, x: float, y: float, footprint_m: float, kept: tuple[float, float]) -> Colour:
    if stage.backdrop in (_SEA, _LAKE) and y > _SHORE_M + 0.6 * fractal_2d(x * 0.4, 0.0, 3, stage.seed):
        wave = fractal_2d(x * 0.5, y * 2.2, 4, stage.seed + 110) / (1.0 + 0.3 * footprint_m)
        light, glint = 0.8 + 0.45 * wave, 0.34 * smooth_step(0.0, 0.5, wave + 0.25)
        return (
            mix(stage.wall[0] * stage.sky[0] * 1.8 * light, stage.horizon[0], glint),
            mix(stage.wall[1] * stage.sky[1] * 1.8 * light, stage.horizon[1], glint),
            mix(stage.wall[2] * stage.sky[2] * 1.8 * light, stage.horizon[2], glint),
        )
    albedo = floor_albedo(stage.floor_kind, x, y, footprint_m, stage.floor, stage.seed)
    key = max(stage.to_key[2], 0.0) * (1.0 - kept[0]) * (1.0 - 0.5 * kept[1])
    open_share = 1.0 - kept[1]
    if stage.is_indoor:
        key *= _patch(stage, x, y, 0.0)
        wall = min(min(x - stage.left, stage.right - x), stage.far - y)
        open_share *= 1.0 - 0.3 * exp(-max(wall, 0.0) / 0.35) * (stage.backdrop != _SWEEP)
    return (
        albedo[0] * (stage.key[0] * key + stage.sky[0] * open_share),
        albedo[1] * (stage.key[1] * key + stage.sky[1] * open_share),
        albedo[2] * (stage.key[2] * key + stage.sky[2] * open_share),
    )


@kernel
def _block(stage: Stage, blocks: Blocks, face: tuple[int, int], point: Colour, ray: Colour) -> Colour:
    """Light of a block at a point of its face across an axis."""
    index, axis = face
    albedo = block_albedo(blocks, index, point, axis, stage.seed)
    facing = -stage.to_key[axis] if ray[axis] > 0.0 else stage.to_key[axis]
    near = exp(-max(point[2], 0.0) / 0.18)
    sky = (1.0 if axis == 2 else 0.74) * (1.0 - 0.5 * near * (axis != 2))
    key = 0.85 * max(facing, 0.0) + 0.05
    return (
        albedo[0] * (stage.key[0] * key + stage.sky[0] * sky),
        albedo[1] * (stage.key[1] * key + stage.sky[1] * sky),
        albedo[2] * (stage.key[2] * key + stage.sky[2] * sky),
    )


@kernel
def _patch(stage: Stage, x: float, y: float, z: float) -> float:
    """The key light that windows out of sight let through to a point of a room: bright panes, dim between."""
    if not stage.is_patched or stage.backdrop == _SWEEP:
        return 1.0
    tx, ty, tz = stage.to_key
    to_side = ((stage.right + 1.0 if tx > 0.0 else stage.left - 1.0) - x) / (tx if fabs(tx) > 1e-6 else 1e-6)
    to_end = ((stage.far + 1.0 if ty > 0.0 else stage.near - 1.0) - y) / (ty if fabs(ty) > 1e-6 else 1e-6)
    reach = min(to_side, to_end)
    u, w = (y if to_side < to_end else x) + reach * (ty if to_side < to_end else tx), z + reach * tz
    cell = u / 1.9 - floor(u / 1.9)
    pane = smooth_step(0.1, 0.14, cell) * smooth_step(0.84, 0.80, cell)
    pane *= smooth_step(0.014, 0.03, fabs(cell - 0.47)) * smooth_step(0.6, 0.72, w) * smooth_step(2.9, 2.78, w)
    return 0.42 + 1.05 * pane


@kernel
def _room_reach(stage: Stage, eye: Colour, ray: Colour) -> float:
    """Distance to the nearest wall or the ceiling."""
    to_side = ((stage.right if ray[0] > 0.0 else stage.left) - eye[0]) / ray[0] if ray[0] != 0.0 else 1e9
    to_end = ((stage.far if ray[1] > 0.0 else stage.near) - eye[1]) / ray[1] if ray[1] != 0.0 else 1e9
    to_top = (stage.ceiling - eye[2]) / ray[2] if ray[2] > 0.0 else 1e9
    return min(to_side, min(to_end, to_top))


@kernel
def _horizon_reach(stage: Stage, eye: Colour, ray: Colour) -> float:
    """Distance to where the skyline stands, whether it is that high or not."""
    if stage.backdrop in (_STREET, _COURT):
        return _square(stage, eye, ray)[0]
    flat = sqrt(ray[0] ** 2 + ray[1] ** 2) + 1e-9
    along = (eye[0] * ray[0] + eye[1] * ray[1]) / flat
    room = along * along - (eye[0] ** 2 + eye[1] ** 2 - stage.radius**2)
    return (-along + sqrt(max(room, 0.0))) / flat


@kernel
def _room(stage: Stage, eye: Colour, ray: Colour) -> tuple[float, Colour]:
    """Distance to and light of the nearest wall or the ceiling."""
    to_side = ((stage.right if ray[0] > 0.0 else stage.left) - eye[0]) / ray[0] if ray[0] != 0.0 else 1e9
    to_end = ((stage.far if ray[1] > 0.0 else stage.near) - eye[1]) / ray[1] if ray[1] != 0.0 else 1e9
    to_top = (stage.ceiling - eye[2]) / ray[2] if ray[2] > 0.0 else 1e9
    reach = min(to_side, min(to_end, to_top))
    x, y, z = eye[0] + reach * ray[0], eye[1] + reach * ray[1], eye[2] + reach * ray[2]
    if reach == to_top and stage.backdrop != _SWEEP:
        bright = 0.80 * (0.9 + 0.1 * fractal_2d(x, y, 2, stage.seed))
        return reach, (bright * stage.sky[0] * 1.3, bright * stage.sky[1] * 1.3, bright * stage.sky[2] * 1.3)
    if reach == to_side:
        facing = -stage.to_key[0] if ray[0] > 0.0 else stage.to_key[0]
        along, corner = y + (37.7 if ray[0] > 0.0 else 61.3), stage.far - y
    else:
        facing = -stage.to_key[1] if ray[1] > 0.0 else stage.to_key[1]
        along, corner = x, min(x - stage.left, stage.right - x)
    if stage.backdrop == _SWEEP:
        return reach, _sweep(stage, x, z)
    albedo = wall_albedo(stage.backdrop, along, z, stage.wall, stage.seed)
    closed = 0.28 * exp(-max(corner, 0.0) / 0.3) + 0.25 * exp(-z / 0.25) + 0.12 * exp(-(stage.ceiling - z) / 0.3)
    sky, key = 1.02 * (1.0 - closed), 0.55 * max(facing, 0.0) * _patch(stage, x, y, z) + 0.12
    return reach, (
        albedo[0] * (stage.key[0] * key + stage.sky[0] * sky),
        albedo[1] * (stage.key[1] * key + stage.sky[1] * sky),
        albedo[2] * (stage.key[2] * key + stage.sky[2] * sky),
    )


@kernel
def _sweep(stage: Stage, x: float, z: float) -> Colour:
    """Paper that bends from the floor into the wall without a line."""
    up = smooth_step(0.0, 0.9, z)
    key = mix(max(stage.to_key[2], 0.0), 0.34, up)
    falloff = 1.0 / (1.0 + 0.02 * (x * x + 0.5 * z * z))
    red = stage.wall[0] * (stage.key[0] * key + stage.sky[0]) * falloff
    green = stage.wall[1] * (stage.key[1] * key + stage.sky[1]) * falloff
    return red, green, stage.wall[2] * (stage.key[2] * key + stage.sky[2]) * falloff


@kernel
def _square(stage: Stage, eye: Colour, ray: Colour) -> tuple[float, float, float]:
    """Distance to the straight sides of a square, an offset that tells them apart, and how lit they are."""
    to_side = ((stage.radius if ray[0] > 0.0 else -stage.radius) - eye[0]) / ray[0] if ray[0] != 0.0 else 1e9
    to_end = ((stage.radius if ray[1] > 0.0 else -stage.radius) - eye[1]) / ray[1] if ray[1] != 0.0 else 1e9
    if to_side < to_end:
        facing = -stage.to_key[0] if ray[0] > 0.0 else stage.to_key[0]
        return to_side, 211.0 if ray[0] > 0.0 else 457.0, 0.2 + 0.6 * max(facing, 0.0)
    facing = -stage.to_key[1] if ray[1] > 0.0 else stage.to_key[1]
    return to_end, 0.0, 0.2 + 0.6 * max(facing, 0.0)


@kernel
def _horizon(stage: Stage, eye: Colour, ray: Colour) -> tuple[float, Colour]:
    """Distance to and light of the skyline or the sky."""
    flat = sqrt(ray[0] ** 2 + ray[1] ** 2) + 1e-9
    ux, uy = ray[0] / flat, ray[1] / flat
    is_square = stage.backdrop in (_STREET, _COURT)
    if is_square:
        reach, offset, facing = _square(stage, eye, ray)
    else:
        along = eye[0] * ux + eye[1] * uy
        room = along * along - (eye[0] ** 2 + eye[1] ** 2 - stage.radius**2)
        reach, offset = (-along + sqrt(max(room, 0.0))) / flat, 0.0
        facing = 0.25 + 0.5 * max(0.0, -(stage.to_key[0] * ux + stage.to_key[1] * uy))
    x, y, z = eye[0] + reach * ray[0], eye[1] + reach * ray[1], eye[2] + reach * ray[2]
    azimuth = atan2(x, y)
    place = (y if fabs(x) > fabs(y) else x) + offset if is_square else azimuth * stage.radius
    albedo, share = skyline(stage.backdrop, place, z, stage.wall, (stage.seed, stage.horizon[1] < 0.2))
    if share <= 0.0:
        return 1e8, sky_light(ray[2], azimuth, (stage.zenith, stage.horizon), stage.seed)
    lit = (
        albedo[0] * (stage.key[0] * facing + stage.sky[0]),
        albedo[1] * (stage.key[1] * facing + stage.sky[1]),
        albedo[2] * (stage.key[2] * facing + stage.sky[2]),
    )
    if share >= 1.0:
        return reach, lit
    sky = sky_light(ray[2], azimuth, (stage.zenith, stage.horizon), stage.seed)
    return reach, (mix(sky[0], lit[0], share), mix(sky[1], lit[1], share), mix(sky[2], lit[2], share))
