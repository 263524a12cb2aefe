"""A place as a plan: what stands where and how far, without colour, light or people, for others to paint over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from posedreamer.errors import InputError, did_you_mean
from posedreamer.records import Camera, Condition
from posedreamer.studio.blocks import Blocks
from posedreamer.studio.casting import paint_stage
from posedreamer.studio.lamps import KeyShadow
from posedreamer.studio.lights import LIGHTS
from posedreamer.studio.looks import linear_of
from posedreamer.studio.places import PLACES
from posedreamer.studio.props import prop_surfaces
from posedreamer.studio.stage import Stage, build_stage, furnished

__all__ = ["Plan", "draw_plan", "plan_maps"]

_FARTHEST_M: Final = 400.0
_NEAREST: Final = 64.0
_DARKEST: Final = 0.02
_STEEPEST: Final = 1.0


class Plan(NamedTuple):
    """A stage and what stands on it behind the people."""

    stage: Stage
    blocks: Blocks


def draw_plan(condition: Condition, seed: int) -> Plan:
    """A place of the caption's kind round a scene's people, other for every seed.

    Raises InputError for a place or a light that the studio does not know.
    """
    caption, scene, rng = condition.caption, condition.scene, np.random.default_rng(seed)
    _check("place", caption.place, PLACES)
    _check("light", caption.light, LIGHTS)
    place, light = PLACES[caption.place], LIGHTS[caption.light]
    floor = linear_of(place.floor_rgb[int(rng.integers(len(place.floor_rgb)))])
    vertices = [posed.vertices_cam_m for posed in scene.people] + [prop.vertices_m for prop in prop_surfaces(scene)]
    stage = build_stage(place, scene.camera, np.concatenate(vertices), floor, rng)
    stage = stage._replace(zenith=light.zenith_rgb, horizon=light.horizon_rgb)
    return Plan(stage, furnished(stage, place, rng))


def plan_maps(plan: Plan, camera: Camera) -> UInt8[np.ndarray, "3 h w"]:
    """Distance, lines and sky of a plan, people left out, as 8-bit maps of the camera's size.

    Distance is logarithmic, 64 at 1 m and nearer, 0 at 400 m and in the sky; it is faint, as a map that is bright all
    over drowns the others in a network that begins to look at it. Lines are where tone or tint change under even light,
    seams and patterns among them: 255 where log radiance changes by 1 and more from pixel to pixel. The sky is 255.
    """
    stage = plan.stage._replace(key=(0.0, 0.0, 0.0), sky=(1.0, 1.0, 1.0), is_patched=False)
    even = paint_stage(stage, plan.blocks, camera, _NOTHING, _NOTHING)
    near = _NEAREST * (1.0 - np.log(np.maximum(even.distance_m, 1.0)) / np.log(_FARTHEST_M))
    sky = 255.0 * (even.distance_m >= _FARTHEST_M)
    return np.stack([near, _lines(even.linear), sky]).round().astype(np.uint8)


def _check(what: str, word: str, words: Mapping[str, object]) -> None:
    if word not in words:
        raise InputError(f"The caption's {what} is {word!r}, expected one of the studio's.{did_you_mean(word, words)}")


_NOTHING: Final = KeyShadow(
    map_from_cam=np.array([(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)]),
    depth_m=np.full((2, 2), np.inf, dtype=np.float32),
    darkness=np.zeros((2, 2), dtype=np.float32),
)


def _lines(linear: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w"]:
    tone = np.log(np.maximum(linear, 0.0) + np.float32(_DARKEST))
    across, down = (cv2.Scharr(tone, cv2.CV_32F, *axis, scale=1.0 / 32.0) for axis in ((1, 0), (0, 1)))
    steep = np.sqrt(across * across + down * down).max(axis=2)
    return np.minimum(255.0 * steep / _STEEPEST, 255.0).astype(np.float32)
