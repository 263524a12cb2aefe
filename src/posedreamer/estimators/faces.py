"""The face mesh on LiteRT: 468 points of the face of a person whom BlazePose found.

Y. Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019. Where mediapipe
searches the face with a detector of its own, this takes the place that BlazePose's nose, eyes, ears and mouth give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float64

from posedreamer.estimators.blazepose import Detection
from posedreamer.estimators.litert import LiteModel
from posedreamer.estimators.memo import memo, picture_key
from posedreamer.estimators.person_boxes import Roi, crop
from posedreamer.estimators.weights import face_mesh_file
from posedreamer.geometry.keypoints import BLAZEPOSE_33
from posedreamer.records import Picture

__all__ = ["Face", "face_of", "face_square"]

_CROP_PX: Final = 192
_POINTS: Final = 468
_CROP_CM: Final = 26.0
"""What the crop spans on a face of the canonical model's size: the mesh's box and a quarter of it on either side."""
_EYES: Final = BLAZEPOSE_33.indices_of(("right_eye", "left_eye"))
_EARS: Final = BLAZEPOSE_33.indices_of(("right_ear", "left_ear"))
_MOUTH: Final = BLAZEPOSE_33.indices_of(("right_mouth", "left_mouth"))
_NOSE: Final = BLAZEPOSE_33.index("nose")
_EAR_TO_EAR_CM, _EYES_TO_MOUTH_CM, _NOSE_TO_EARS_CM = 15.3, 7.0, 9.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What the face mesh sees.

    Attributes:
        score: chance in [0, 1] that the crop shows a face; without one the points mean nothing.
        points_px: x, y in picture pixels, in the order of the canonical face model.
        size_px: the longer side of the points' box.
    """

    score: float
    points_px: Float64[np.ndarray, "468 2"] = field(repr=False)
    size_px: float


def face_of(picture: Picture, person: Detection) -> Face:
    """The person's face, or a low score; once per picture and person.

    Raises MissingWeightsError when the model is neither cached nor reachable.
    """
    roi = face_square(person)
    key = ("face", picture_key(picture.pixels), person.landmarks_px[: _MOUTH.max() + 1].tobytes())
    return memo().answer(key, lambda: _look_at(picture, roi), lambda face: face.points_px.nbytes)


def face_square(person: Detection) -> Roi:
    """The square around the face, its eyes level; turned heads foreshorten distances, so the longest one counts."""
    points = person.landmarks_px
    eyes, ears, mouth = (points[rows].mean(axis=0) for rows in (_EYES, _EARS, _MOUTH))
    px_per_cm = max(
        math.dist(*points[_EARS]) / _EAR_TO_EAR_CM,
        math.dist(eyes, mouth) / _EYES_TO_MOUTH_CM,
        math.dist(points[_NOSE], ears) / _NOSE_TO_EARS_CM,
    )
    x, y = points[_EYES[1]] - points[_EYES[0]] + points[_EARS[1]] - points[_EARS[0]]
    return Roi(
        centre_x_px=float(eyes[0] + mouth[0]) / 2,
        centre_y_px=float(eyes[1] + mouth[1]) / 2,
        side_px=max(1.0, _CROP_CM * px_per_cm),
        rotation_rad=math.atan2(y, x),
    )


@lru_cache(maxsize=1)
def _model() -> LiteModel:
    return LiteModel(face_mesh_file())


def _look_at(picture: Picture, roi: Roi) -> Face:
    pixels = crop(picture.pixels, roi, _CROP_PX, repeat_border=False)
    raw, flag = _model().run((pixels.astype(np.float32) / np.float32(255))[None])
    unit = raw.reshape(_POINTS, 3)[:, :2].astype(np.float64) / _CROP_PX
    points_px = unit @ (matrix := roi.picture_from_unit())[:2, :2].T + matrix[:2, 2]
    logit = float(np.clip(flag.reshape(-1)[0], -100.0, 100.0))
    return Face(
        score=1.0 / (1.0 + math.exp(-logit)),
        points_px=points_px,
        size_px=float(np.ptp(points_px, axis=0).max()),
    )
