"""Buffers, annotations, conditions, pictures and scores: from a scene to a judged candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

from posedreamer.records.appearance import Caption
from posedreamer.records.people import Camera, Person, Scene

__all__ = [
    "REGIONS",
    "Annotation",
    "Buffers",
    "Candidate",
    "Condition",
    "Judged",
    "PersonAnnotation",
    "Picture",
]

REGIONS: Final = ("background", "skin", "hair", "top", "bottom", "shoes", "prop")
"""What a pixel of a painted picture shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """What one rasterisation of a scene yields, per pixel, at pixel centres.

    Attributes:
        depth_m: z in the camera frame, +inf where there is no surface; finite on props, too.
        person_id: index into ``scene.people``, -1 for background and props.
        face_id: index into that person's ``faces``, -1 for background and props.
        barycentrics: perspective-correct weights of the face's three corners; zeros on background and props.
    """

    depth_m: Float32[np.ndarray, "h w"] = field(repr=False)
    person_id: Int32[np.ndarray, "h w"] = field(repr=False)
    face_id: Int32[np.ndarray, "h w"] = field(repr=False)
    barycentrics: Float32[np.ndarray, "h w 3"] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnnotation:
    """The true 2D and 3D label of one person in one picture.

    Attributes:
        keypoints_2d: COCO-17 order, columns x px, y px, v (2 visible, 1 in frame but occluded, 0 outside).
        keypoints_3d_cam_m: COCO-17 order.
        feet_2d, left_hand_2d, right_hand_2d: same columns, layouts FEET_6 and HAND_21.
        bbox_xywh_px: tight box of the person's visible pixels; (0, 0, 0, 0) when none is visible.
        amodal_bbox_xywh_px: box of all projected mesh vertices, unclipped; the OKS area is its width x height.
        visible_px: count of pixels where this person is in front.
        posture: "upright", "floor" or "inverted".
    """

    person: Person
    keypoints_2d: Float32[np.ndarray, "17 3"]
    keypoints_3d_cam_m: Float32[np.ndarray, "17 3"]
    feet_2d: Float32[np.ndarray, "6 3"]
    left_hand_2d: Float32[np.ndarray, "21 3"]
    right_hand_2d: Float32[np.ndarray, "21 3"]
    bbox_xywh_px: Float64[np.ndarray, "4"]
    amodal_bbox_xywh_px: Float64[np.ndarray, "4"]
    visible_px: int
    posture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """All that is true of a picture: its people, nearest first or in label order, and its camera.

    Attributes:
        person_id: per pixel index into ``people``, -1 for background and props.
    """

    camera: Camera
    people: tuple[PersonAnnotation, ...]
    person_id: Int32[np.ndarray, "h w"] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Everything a generator may look at: scene, buffers, caption. Control maps are encoded from these on demand."""

    condition_id: str
    scene: Scene
    buffers: Buffers
    annotation: Annotation
    caption: Caption


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An RGB picture, 8 bit sRGB.

    Attributes:
        regions: per pixel an index into REGIONS, from painters that know what they painted; clothes end elsewhere
            than body parts do. None from painters that do not.
    """

    pixels: UInt8[np.ndarray, "h w 3"] = field(repr=False)
    regions: UInt8[np.ndarray, "h w"] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One picture of one condition, with all that is needed to paint it again alone.

    ``generator_licence`` is that of all the models that painted it, "" where nobody states one.
    """

    condition: Condition
    candidate_index: int
    seed: int
    picture: Picture
    generator: str
    generator_revision: str
    generator_licence: str = ""

    @property
    def id(self) -> str:
        """Unique in the data set: condition id and candidate index."""
        return f"{self.condition.condition_id}-{self.candidate_index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate and its scores: name -> finite number. A score that does not apply is absent, never zero."""

    candidate: Candidate
    scores: Mapping[str, float]
