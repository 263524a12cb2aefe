"""From a label to a scene: bodies posed in metres, a camera drawn, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.bodies import load_body
from posedreamer.bodies.posture import posture
from posedreamer.errors import InputError
from posedreamer.geometry.camera import letterboxed, project_px, to_camera
from posedreamer.geometry.keypoints import BODY_65, COCO_17
from posedreamer.records import Camera, Label, Person, PosedPerson, Prop, Scene
from posedreamer.scenes.props import Body, draw_occluder, draw_seat
from posedreamer.scenes.protocol import CameraSampler

__all__ = ["Refusal", "SceneBuilder", "scene_of"]

NEAR_M: Final = 0.2
COCO_ROWS: Final = BODY_65.indices_of(COCO_17.names)
HEAD_ROWS: Final = COCO_17.indices_of(("nose", "left_eye", "right_eye", "left_ear", "right_ear"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a label has no scene: ``reason`` is "too_close", "out_of_frame" or "head_out_of_frame"."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneBuilder:
    """Poses a label's people, frames them, and gives them things.

    Attributes:
        cameras: sampler -> weight; each label draws one.
        width, height: picture size in pixels.
        min_joints_in_frame: a person with fewer COCO joints in the frame refuses the scene.
        head_in_frame: a person with nose, eyes and ears all outside the frame refuses the scene.
        seats: people who sit above the ground get something to sit on, where there is room for it.
        occluder_share: share of scenes in which a thing is tried for between the camera and the people.
    """

    cameras: Mapping[CameraSampler, float]
    width: int
    height: int
    min_joints_in_frame: int = 8
    head_in_frame: bool = False
    seats: bool = False
    occluder_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse an empty or negative mixture, and a share that is none."""
        if not self.cameras or min(self.cameras.values()) < 0 or sum(self.cameras.values()) <= 0:
            raise InputError(f"camera weights: found {list(self.cameras.values())}, expected some above 0, none below")
        if not 0.0 <= self.occluder_share <= 1.0:
            raise InputError(f"occluder_share: found {self.occluder_share}, expected a share within [0, 1]")

    def build(self, label: Label, rng: np.random.Generator) -> Scene | Refusal:
        """The scene of a label; all randomness comes from ``rng``.

        People and camera are the same with and without things. A label that was read off a picture keeps its camera;
        where its picture has another shape than the scene's, it stands whole in the middle.
        """
        posed = [_posed_world(person) for person in label.people]
        camera = self._camera(label, np.stack([keypoints for _, keypoints in posed]), rng)
        people = tuple(_in_camera(person, each, camera) for person, each in zip(label.people, posed, strict=True))
        reason = self._refusal(camera, people)
        if reason:
            return Refusal(reason)
        return Scene(label=label, camera=camera, people=people, props=self._props(label, posed, camera, rng))

    def _camera(self, label: Label, keypoints_m: Float[np.ndarray, "p 65 3"], rng: np.random.Generator) -> Camera:
        if label.camera is not None:
            return letterboxed(label.camera, self.width, self.height)
        samplers = list(self.cameras)
        weights = np.array([self.cameras[sampler] for sampler in samplers], dtype=np.float64)
        sampler = samplers[int(rng.choice(len(samplers), p=weights / weights.sum()))]
        return sampler.camera(keypoints_m, self.width, self.height, rng)

    def _props(
        self, label: Label, posed: list[tuple[np.ndarray, np.ndarray]], camera: Camera, rng: np.random.Generator
    ) -> tuple[Prop, ...]:
        seat_rng, occluder_rng = rng.spawn(2)
        has_occluder = occluder_rng.random() < self.occluder_share
        if not self.seats and not has_occluder:
            return ()
        bodies = [
            Body(
                vertices_m=vertices,
                faces=load_body(person.body_model).topology.faces,
                keypoints_m=keypoints,
                action=person.action,
            )
            for person, (vertices, keypoints) in zip(label.people, posed, strict=True)
        ]
        seats = [draw_seat(index, bodies, camera, seat_rng) for index in range(len(bodies))] if self.seats else []
        props = [seat for seat in seats if seat is not None]
        if has_occluder:
            occluder = draw_occluder(bodies, props, camera, occluder_rng)
            props += [occluder] if occluder else []
        return tuple(props)

    def _refusal(self, camera: Camera, people: tuple[PosedPerson, ...]) -> str:
        for posed in people:
            if posed.vertices_cam_m[:, 2].min() < NEAR_M:
                return "too_close"
            joints_px = project_px(camera, posed.keypoints_cam_m[COCO_ROWS])
            inside = np.all((joints_px >= 0) & (joints_px < (camera.width, camera.height)), axis=1)
            if int(inside.sum()) < self.min_joints_in_frame:
                return "out_of_frame"
            if self.head_in_frame and not inside[HEAD_ROWS].any():
                return "head_out_of_frame"
        return ""


def scene_of(label: Label, camera: Camera, props: tuple[Prop, ...] = ()) -> Scene:
    """The scene of a label whose camera and props are known, as it was built the first time."""
    people = tuple(_in_camera(person, _posed_world(person), camera) for person in label.people)
    return Scene(label=label, camera=camera, people=people, props=props)


def _in_camera(person: Person, posed: tuple[np.ndarray, np.ndarray], camera: Camera) -> PosedPerson:
    vertices, keypoints = posed
    return PosedPerson(
        person=person,
        vertices_cam_m=to_camera(camera, vertices).astype(np.float32),
        keypoints_cam_m=to_camera(camera, keypoints).astype(np.float32),
        posture=posture(keypoints),
    )


def _posed_world(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and 65 keypoints of one person in the world frame, metres."""
    body = load_body(person.body_model)
    result = body.pose({name: np.array(value)[None] for name, value in person.parameters.items()})
    return result.vertices_m[0].numpy(), result.keypoints_m[0].numpy()
