"""Conditions of neutral bodies in front of a plain camera, for the studio's and the generator's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from posedreamer.bodies import load_body
from posedreamer.geometry.camera import intrinsics_px, look_at, to_camera
from posedreamer.records import Appearance, Camera, Caption, Condition, Garment, Label, Person, PosedPerson, Scene
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.scenes.annotate import annotate

PLAIN = Appearance(
    gender="woman",
    age="adult",
    skin="light",
    hair_cut="short",
    hair_colour="brown",
    top=Garment(kind="t-shirt", colour="red"),
    bottom=Garment(kind="trousers", colour="blue"),
    shoes=Garment(kind="trainers", colour="white"),
)


def dressed_in(**words: Any) -> Appearance:
    return replace(PLAIN, **words)


def condition(
    appearances: Sequence[Appearance] = (PLAIN,),
    *,
    places_m: Sequence[tuple[float, float]] = ((0.0, 0.0),),
    size: tuple[int, int] = (128, 128),
    azimuth_rad: float = 0.5,
    condition_id: str = "one",
    **words: str,
) -> Condition:
    """People who stand in their rest pose at ``places_m`` (x, y in metres; y grows away from the camera)."""
    width, height = size
    eye_m = np.array([3.6 * np.sin(azimuth_rad), -3.6 * np.cos(azimuth_rad), 1.2])
    camera = Camera(
        width=width,
        height=height,
        K=intrinsics_px(1.35 * min(width, height), width, height),
        cam_from_world=look_at(eye_m, np.array([0.0, 0.0, 0.85])),
    )
    people = tuple(_standing(camera, place_m) for place_m in places_m)
    label = Label(
        label_id="label",
        index=0,
        people=tuple(posed.person for posed in people),
        source="test",
        clip="test",
        licence="CC0-1.0",
        seed=0,
    )
    scene = Scene(label=label, camera=camera, people=people)
    faces = load_body("anny").topology.faces
    buffers = rasterize([Mesh(vertices_cam_m=posed.vertices_cam_m, faces=faces) for posed in people], camera)
    return Condition(
        condition_id=condition_id,
        scene=scene,
        buffers=buffers,
        annotation=annotate(scene, buffers),
        caption=caption(tuple(appearances), **words),
    )


def caption(
    appearances: tuple[Appearance, ...],
    place: str = "a photo studio",
    setting: str = "indoor",
    light: str = "bright studio light",
) -> Caption:
    return Caption(
        text="a photo",
        negative_text="",
        appearances=appearances,
        place=place,
        setting=setting,
        light=light,
        view="",
    )


def _standing(camera: Camera, place_m: tuple[float, float]) -> PosedPerson:
    body = load_body("anny")
    parameters = body.neutral(1)
    parameters["transl"][0] = (*place_m, 0.0)
    low_m = float(body.pose(parameters).vertices_m[0, :, 2].min())
    parameters["transl"][0, 2] = -low_m
    pose = body.pose(parameters)
    return PosedPerson(
        person=Person(
            body_model="anny", parameters={name: value[0] for name, value in parameters.items()}, action="standing"
        ),
        vertices_cam_m=to_camera(camera, pose.vertices_m[0].numpy()).astype(np.float32),
        keypoints_cam_m=to_camera(camera, pose.keypoints_m[0].numpy()).astype(np.float32),
        posture="upright",
    )
