"""Light on people: where the key light stands, what it sees, and how surfaces answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, Int32

from posedreamer.geometry.camera import intrinsics_px, look_at
from posedreamer.records import Camera
from posedreamer.rendering.kernels import kernel
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.studio.extent import extent
from posedreamer.studio.looks import Colour
from posedreamer.studio.places import Light

__all__ = ["Caster", "KeyShadow", "Lamp", "aim_lamp", "cast_contact", "cast_shadow", "lit_share"]

_MAP_PX: Final = 224
_LEAST_RIM: Final = 0.4
_CONTACT_PX: Final = 128
_LAMP_DISTANCE_M: Final = 60.0
_BIAS_M: Final = 0.022


@runtime_checkable
class Caster(Protocol):
    """A surface that keeps light from others, in the camera frame."""

    @property
    def vertices_m(self) -> Float32[np.ndarray, "n 3"]:
        """Corners, metres."""
        ...

    @property
    def faces(self) -> Int32[np.ndarray, "f 3"]:
        """Vertex indices."""
        ...


class Lamp(NamedTuple):
    """The light of one picture. Directions are unit vectors in the camera frame, colours linear light.

    ``to_key`` points to the key light, ``up`` to the sky, ``to_rim`` to a light behind the people that only their
    edges show; ``bounce`` is what the ground gives back.
    """

    to_key: Colour
    up: Colour
    key: Colour
    sky: Colour
    bounce: Colour
    softness: float
    to_rim: Colour
    rim: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShadow:
    """What the key light sees.

    Attributes:
        map_from_cam: (3, 4) projection of camera-frame points to the map's homogeneous pixels; the third row gives
            the distance from the lamp in metres.
        depth_m: distance of the first surface, +inf where the light passes.
        darkness: share of light taken from the ground behind each map pixel, blurred.
    """

    map_from_cam: Float64[np.ndarray, "3 4"] = field(repr=False)
    depth_m: Float32[np.ndarray, "m m"] = field(repr=False)
    darkness: Float32[np.ndarray, "m m"] = field(repr=False)


def aim_lamp(light: Light, camera: Camera, floor: Colour, rng: np.random.Generator) -> Lamp:
    """A lamp of that sort, from one side: from beside the camera it would flatten arms against the trunk."""
    elevation = np.deg2rad(rng.uniform(*light.elevation_deg))
    rotation = camera.cam_from_world[:3, :3]
    behind = -rotation[2]
    azimuth = np.arctan2(behind[1], behind[0]) + rng.choice((-1.0, 1.0)) * np.deg2rad(rng.uniform(50.0, 85.0))
    towards = _direction(float(azimuth), float(elevation))
    strength = float(rng.uniform(0.88, 1.08))
    key = _times(light.key_rgb, strength)
    sky = _times(light.sky_rgb, strength)
    lift = 0.27 * (key[1] * float(np.sin(elevation)) + sky[1])
    return Lamp(
        to_key=_triple(rotation @ towards),
        up=_triple(rotation[:, 2]),
        key=key,
        sky=sky,
        bounce=_times((0.3 + 0.7 * floor[0], 0.3 + 0.7 * floor[1], 0.3 + 0.7 * floor[2]), lift),
        softness=light.softness,
        to_rim=_triple(rotation @ _direction(np.arctan2(-behind[1], -behind[0]) + rng.uniform(-0.9, 0.9), 0.45)),
        rim=_brightest(_times(light.rim_rgb, strength), _times(key, _LEAST_RIM)),
    )


def _direction(azimuth_rad: float, elevation_rad: float) -> Float[np.ndarray, "3"]:
    flat = np.cos(elevation_rad)
    return np.array([np.cos(azimuth_rad) * flat, np.sin(azimuth_rad) * flat, np.sin(elevation_rad)])


def _times(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _brightest(*colours: Colour) -> Colour:
    red, green, blue = np.max(colours, axis=0)
    return float(red), float(green), float(blue)


def _triple(vector: Float[np.ndarray, "3"]) -> Colour:
    return float(vector[0]), float(vector[1]), float(vector[2])


def cast_shadow(casters: Sequence[Caster], lamp: Lamp) -> KeyShadow:
    """The people seen from the key light, from so far that its rays are parallel."""
    map_from_cam, depth_m = _seen_from(casters, lamp.to_key, _MAP_PX)
    taken = np.isfinite(depth_m).astype(np.float32)
    sigma = 0.7 + 9.0 * lamp.softness**1.5
    return KeyShadow(map_from_cam=map_from_cam, depth_m=depth_m, darkness=_blurred(taken, sigma))


def cast_contact(casters: Sequence[Caster], lamp: Lamp, ground_cam_m: Float[np.ndarray, "3"]) -> KeyShadow:
    """The people seen from under the ground: what is low above it keeps the sky's light away.

    ``ground_cam_m`` is any point of the ground in the camera frame.
    """
    down = (-lamp.up[0], -lamp.up[1], -lamp.up[2])
    map_from_cam, depth_m = _seen_from(casters, down, _CONTACT_PX)
    ground_m = map_from_cam[2] @ (*ground_cam_m, 1.0)
    height_m = np.maximum(depth_m - np.float32(ground_m), 0.0)
    near = 0.85 * np.exp(-height_m / 0.10) + 0.25 * np.exp(-height_m / 0.6)
    per_m = float(np.linalg.norm(map_from_cam[0, :3])) / _LAMP_DISTANCE_M
    return KeyShadow(map_from_cam=map_from_cam, depth_m=depth_m, darkness=_blurred(near, max(0.03 * per_m, 0.6)))


def _blurred(image: Float32[np.ndarray, "m m"], sigma_px: float) -> Float32[np.ndarray, "m m"]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), dtype=np.float32)


def _seen_from(
    casters: Sequence[Caster], towards: Colour, size: int
) -> tuple[Float64[np.ndarray, "3 4"], Float32[np.ndarray, "m m"]]:
    """Projection and depth of a square map seen from far away in that direction."""
    points = np.concatenate([caster.vertices_m for caster in casters])
    low, high = extent(points)
    centre = (low + high) / 2.0
    radius = max(float(np.linalg.norm(high - low)) / 2.0, 0.3)
    view = look_at(centre + _LAMP_DISTANCE_M * np.array(towards), centre)
    K = intrinsics_px(0.92 * size / 2.0 * _LAMP_DISTANCE_M / radius, size, size)
    turn, move = view[:3, :3].astype(np.float32), view[:3, 3].astype(np.float32)
    turned = [Mesh(vertices_cam_m=p.vertices_m @ turn.T + move, faces=p.faces) for p in casters]
    camera = Camera(width=size, height=size, K=K, cam_from_world=np.eye(4))
    return K @ view[:3], rasterize(turned, camera).depth_m


@kernel
def lit_share(
    x: float,
    y: float,
    z: float,
    map_from_cam: Float64[np.ndarray, "3 4"],
    depth_m: Float32[np.ndarray, "m m"],
    spread_px: float,
) -> float:
    """The share of the key light that reaches a camera-frame point, from a grid of tests round its map pixel."""
    m = map_from_cam
    away = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
    column = (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]) / away
    row = (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]) / away
    size = depth_m.shape[0]
    lit = 0
    for i in range(4):
        for j in range(4):
            u = int(column + (i - 1.5) * spread_px)
            v = int(row + (j - 1.5) * spread_px)
            inside = 0 <= u < size and 0 <= v < size
            if not inside or depth_m[v, u] > away - _BIAS_M:
                lit += 1
    return lit / 16.0
