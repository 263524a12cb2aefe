"""Labels, cameras and scenes: who is where, before anything is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

__all__ = ["PROP_MATERIALS", "UNKNOWN_ACTION", "Camera", "Label", "Person", "PosedPerson", "Prop", "Scene"]

UNKNOWN_ACTION: Final = "unknown"
"""What a person does where the source does not say; captions leave it out."""

PROP_MATERIALS: Final = ("paint", "wood", "cloth", "metal", "leaves", "rubber", "white")
"""What a face of a prop is made of; paint, wood and cloth are in the prop's colour, the others in their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A body model's id and all its parameters by name, in the world frame (z up, metres, radians).

    Attributes:
        body_model: catalogue id of the body model, e.g. "anny".
        parameters: parameter name -> float32 array, unbatched; the names and shapes are those of the model's
            ``BodySpec.parameters``. Rotations are axis-angle, one row per bone.
        action: the pose family in words a caption can use, e.g. "walking"; UNKNOWN_ACTION where the source has none.
    """

    body_model: str
    parameters: Mapping[str, Float32[np.ndarray, "..."]] = field(repr=False)
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A pinhole camera in pixels, OpenCV axes (x right, y down, z forward).

    Attributes:
        width, height: picture size in pixels. The centre of the top left pixel is (0.5, 0.5).
        K: intrinsics in pixels.
        cam_from_world: rigid transform, world (z up) to camera, metres.
    """

    width: int
    height: int
    K: Float64[np.ndarray, "3 3"]
    cam_from_world: Float64[np.ndarray, "4 4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One or more people with their origin: small, printable, the start of every sample.

    Attributes:
        label_id: unique in a run; sorts by index.
        index: position in the run's stream of labels, from 0.
        people: at least one; positions are relative to one another in one world frame, ground at z = 0.
        source: catalogue id or file name of the source.
        clip: the unit that splits must not tear apart (a motion clip; a single draw of the prior).
        licence: SPDX id or a short name, e.g. "CC0-1.0", "AMASS non-commercial".
        seed: the seed this label was drawn with.
        camera: the one that saw these people, where they were read off a picture; None leaves it to a sampler.
    """

    label_id: str
    index: int
    people: tuple[Person, ...]
    source: str
    clip: str
    licence: str
    seed: int
    camera: Camera | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedPerson:
    """A person's mesh and keypoints in the camera frame (metres).

    Attributes:
        keypoints_cam_m: rows in the order of ``geometry.keypoints.BODY_65``.
        posture: "upright", "floor" or "inverted" (see ``scenes.posture``).
    """

    person: Person
    vertices_cam_m: Float32[np.ndarray, "v 3"] = field(repr=False)
    keypoints_cam_m: Float32[np.ndarray, "65 3"] = field(repr=False)
    posture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """A thing that stands with the people: it may hide a part of them, or carry one.

    Attributes:
        kind: a noun that captions say ("stool", "suitcase").
        colour: a key of COLOURS_RGB.
        vertices_cam_m: camera frame, metres.
        faces: counter-clockwise seen from outside.
        face_material: of each face, an index into PROP_MATERIALS.
        seats: index of the person who sits on it, -1 for a thing that only stands there.
    """

    kind: str
    colour: str
    vertices_cam_m: Float32[np.ndarray, "v 3"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_material: UInt8[np.ndarray, " f"] = field(repr=False)
    seats: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A label posed in front of a camera, with props; every person is in front of the near plane."""

    label: Label
    camera: Camera
    people: tuple[PosedPerson, ...]
    props: tuple[Prop, ...] = ()
