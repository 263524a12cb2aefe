"""The place round the people: a room or an open ground with a skyline, cast pixel by pixel along the camera's rays."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, exp, fabs, sqrt
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Float64

from posedreamer.records import Camera
from posedreamer.rendering.kernels import kernel
from posedreamer.studio.backdrops import BACKDROPS, sky_light, skyline, wall_albedo
from posedreamer.studio.floors import FLOORS, floor_albedo
from posedreamer.studio.lamps import KeyShadow, Lamp
from posedreamer.studio.looks import Colour, linear_of
from posedreamer.studio.noise import fractal_2d, mix, smooth_step
from posedreamer.studio.places import Place

__all__ = ["Stage", "StagePicture", "build_stage", "paint_stage"]

_FAR_M: Final = 400.0
_SEA: Final = BACKDROPS.index("sea")
_STREET: Final = BACKDROPS.index("street")
_COURT: Final = BACKDROPS.index("court")
_SWEEP: Final = BACKDROPS.index("sweep")
_SHORE_M: Final = 7.0


class Stage(NamedTuple):
    """A place in its own frame: origin on the ground under the people, y away from the camera, z up, metres.

    ``stage_from_cam`` is (3, 4). Rooms reach from (left, near) to (right, far) and up to ``ceiling``; skylines stand at
    ``radius`` from the origin.
    """

    stage_from_cam: Float64[np.ndarray, "3 4"]
    focal: tuple[float, float]
    centre: tuple[float, float]
    floor_kind: int
    floor: Colour
    backdrop: int
    wall: Colour
    is_indoor: bool
    left: float
    right: float
    near: float
    far: float
    ceiling: float
    radius: float
    to_key: Colour
    key: Colour
    sky: Colour
    seed: int


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


def build_stage(
    place: Place, camera: Camera, people_cam_m: Float32[np.ndarray, "n 3"], floor: Colour, rng: np.random.Generator
) -> Stage:
    """A stage of that place that holds the people and the camera."""
    world_from_cam = np.linalg.inv(camera.cam_from_world)
    people = people_cam_m.astype(np.float64) @ world_from_cam[:3, :3].T + world_from_cam[:3, 3]
    ahead = world_from_cam[:3, 2]
    heading = float(np.arctan2(ahead[1], ahead[0])) - np.pi / 2 + float(rng.uniform(-0.45, 0.45))
    cosine, sine = np.cos(heading), np.sin(heading)
    turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    origin = np.array([*((people.min(axis=0) + people.max(axis=0)) / 2.0)[:2], 0.0])
    stage_from_world = np.column_stack([turn, -turn @ origin])
    local = people @ turn.T - turn @ origin
    eye = turn @ (world_from_cam[:3, 3] - origin)
    wall = place.wall_rgb[int(rng.integers(len(place.wall_rgb)))]
    low, high = np.minimum(local.min(axis=0), eye), np.maximum(local.max(axis=0), eye)
    sides = rng.uniform(0.8, 3.2, size=2)
    radius = rng.uniform(11.0, 22.0) if place.backdrop in ("trees", "street", "court") else rng.uniform(40.0, 70.0)
    return Stage(
        stage_from_cam=stage_from_world @ np.vstack([world_from_cam[:3], (0.0, 0.0, 0.0, 1.0)]),
        focal=(float(camera.K[0, 0]), float(camera.K[1, 1])),
        centre=(float(camera.K[0, 2]), float(camera.K[1, 2])),
        floor_kind=FLOORS.index(place.floor),
        floor=floor,
        backdrop=BACKDROPS.index(place.backdrop),
        wall=floor if place.backdrop == "sweep" else linear_of(wall),
        is_indoor=place.setting == "indoor",
        left=float(low[0] - sides[0]),
        right=float(high[0] + sides[1]),
        near=float(low[1] - 0.6),
        far=float(max(local[:, 1].max(), eye[1]) + rng.uniform(0.5, 2.6)),
        ceiling=float(max(high[2] + 0.35, rng.uniform(2.5, 3.1))),
        radius=float(max(radius, 1.5 * np.linalg.norm(eye[:2]) + 2.0)),
        to_key=(0.0, 0.0, 1.0),
        key=(0.0, 0.0, 0.0),
        sky=(0.0, 0.0, 0.0),
        seed=int(rng.integers(1 << 20)),
    )


def lit_stage(stage: Stage, lamp: Lamp) -> Stage:
    """The stage under a lamp."""
    towards = stage.stage_from_cam[:, :3] @ np.array(lamp.to_key)
    return stage._replace(to_key=(float(towards[0]), float(towards[1]), float(towards[2])), key=lamp.key, sky=lamp.sky)


def ground_point_cam_m(stage: Stage) -> Float[np.ndarray, "3"]:
    """The stage's origin, on the ground, in the camera frame."""
    return -stage.stage_from_cam[:, :3].T @ stage.stage_from_cam[:, 3]


