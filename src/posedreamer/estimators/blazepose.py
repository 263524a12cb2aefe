"""BlazePose (full) on LiteRT: people, 33 landmarks each, and a mask, as mediapipe's static-image mode gives them.

V. Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020; GHUM variant of 2022. The steps and
constants are those of mediapipe 0.10.21's ``solutions.pose`` graph (static image, complexity 1), except that every
detected person gets landmarks, not only the best one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from posedreamer.estimators.litert import LiteModel
from posedreamer.estimators.person_boxes import (
    PersonBox,
    Roi,
    crop,
    find_person_boxes,
    roi_of,
    square_around,
)
from posedreamer.estimators.resample import warp_mask
from posedreamer.estimators.weights import blazepose_files
from posedreamer.records import Picture

__all__ = ["BlazePose", "Detection"]

_CROP_PX: Final = 256
_LANDMARKS: Final = 33
_HEATMAP_KERNEL: Final = 9
_HEATMAP_MIN_CONFIDENCE: Final = 0.5
_SAME_PERSON_DISTANCE: Final = 0.15
_GIVEN_BOX_MARGIN: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One person as the estimator sees them. Rows in the order of ``geometry.keypoints.BLAZEPOSE_33``.

    Attributes:
        landmarks_px: x, y in picture pixels; may lie outside the picture.
        visibility: estimated chance in [0, 1] that the landmark is in the picture and not hidden.
        presence: estimated chance in [0, 1] that the landmark is in the picture.
        landmarks_world_m: estimated metres, origin between the hips, x right, y down, z away from the camera.
        score: the person detector's confidence in [0, 1]; for a given box, the landmark model's.
        landmark_score: the landmark model's confidence in [0, 1] that its crop shows a person.
        box_xyxy_px: box around the 33 landmarks.
        mask: chance per picture pixel in [0, 1] that it shows this person.
    """

    landmarks_px: Float64[np.ndarray, "33 2"]
    visibility: Float64[np.ndarray, "33"]
    presence: Float64[np.ndarray, "33"]
    landmarks_world_m: Float64[np.ndarray, "33 3"]
    score: float
    landmark_score: float
    box_xyxy_px: Float64[np.ndarray, "4"]
    mask: Float32[np.ndarray, "h w"] = field(repr=False)


class BlazePose:
    """Finds people. Same picture, same machine: same numbers. Fetches its weights at the first construction.

    Args:
        num_threads: CPU threads per model.
        min_detection_score: person boxes below this score are not looked at.
        min_landmark_score: crops whose landmark confidence is not above this are refused.

    Raises:
        MissingWeightsError: the two model files are neither cached nor reachable.
    """

    def __init__(
        self, *, num_threads: int = 1, min_detection_score: float = 0.5, min_landmark_score: float = 0.5
    ) -> None:
        files = blazepose_files()
        self._detector = LiteModel(files.detector, num_threads)
        self._landmarks = LiteModel(files.landmarks, num_threads)
        self._min_detection_score = min_detection_score
        self._min_landmark_score = min_landmark_score

    def detect(
        self, picture: Picture, max_people: int = 1, given_boxes_xywh_px: Sequence[Float64[np.ndarray, "4"]] = ()
    ) -> tuple[Detection, ...]:
        """People in the picture, each once; empty when nobody is found. ``max_people=1`` is mediapipe's behaviour.

        The detector was trained on one main person per picture and misses most people behind another.
        ``given_boxes_xywh_px`` (the top-down protocol of COCO) are boxes in which the landmark model looks for one more
        person each. People the detector found come first, best score first, then those of the boxes, in their order.
        """
        height, width = picture.pixels.shape[:2]
        whole = square_around(np.array([0.0, 0.0, width, height]))
        boxes = find_person_boxes(self._detector, picture.pixels, whole, self._min_detection_score)
        looks = [(roi_of(box), box.score) for box in boxes[:max_people]]
        looks += [(square_around(box, _GIVEN_BOX_MARGIN), None) for box in given_boxes_xywh_px if box[2] * box[3] > 0]
        found: list[Detection] = []
        for roi, score in looks:
            detection = self._look_at(picture, roi, score)
            if detection is not None and not any(_is_same_person(detection, other) for other in found):
                found.append(detection)
        return tuple(found)

    def boxes_in(self, pixels: UInt8[np.ndarray, "h w 3"], square: Roi, min_score: float) -> tuple[PersonBox, ...]:
        """The detector alone, in an upright square of a picture: boxes in picture pixels, best first, each once."""
        return find_person_boxes(self._detector, pixels, square, min_score)

    def _look_at(self, picture: Picture, roi: Roi, score: float | None) -> Detection | None:
        pixels = crop(picture.pixels, roi, _CROP_PX, repeat_border=True)
        raw, flag, mask_logits, heatmap, world = self._landmarks.run(
            (pixels.astype(np.float32) / np.float32(255))[None]
        )
        landmark_score = float(flag[0, 0])
        if landmark_score <= self._min_landmark_score:
            return None
        rows = raw.reshape(-1, 5)[:_LANDMARKS].astype(np.float64)
        unit = _refine(rows[:, :2] / _CROP_PX, heatmap[0, :, :, :_LANDMARKS])
        landmarks_px = unit @ (matrix := roi.picture_from_unit())[:2, :2].T + matrix[:2, 2]
        return Detection(
            landmarks_px=landmarks_px,
            visibility=_sigmoid(rows[:, 3]),
            presence=_sigmoid(rows[:, 4]),
            landmarks_world_m=_turned(world.reshape(-1, 3)[:_LANDMARKS].astype(np.float64), roi.rotation_rad),
            score=landmark_score if score is None else score,
            landmark_score=landmark_score,
            box_xyxy_px=np.concatenate([landmarks_px.min(axis=0), landmarks_px.max(axis=0)]),
            mask=_mask_in_picture(mask_logits[0, :, :, 0], roi, (picture.pixels.shape[0], picture.pixels.shape[1])),
        )


