"""Where a head looks: from its five COCO points in 3D, and from points of its picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float64

from posedreamer.geometry.keypoints import COCO_17

__all__ = [
    "HEAD_MODEL_M",
    "HEAD_NAMES",
    "HEAD_ROWS",
    "facing_deg",
    "frame_of_head",
    "turn_between_deg",
    "turn_of_points",
]

HEAD_NAMES: Final = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
HEAD_ROWS: Final = COCO_17.indices_of(HEAD_NAMES)
HEAD_MODEL_M: Final = np.array(
    [
        *((0.0, -0.0119, 0.0525), (0.0298, 0.0179, 0.0267), (-0.0298, 0.0179, 0.0267)),
        *((0.0740, -0.0119, -0.0529), (-0.0740, -0.0119, -0.0529)),
    ]
)
"""The five points on the free body's mean head: x to its left, y up, z ahead, metres from their mean."""

_SMALLEST_M: Final = 0.02


def facing_deg(keypoints_cam_m: Float64[np.ndarray, "17 3"]) -> float | None:
    """Angle between where the head looks and the ray to the camera: 0 looks into the lens, 180 away from it.

    None for a head without extent, as in a label whose 3D points are not known.
    """
    nose, _, _, left_ear, right_ear = keypoints_cam_m[HEAD_ROWS]
    ahead = nose - (left_ear + right_ear) / 2.0
    distance_m = float(np.linalg.norm(nose))
    if float(np.linalg.norm(ahead)) < _SMALLEST_M or distance_m < _SMALLEST_M:
        return None
    cosine = float(-ahead @ nose) / (float(np.linalg.norm(ahead)) * distance_m)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def frame_of_head(points: Float64[np.ndarray, "5 3"]) -> Float64[np.ndarray, "3 3"]:
    """The rotation that turns HEAD_MODEL_M onto these points, whatever their size and place (Kabsch, 1976)."""
    u, _, vt = np.linalg.svd((points - points.mean(axis=0)).T @ HEAD_MODEL_M)
    return u @ np.diag([1.0, 1.0, 1.0 if np.linalg.det(u @ vt) > 0.0 else -1.0]) @ vt


def turn_of_points(
    points_px: Float64[np.ndarray, "n 2"],
    model: Float64[np.ndarray, "n 3"],
    K: Float64[np.ndarray, "3 3"],
    start: tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "3"]],
) -> Float64[np.ndarray, "3 3"] | None:
    """Rotation of a rigid model that best explains where its points are seen: PnP, refined from a start.

    ``start`` is a rotation and a translation, model to camera. None where the search leaves the numbers or ends with
    the model behind the camera.
    """
    rotation, translation = start
    with np.errstate(all="ignore"):
        is_solved, turn, moved = cv2.solvePnP(
            np.ascontiguousarray(model),
            np.ascontiguousarray(points_px),
            K,
            None,
            rvec=cv2.Rodrigues(rotation)[0],
            tvec=translation.reshape(3, 1).copy(),
            useExtrinsicGuess=True,
            flags=cv2.SOLVEPNP_ITERATIVE,
        )
    if not is_solved or not np.isfinite(turn).all() or float(moved[2, 0]) <= 0.0:
        return None
    return np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)


def turn_between_deg(one: Float64[np.ndarray, "3 3"], other: Float64[np.ndarray, "3 3"]) -> float:
    """The angle of the rotation from one to the other, 0 to 180 degrees."""
    cosine = (float(np.trace(one.T @ other)) - 1.0) / 2.0
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