def paint_stage(stage: Stage, camera: Camera, shadow: KeyShadow, contact: KeyShadow) -> StagePicture:
    """The place at the camera's size, with the people's shadows on its ground."""
    shape = (camera.height, camera.width)
    picture = StagePicture(
        linear=np.empty((*shape, 3), dtype=np.float32),
        distance_m=np.empty(shape, dtype=np.float32),
        ground_light=np.ones(shape, dtype=np.float32),
    )
    dark = _GroundDark(shadow.map_from_cam, shadow.darkness, contact.map_from_cam, contact.darkness)
    _cast(stage, dark, picture.linear, picture.distance_m, picture.ground_light)
    return picture


@kernel
def _cast(
    stage: Stage,
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
            if stage.is_indoor:
                reach, colour = _room(stage, (ox, oy, oz), (dx, dy, dz))
            else:
                reach, colour = _horizon(stage, (ox, oy, oz), (dx, dy, dz))
            if to_ground < reach:
                footprint = to_ground / (stage.focal[0] * max(abs(dz), 0.02))
                kept = _kept_light(dark, cx / size * to_ground, cy / size * to_ground, to_ground / size)
                colour = _ground(stage, ox + dx * to_ground, oy + dy * to_ground, footprint, kept)
                if not stage.is_indoor:
                    colour = _hazed(colour, _haze(stage, to_ground))
                ground_light[row, column] = 0.45 * (1.0 - kept[0]) + 0.55 * (1.0 - kept[1])
                reach = to_ground
            distance_m[row, column] = min(reach, _FAR_M)
            linear[row, column, 0], linear[row, column, 1], linear[row, column, 2] = colour


@kernel
def _haze(stage: Stage, reach: float) -> _Haze:
    share = 0.55 * (1.0 - exp(-reach / 90.0))
    return 0.72 * stage.sky[0] * 1.6, 0.76 * stage.sky[1] * 1.6, 0.80 * stage.sky[2] * 1.6, share


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
    if stage.backdrop == _SEA and y > _SHORE_M + 0.6 * fractal_2d(x * 0.4, 0.0, 3, stage.seed):
        wave = fractal_2d(x * 0.5, y * 2.2, 4, stage.seed + 110) / (1.0 + 0.3 * footprint_m)
        light = 0.9 + 0.45 * wave
        return stage.wall[0] * light * 1.1, stage.wall[1] * light * 1.1, stage.wall[2] * light * 1.1
    albedo = floor_albedo(stage.floor_kind, x, y, footprint_m, stage.floor, stage.seed)
    key = max(stage.to_key[2], 0.0) * (1.0 - kept[0]) * (1.0 - 0.5 * kept[1])
    open_share = 1.0 - kept[1]
    if stage.is_indoor:
        wall = min(min(x - stage.left, stage.right - x), stage.far - y)
        open_share *= 1.0 - 0.3 * exp(-max(wall, 0.0) / 0.35) * (stage.backdrop != _SWEEP)
    return (
        albedo[0] * (stage.key[0] * key + stage.sky[0] * open_share),
        albedo[1] * (stage.key[1] * key + stage.sky[1] * open_share),
        albedo[2] * (stage.key[2] * key + stage.sky[2] * open_share),
    )


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
    sky, key = 1.02 * (1.0 - closed), 0.55 * max(facing, 0.0) + 0.12
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
    sky = sky_light(ray[2], azimuth, stage.sky, stage.seed)
    albedo, share = skyline(stage.backdrop, place, z, stage.wall, stage.seed)
    if share <= 0.0:
        return 1e8, sky
    lit = (
        albedo[0] * (stage.key[0] * facing + stage.sky[0]),
        albedo[1] * (stage.key[1] * facing + stage.sky[1]),
        albedo[2] * (stage.key[2] * facing + stage.sky[2]),
    )
    solid = _hazed(lit, _haze(stage, reach))
    return reach, (mix(sky[0], solid[0], share), mix(sky[1], solid[1], share), mix(sky[2], solid[2], share))