def _sigmoid(values: Float64[np.ndarray, "*s"]) -> Float64[np.ndarray, "*s"]:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -100.0, 100.0)))


def _refine(
    unit: Float64[np.ndarray, "n 2"], heatmap_logits: Float32[np.ndarray, "h w n"]
) -> Float64[np.ndarray, "n 2"]:
    """Landmarks moved to the centre of mass of their heatmap, in a window around the regressed position.

    Those whose window has no confident cell, or that lie outside the heatmap, stay.
    """
    height, width = heatmap_logits.shape[:2]
    reach = (_HEATMAP_KERNEL - 1) // 2
    refined = unit.copy()
    for index, (u, v) in enumerate(unit):
        column, row = int(u * width), int(v * height)
        if not (0 <= column < width and 0 <= row < height):
            continue
        left, top = max(0, column - reach), max(0, row - reach)
        window = _sigmoid(heatmap_logits[top : row + reach + 1, left : column + reach + 1, index].astype(np.float64))
        if window.max() < _HEATMAP_MIN_CONFIDENCE:
            continue
        columns = np.arange(left, left + window.shape[1], dtype=np.float64)
        rows = np.arange(top, top + window.shape[0], dtype=np.float64)
        total = float(window.sum())
        refined[index, 0] = float(window.sum(axis=0) @ columns) / (width * total)
        refined[index, 1] = float(window.sum(axis=1) @ rows) / (height * total)
    return refined


def _turned(points_m: Float64[np.ndarray, "n 3"], angle_rad: float) -> Float64[np.ndarray, "n 3"]:
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return points_m @ turn.T


def _mask_in_picture(
    logits: Float32[np.ndarray, "256 256"], roi: Roi, shape_hw: tuple[int, int]
) -> Float32[np.ndarray, "h w"]:
    crop_from_picture = np.diag([_CROP_PX, _CROP_PX, 1.0]) @ np.linalg.inv(roi.picture_from_unit())
    return warp_mask(_sigmoid(logits.astype(np.float64)).astype(np.float32), crop_from_picture, shape_hw)


def _is_same_person(one: Detection, other: Detection) -> bool:
    """Two crops that ended on one body: their landmarks lie on average within 15 % of the body's size."""
    size_px = float(np.max(other.box_xyxy_px[2:] - other.box_xyxy_px[:2]))
    distance_px = float(np.linalg.norm(one.landmarks_px - other.landmarks_px, axis=-1).mean())
    return distance_px < _SAME_PERSON_DISTANCE * size_px
