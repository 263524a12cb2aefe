"""Does the head look where its label looks? Degrees between them, as in PoseDreamer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float64

from posedreamer.errors import RecipeError
from posedreamer.estimators.blazepose import Detection
from posedreamer.estimators.faces import Face, face_of
from posedreamer.estimators.weights import blazepose_files, face_mesh_file
from posedreamer.geometry.heads import (
    HEAD_NAMES,
    HEAD_ROWS,
    facing_deg,
    frame_of_head,
    turn_between_deg,
    turn_of_points,
)
from posedreamer.geometry.keypoints import BLAZEPOSE_33
from posedreamer.records import Annotation, Camera, Picture
from posedreamer.scoring.sight import look

__all__ = ["HeadPoseScorer"]

_BODY_ROWS: Final = BLAZEPOSE_33.indices_of(HEAD_NAMES)
_AWAY_DEG: Final = 100.0
_HEAD_M: Final = 0.2
_MIN_HEAD_PX: Final = 8.0
_MIN_SHOWN: Final = 2
_MIN_FACE_SCORE: Final = 0.5
_FACE_MODEL_CM: Final[Mapping[int, tuple[float, float, float]]] = MappingProxyType(
    {
        1: (0.0, -1.126865, 7.475604),
        4: (0.0, -0.463170, 7.586580),
        33: (-4.445859, 2.663991, 3.173422),
        263: (4.445859, 2.663991, 3.173422),
        133: (-1.856432, 2.585245, 3.757904),
        362: (1.856432, 2.585245, 3.757904),
        61: (-2.456206, -4.342621, 4.283884),
        291: (2.456206, -4.342621, 4.283884),
        98: (-1.405627, -1.714196, 5.241087),
        327: (1.405627, -1.714196, 5.241087),
        168: (0.0, 3.271027, 5.236015),
    }
)
"""Corners of eyes and mouth, nose and its root in mediapipe's canonical face model: x to the person's left, y up.

The rim of the face is left out: on a turned head its points slide along the contour.
"""
_FACE_ROWS: Final = np.array(list(_FACE_MODEL_CM), dtype=np.int64)
_FACE_PITCH_RAD: Final = np.radians(6.0)
"""The canonical face looks further up than the frame of nose, eyes and ears by this much (31 exact studio faces)."""


def _face_model_m() -> Float64[np.ndarray, "11 3"]:
    cosine, sine = np.cos(_FACE_PITCH_RAD), np.sin(_FACE_PITCH_RAD)
    pitch = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    return np.array(list(_FACE_MODEL_CM.values())) @ pitch.T / 100.0


class HeadPoseScorer:
    """Compares the label's head (nose, eyes and ears in 3D) with the picture's.

    - ``head_error_deg``: angle of the rotation between the two, of the judged person for whom it is largest. By the
      face mesh and PnP where a face of at least ``min_face_px`` is seen, by BlazePose's nose, eyes and ears (x and y
      from the picture, z from its estimate) otherwise.
    - ``head_by_face``: 1 where the face mesh gave that angle, 0 where BlazePose did: it knows a head less well.

    Absent where no judged person's head can be judged: it looks more than 100 degrees away from the camera, fewer
    than two of its five points are in view, or it is smaller than 8 px; and where BlazePose's ``found`` is 0.

    On exact studio pictures at 256 px, heads of about 16 px: median 10 degrees for those within 50 degrees of the
    camera, 16 up to 110; one in twenty exceeds 40. A head turned by 30 degrees is within that noise, by 90 it is not.
    """

    name = "head_pose"
    version = "blazepose-full-face-mesh-0.10.21-1"
    gives = ("head_error_deg", "head_by_face")

    def __init__(self, *, min_face_px: float = 48.0) -> None:
        """``min_face_px``: faces whose mesh is smaller are judged by BlazePose. Raises RecipeError below 1."""
        if not min_face_px >= 1.0:
            raise RecipeError(f"scorer head_pose: found min_face_px={min_face_px}; expected at least 1")
        self._min_face_px = min_face_px

    def fetch(self) -> None:
        """The weights of BlazePose and the face mesh are on this machine afterwards; MissingWeightsError otherwise."""
        blazepose_files()
        face_mesh_file()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises MissingWeightsError as BlazePose does."""
        return [self._score(picture, label) for picture, label in zip(pictures, annotations, strict=True)]

    def _score(self, picture: Picture, label: Annotation) -> Mapping[str, float]:
        sight = look(picture, label)
        worst: dict[str, float] = {}
        for pair in sight.pairs:
            person = sight.label.people[pair.person]
            points_m = person.keypoints_3d_cam_m.astype(np.float64)
            is_shown = person.keypoints_2d[HEAD_ROWS, 2] == 2
            if int(is_shown.sum()) < _MIN_SHOWN or not _is_judgeable(points_m, sight.label.camera):
                continue
            degrees, is_by_face = self._error(sight.picture, sight.label.camera, pair.detection, points_m[HEAD_ROWS])
            if degrees >= worst.get("head_error_deg", 0.0):
                worst = {"head_error_deg": degrees, "head_by_face": float(is_by_face)}
        return worst

    def _error(
        self, picture: Picture, camera: Camera, person: Detection, head_m: Float64[np.ndarray, "5 3"]
    ) -> tuple[float, bool]:
        true = frame_of_head(head_m)
        face = face_of(picture, person)
        if face.score > _MIN_FACE_SCORE and face.size_px >= self._min_face_px:
            turn = _turn_of_face(face, camera, true, head_m)
            if turn is not None:
                return turn_between_deg(true, turn), True
        return turn_between_deg(true, _turn_by_body(person, camera, head_m)), False


def _is_judgeable(points_m: Float64[np.ndarray, "17 3"], camera: Camera) -> bool:
    away_deg, depth_m = facing_deg(points_m), float(points_m[HEAD_ROWS, 2].mean())
    if away_deg is None or away_deg > _AWAY_DEG or depth_m <= 0.0:
        return False
    return float(camera.K[0, 0]) * _HEAD_M / depth_m >= _MIN_HEAD_PX


def _turn_of_face(
    face: Face, camera: Camera, true: Float64[np.ndarray, "3 3"], head_m: Float64[np.ndarray, "5 3"]
) -> Float64[np.ndarray, "3 3"] | None:
    return turn_of_points(face.points_px[_FACE_ROWS], _face_model_m(), camera.K, (true, head_m.mean(axis=0)))


def _turn_by_body(person: Detection, camera: Camera, head_m: Float64[np.ndarray, "5 3"]) -> Float64[np.ndarray, "3 3"]:
    """Kabsch on x, y in the picture and BlazePose's z, all at the label's size of head."""
    seen_px, seen_m = person.landmarks_px[_BODY_ROWS], person.landmarks_world_m[_BODY_ROWS]
    seen_m = seen_m - seen_m.mean(axis=0)
    size = float(np.linalg.norm(head_m - head_m.mean(axis=0)) / max(float(np.linalg.norm(seen_m)), 1e-9))
    across_m = (seen_px - seen_px.mean(axis=0)) * float(head_m[:, 2].mean()) / np.diag(camera.K)[:2]
    return frame_of_head(np.column_stack([across_m, seen_m[:, 2] * size]))
