"""A condition painted: people dressed and shaded, a place round them, shadows on its ground, a camera's faults."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from posedreamer.bodies import load_body
from posedreamer.errors import InputError
from posedreamer.records import Camera, Condition, Picture
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.studio.chart import BodyChart, chart_of
from posedreamer.studio.dress import dress
from posedreamer.studio.lamps import aim_lamp, cast_contact, cast_shadow
from posedreamer.studio.looks import linear_of, look_of
from posedreamer.studio.photos import PhotoFolder
from posedreamer.studio.shading import shade_person
from posedreamer.studio.stage import build_stage, ground_point_cam_m, lit_stage, paint_stage
from posedreamer.studio.wardrobe import LIGHTS, PLACES, check_caption

__all__ = ["paint_condition"]

_FINE: Final = 2
_FINEST_PX: Final = 1024
_STEPS: Final = 4096
_WHITE: Final = 2.0


@lru_cache(maxsize=4)
def _chart(body_model: str) -> BodyChart:
    return chart_of(load_body(body_model))


def paint_condition(condition: Condition, seed: int, photos: PhotoFolder | None) -> Picture:
    """The picture of a condition; the same for the same condition, seed and photos.

    Raises InputError for a word that the studio cannot paint, or as many appearances as there are not people.
    """
    scene, caption = condition.scene, condition.caption
    check_caption(caption)
    if len(caption.appearances) != len(scene.people):
        raise InputError(
            f"The caption describes {len(caption.appearances)} people, the scene has {len(scene.people)}. "
            "Write one appearance per person."
        )
    rng = np.random.default_rng(seed)
    place = PLACES[caption.place]
    floor = linear_of(place.floor_rgb[int(rng.integers(len(place.floor_rgb)))])
    charts = [_chart(posed.person.body_model) for posed in scene.people]
    codes = [
        (look_of(appearance, chart.landmarks, rng), chart.landmarks)
        for appearance, chart in zip(caption.appearances, charts, strict=True)
    ]
    people = [
        dress(chart, posed.vertices_cam_m, code[0])
        for chart, posed, code in zip(charts, scene.people, codes, strict=True)
    ]
    lamp = aim_lamp(LIGHTS[caption.light], scene.camera, floor, rng)
    shadow = cast_shadow(people, lamp)
    points = np.concatenate([person.vertices_m for person in people])
    stage = lit_stage(build_stage(place, scene.camera, points, floor, rng), lamp)
    contact = cast_contact(people, lamp, ground_point_cam_m(stage))
    behind = paint_stage(stage, scene.camera, shadow, contact)
    backdrop = behind.linear
    if photos is not None:
        backdrop = photos.linear(rng, scene.camera.width, scene.camera.height) * behind.ground_light[..., None]
    fine = _finer(scene.camera)
    meshes = [Mesh(vertices_cam_m=person.vertices_m, faces=person.faces) for person in people]
    buffers = rasterize(meshes, fine)
    linear = np.zeros((fine.height, fine.width, 3), dtype=np.float32)
    for index, (person, code) in enumerate(zip(people, codes, strict=True)):
        shade_person(person, index, buffers, fine, code, (lamp, shadow), linear)
    covered = (buffers.person_id >= 0).astype(np.float32)
    distance_m = float(np.median(points[:, 2]))
    far = _out_of_focus(backdrop, behind.distance_m, distance_m) if photos is None else backdrop
    merged = _merged(linear, covered, far, scene.camera)
    return Picture(pixels=_developed(merged, rng))


def _finer(camera: Camera) -> Camera:
    factor = _FINE if max(camera.width, camera.height) <= _FINEST_PX else 1
    K = camera.K.copy()
    K[:2] *= factor
    return Camera(width=camera.width * factor, height=camera.height * factor, K=K, cam_from_world=camera.cam_from_world)


def _out_of_focus(
    linear: Float32[np.ndarray, "h w 3"], distance_m: Float32[np.ndarray, "h w"], focus_m: float
) -> Float32[np.ndarray, "h w 3"]:
    """What lies far behind the people, softened."""
    sigma = 0.004 * max(linear.shape[:2])
    soft = np.asarray(cv2.GaussianBlur(linear, (0, 0), sigma), dtype=np.float32)
    share = np.clip((distance_m / focus_m - 1.15) / 1.2, 0.0, 1.0)[..., None].astype(np.float32)
    return linear + (soft - linear) * share


def _merged(
    people: Float32[np.ndarray, "fh fw 3"],
    covered: Float32[np.ndarray, "fh fw"],
    backdrop: Float32[np.ndarray, "h w 3"],
    camera: Camera,
) -> Float32[np.ndarray, "h w 3"]:
    """People over the backdrop, their edges averaged down."""
    size = (camera.width, camera.height)
    front = np.minimum(people, 1.2, out=people)
    if people.shape[1] != camera.width:
        front = cv2.resize(people, size, interpolation=cv2.INTER_AREA)
        covered = np.asarray(cv2.resize(covered, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    return np.asarray(front + backdrop * (1.0 - covered[..., None]), dtype=np.float32)


def _developed(linear: Float32[np.ndarray, "h w 3"], rng: np.random.Generator) -> UInt8[np.ndarray, "h w 3"]:
    """8-bit sRGB with a film's shoulder and a sensor's noise."""
    value = np.linspace(0.0, _WHITE, _STEPS)
    bent = np.where(value < 0.75, value, 0.75 + 0.25 * np.tanh((value - 0.75) / 0.25))
    curve = np.where(bent <= 0.0031308, 12.92 * bent, 1.055 * bent ** (1 / 2.4) - 0.055).astype(np.float32) * 255.0
    index = np.clip(linear * ((_STEPS - 1) / _WHITE), 0, _STEPS - 1).astype(np.int32)
    noise = rng.standard_normal(linear.shape, dtype=np.float32) * np.float32(rng.uniform(0.6, 2.2))
    return np.clip(curve[index] + noise + 0.5, 0, 255).astype(np.uint8)
