"""A condition painted: people dressed and shaded, a place round them, shadows on its ground, a camera's faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32

from posedreamer.bodies import load_body
from posedreamer.errors import InputError
from posedreamer.records import Buffers, Camera, Condition, Picture
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.studio.casting import StagePicture, paint_stage
from posedreamer.studio.chart import BodyChart, Landmarks, chart_of
from posedreamer.studio.dress import DressedPerson, dress
from posedreamer.studio.hair import Ground
from posedreamer.studio.lamps import Caster, KeyShadow, Lamp, aim_lamp, cast_contact, cast_shadow
from posedreamer.studio.lens import draw_faults, draw_flash_faults, photographed
from posedreamer.studio.looks import Look, linear_of, look_of
from posedreamer.studio.photos import PhotoFolder
from posedreamer.studio.plan import Plan
from posedreamer.studio.props import prop_surfaces, shade_props
from posedreamer.studio.regions import region_map
from posedreamer.studio.shading import Painted, shade_person
from posedreamer.studio.stage import build_stage, furnished, ground_point_cam_m, lit_stage
from posedreamer.studio.styles import Style, drawn, flash_reach, with_flash
from posedreamer.studio.wardrobe import LIGHTS, PLACES, check_caption

__all__ = ["chart_of_body", "paint_condition", "paint_planned"]

_FINE: Final = 2
_FINEST_PX: Final = 1024
_PALER: Final = (0.4, 0.8)


@lru_cache(maxsize=4)
def chart_of_body(body_model: str) -> BodyChart:
    """The chart of the body model of that name, made once."""
    return chart_of(load_body(body_model))


@dataclass(frozen=True, slots=True)
class _Actor:
    """A person ready to be painted."""

    surface: DressedPerson
    look: Look
    landmarks: Landmarks


def paint_condition(condition: Condition, seed: int, photos: PhotoFolder | None, style: Style = "photo") -> Picture:
    """The picture of a condition; the same for the same condition, seed, photos and style.

    Raises InputError for a word that the studio cannot paint, or as many appearances as there are not people.
    """
    return paint_planned(condition, seed, photos, style)[0]


def paint_planned(
    condition: Condition, seed: int, photos: PhotoFolder | None = None, style: Style = "photo"
) -> tuple[Picture, Plan]:
    """``paint_condition`` with the plan of the place that it shows."""
    _check(condition)
    rng = np.random.default_rng(seed)
    camera, place = condition.scene.camera, PLACES[condition.caption.place]
    floor = linear_of(place.floor_rgb[int(rng.integers(len(place.floor_rgb)))])
    actors = _dressed(condition, rng)
    surfaces = [actor.surface for actor in actors]
    props = prop_surfaces(condition.scene)
    casters = [*surfaces, *props]
    light = LIGHTS[condition.caption.light]
    lamp = _styled(aim_lamp(light, camera, floor, rng), style, rng)
    shadow = cast_shadow(casters, lamp)
    points = np.concatenate([caster.vertices_m for caster in casters])
    stage = lit_stage(build_stage(place, camera, points, floor, rng), lamp, light)
    contact = cast_contact(casters, lamp, ground_point_cam_m(stage))
    plan = Plan(stage, furnished(stage, place, rng))
    behind = paint_stage(stage, plan.blocks, camera, shadow, contact)
    focus_m = float(np.median(np.concatenate([surface.vertices_m for surface in surfaces])[:, 2]))
    if photos is None:
        backdrop = _out_of_focus(behind, focus_m, float(rng.uniform(0.0, 0.018)), float(rng.uniform(*_PALER)))
    else:
        backdrop = photos.linear(rng, camera.width, camera.height) * behind.ground_light[..., None]
    fine = _finer(camera)
    buffers = _rasterized(casters, fine)
    painted = _painted(actors, buffers, fine, lamp, shadow)
    shade_props(props, len(actors), buffers, fine, (lamp, shadow), painted)
    regions = region_map(painted.regions, painted.regions.shape[1] // camera.width)
    if style == "drawn":
        return Picture(pixels=drawn(painted, buffers.depth_m, backdrop, rng), regions=regions), plan
    if style == "snapshot":
        backdrop *= flash_reach(behind.distance_m, focus_m)
    faults = draw_flash_faults(rng) if style == "snapshot" else draw_faults(rng)
    return Picture(pixels=photographed(_merged(painted, backdrop, camera), faults, rng), regions=regions), plan


def _styled(lamp: Lamp, style: Style, rng: np.random.Generator) -> Lamp:
    if style == "snapshot":
        return with_flash(lamp, rng)
    return lamp._replace(softness=0.0) if style == "drawn" else lamp


def _check(condition: Condition) -> None:
    check_caption(condition.caption)
    described, shown = len(condition.caption.appearances), len(condition.scene.people)
    if described != shown:
        raise InputError(
            f"The caption describes {described} people, the scene has {shown}. Write one appearance per person."
        )


def _dressed(condition: Condition, rng: np.random.Generator) -> list[_Actor]:
    actors: list[_Actor] = []
    ground = Ground.under(condition.scene.camera)
    for posed, appearance in zip(condition.scene.people, condition.caption.appearances, strict=True):
        chart = chart_of_body(posed.person.body_model)
        look = look_of(appearance, chart.landmarks, rng)
        actors.append(_Actor(dress(chart, posed.vertices_cam_m, look, ground), look, chart.landmarks))
    return actors


def _rasterized(surfaces: Sequence[Caster], camera: Camera) -> Buffers:
    return rasterize([Mesh(vertices_cam_m=surface.vertices_m, faces=surface.faces) for surface in surfaces], camera)


def _painted(actors: Sequence[_Actor], buffers: Buffers, camera: Camera, lamp: Lamp, shadow: KeyShadow) -> Painted:
    """The people, black and background round them."""
    shape = (camera.height, camera.width)
    painted = Painted(np.zeros((*shape, 3), dtype=np.float32), np.zeros(shape, dtype=np.uint8))
    for index, actor in enumerate(actors):
        shade_person(actor.surface, index, buffers, camera, (actor.look, actor.landmarks), (lamp, shadow), painted)
    return painted


def _finer(camera: Camera) -> Camera:
    factor = _FINE if max(camera.width, camera.height) <= _FINEST_PX else 1
    K = camera.K.copy()
    K[:2] *= factor
    return Camera(width=camera.width * factor, height=camera.height * factor, K=K, cam_from_world=camera.cam_from_world)


def _out_of_focus(behind: StagePicture, focus_m: float, aperture: float, paler: float) -> Float32[np.ndarray, "h w 3"]:
    """The place, softened and paler where it lies far behind the people.

    ``aperture`` is the widest blur, a share of the longer side, ``paler`` the share of contrast that is lost far off.
    """
    # one ray a pixel: half a pixel of blur stands in for the edges' own averaging
    linear = np.asarray(cv2.GaussianBlur(behind.linear, (3, 3), 0.5), dtype=np.float32)
    beyond = (behind.distance_m / focus_m)[..., None]
    sigma = aperture * max(linear.shape[:2])
    if sigma > 0.6:
        soft = np.asarray(cv2.GaussianBlur(linear, (0, 0), sigma), dtype=np.float32)
        linear += (soft - linear) * np.clip((beyond - 1.15) / 1.2, 0.0, 1.0, dtype=np.float32)
    wide = (linear.shape[1] // 4 | 1, linear.shape[0] // 4 | 1)
    far = np.clip((beyond - 1.1) / 0.5, 0.0, 1.0, dtype=np.float32)
    around = np.asarray(cv2.blur(cv2.blur(linear, wide), wide), dtype=np.float32)
    return linear + np.float32(paler) * far * (around - linear)


def _merged(painted: Painted, backdrop: Float32[np.ndarray, "h w 3"], camera: Camera) -> Float32[np.ndarray, "h w 3"]:
    """People over the backdrop, their edges averaged down."""
    size = (camera.width, camera.height)
    front = np.minimum(painted.linear, 1.2, out=painted.linear)
    covered = (painted.regions > 0).astype(np.float32)
    if front.shape[1] != camera.width:
        front = cv2.resize(front, size, interpolation=cv2.INTER_AREA)
        covered = np.asarray(cv2.resize(covered, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    return np.asarray(front + backdrop * (1.0 - covered[..., None]), dtype=np.float32)
