"""What the model sees of a condition: a stack of 8-bit control maps, and which of them a control mode shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8

from posedreamer.bodies import load_body
from posedreamer.records import Camera, Condition
from posedreamer.rendering.maps import Surface, depth_inverse, interpolate, normals_cam, part_map
from posedreamer.rendering.rasterizer import Mesh
from posedreamer.rendering.skeleton import draw_openpose
from posedreamer.seeds import derive_seed
from posedreamer.studio.places import LIGHTS, PLACES
from posedreamer.studio.plan import Plan, draw_plan, plan_maps

__all__ = ["CHANNELS", "MODES", "channels_shown", "control_maps", "planned_maps"]

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "mesh": (
            *("mask", "order", "canon_x", "canon_y", "canon_z"),
            *("sin_x", "cos_x", "sin_y", "cos_y", "sin_z", "cos_z"),
        ),
        "normals": ("normal_x", "normal_y", "normal_z"),
        "depth": ("depth",),
        "parts": ("part_red", "part_green", "part_blue"),
        "ground": ("ground",),
        "skeleton": ("skeleton_red", "skeleton_green", "skeleton_blue"),
        "place": ("place_distance", "place_lines", "place_sky"),
    }
)
CHANNELS: Final = tuple(name for group in _GROUPS.values() for name in group)
"""Names of the maps, in the order of the stack."""

MODES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "all": ("mesh", "normals", "depth", "parts", "ground", "place"),
        "depth": ("depth", "ground", "place"),
        "skeleton": ("skeleton", "ground", "place"),
        "none": (),
    }
)
"""Control modes: which groups of maps each shows. "none" leaves the caption alone."""

_WAVES: Final = 8.0
_PART_COLOURS: Final = np.random.default_rng(2016).integers(40, 256, size=(64, 3), dtype=np.uint8)


def channels_shown(mode: str) -> Float32[np.ndarray, " c"]:
    """1 for every map the mode shows, 0 for those that it hides."""
    shown = [float(group in MODES[mode]) for group, names in _GROUPS.items() for _ in names]
    return np.array(shown, dtype=np.float32)


def planned_maps(condition: Condition, seed: int) -> UInt8[np.ndarray, "c h w"]:
    """``control_maps`` over a place planned from a picture's seed: any where the caption names none that is known."""
    seed, caption = derive_seed(seed, condition.condition_id, "place"), condition.caption
    place = caption.place if caption.place in PLACES else sorted(PLACES)[seed % len(PLACES)]
    light = caption.light if caption.light in LIGHTS else sorted(LIGHTS)[seed % len(LIGHTS)]
    known = replace(condition, caption=replace(caption, place=place, light=light))
    return control_maps(condition, draw_plan(known, seed))


def control_maps(condition: Condition, plan: Plan) -> UInt8[np.ndarray, "c h w"]:
    """The condition's maps in the order of CHANNELS, those of people zero where there is nobody.

    Canonical coordinates come twice: coarse over the whole body, and as sine and cosine of eight waves over its height,
    so that a face's features have a place of their own. "order" tells people apart: 0, 85, 170 and 255 of the first to
    the fourth and later ones, in the order of the caption. "ground" is the inverse distance of the ground along each
    ray, in 1/m, 1 at 255. Maps of the place are ``studio.plan.plan_maps``, people left out.
    """
    people, buffers = condition.scene.people, condition.buffers
    bodies = [load_body(posed.person.body_model).topology for posed in people]
    meshes = [
        Mesh(vertices_cam_m=posed.vertices_cam_m, faces=body.faces) for posed, body in zip(people, bodies, strict=True)
    ]
    surfaces = [Surface(faces=b.faces, face_part=b.face_part, canonical_xyz=b.canonical_xyz) for b in bodies]
    person = buffers.person_id.astype(np.float32)[..., None]
    mask = (person >= 0).astype(np.float32)
    camera = condition.scene.camera
    canon = interpolate(buffers, [body.faces for body in bodies], [body.canonical_xyz for body in bodies])
    angle = np.float32(2.0 * np.pi * _WAVES) * canon
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(*canon.shape[:2], 6)
    maps = np.concatenate(
        [
            mask * 255.0,
            np.clip(85.0 * person, 0.0, 255.0),
            canon * 255.0,
            mask * (127.5 + 127.5 * waves),
            mask * (127.5 + 127.5 * normals_cam(buffers, meshes)),
            depth_inverse(buffers)[..., None],
            mask * _PART_COLOURS[part_map(buffers, surfaces) % len(_PART_COLOURS)],
            _ground(camera)[..., None],
            draw_openpose(condition.annotation.people, camera.width, camera.height),
            np.moveaxis(plan_maps(plan, camera), 0, -1),
        ],
        axis=-1,
    )
    return np.ascontiguousarray(np.moveaxis(np.round(maps).astype(np.uint8), -1, 0))


def _ground(camera: Camera) -> Float32[np.ndarray, "h w"]:
    """255 / (distance to the world's ground along the ray in metres), held below 255; 0 where a ray never meets it."""
    rotation, move = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
    eye_z = float(-(rotation.T @ move)[2])
    x = (np.arange(camera.width) + 0.5 - camera.K[0, 2]) / camera.K[0, 0]
    y = ((np.arange(camera.height) + 0.5 - camera.K[1, 2]) / camera.K[1, 1])[:, None]
    down = -(rotation[0, 2] * x + rotation[1, 2] * y + rotation[2, 2]) / np.sqrt(x * x + y * y + 1.0)
    return (255.0 * np.clip(down / max(eye_z, 1e-3), 0.0, 1.0)).astype(np.float32)
