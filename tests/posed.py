"""People of a label posed in front of a given camera: scenes for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posedreamer.bodies import load_body
from posedreamer.geometry.camera import to_camera
from posedreamer.records import Camera, Label, Person, PosedPerson, Scene


def scene_of(people: Sequence[Person], camera: Camera, posture: str = "upright") -> Scene:
    """A scene of these people, all in one posture."""
    return Scene(
        label=Label(
            label_id="00000000-test",
            index=0,
            people=tuple(people),
            source="test",
            clip="test",
            licence="CC0-1.0",
            seed=0,
        ),
        camera=camera,
        people=tuple(_posed(person, camera, posture) for person in people),
    )


def _posed(person: Person, camera: Camera, posture: str) -> PosedPerson:
    pose = load_body(person.body_model).pose({name: value[None] for name, value in person.parameters.items()})
    return PosedPerson(
        person=person,
        vertices_cam_m=to_camera(camera, pose.vertices_m[0].numpy()).astype(np.float32),
        keypoints_cam_m=to_camera(camera, pose.keypoints_m[0].numpy()).astype(np.float32),
        posture=posture,
    )
