"""BlazePose's person detector: letterbox, anchors, box decoding and weighted non-maximum suppression.

Each box spans a face; its keypoints 0 and 1 are the middle of the hips and a point on the circle around the
whole person, so they give the square that the landmark model looks at (Bazarevsky et al. 2020, section 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from posedreamer.estimators.litert import TensorModel
from posedreamer.estimators.resample import warp_picture

__all__ = ["INPUT_PX", "PersonBox", "Roi", "crop", "find_person_boxes", "roi_of", "square_around"]

INPUT_PX: Final = 224
_STRIDES: Final = ((8, 2), (16, 2), (32, 6))
"""Stride in pixels and anchors per cell: five layers, of which the last three share one stride."""
_SUPPRESSION_IOU: Final = 0.3
_ROI_SCALE: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBox:
    """A detection in picture pixels: face box (x0, y0, x1, y1) and four alignment keypoints."""

    score: float
    box_xyxy_px: Float64[np.ndarray, "4"]
    keypoints_px: Float64[np.ndarray, "4 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roi:
    """A rotated square of the picture. ``rotation_rad`` turns its upright content clockwise (y down)."""

    centre_x_px: float
    centre_y_px: float
    side_px: float
    rotation_rad: float

    def picture_from_unit(self) -> Float64[np.ndarray, "3 3"]:
        """Maps (u, v) of the square, both in [0, 1], to picture pixels."""
        cosine, sine, side = math.cos(self.rotation_rad), math.sin(self.rotation_rad), self.side_px
        linear = side * np.array([[cosine, -sine], [sine, cosine]])
        matrix = np.eye(3)
        matrix[:2, :2] = linear
        matrix[:2, 2] = np.array([self.centre_x_px, self.centre_y_px]) - linear @ np.array([0.5, 0.5])
        return matrix


def crop(
    pixels: UInt8[np.ndarray, "h w 3"], roi: Roi, size_px: int, *, repeat_border: bool
) -> UInt8[np.ndarray, "s s 3"]:
    """The square resampled to ``size_px``; outside the picture: its border pixels, or black."""
    picture_from_crop = roi.picture_from_unit() @ np.diag([1.0 / size_px, 1.0 / size_px, 1.0])
    return warp_picture(pixels, picture_from_crop, size_px, repeat_border=repeat_border)


def square_around(bbox_xywh_px: Float64[np.ndarray, "4"], margin: float = 0.0) -> Roi:
    """The upright square around a box, wider than its long side by the share ``margin``."""
    x, y, width, height = (float(value) for value in bbox_xywh_px)
    side = max(width, height) * (1.0 + margin)
    return Roi(centre_x_px=x + width / 2, centre_y_px=y + height / 2, side_px=side, rotation_rad=0.0)


def find_person_boxes(
    model: TensorModel, pixels: UInt8[np.ndarray, "h w 3"], square: Roi, min_score: float
) -> tuple[PersonBox, ...]:
    """People in an upright square of the picture, best first, each once; outside the picture it is black."""
    letterboxed = crop(pixels, square, INPUT_PX, repeat_border=False)
    tensor = letterboxed.astype(np.float32) * np.float32(2.0 / 255.0) - np.float32(1.0)
    raw_boxes, raw_scores = model.run(tensor[None])
    points, scores = _decode(raw_boxes[0], raw_scores[0, :, 0], min_score)
    corner_px = square.picture_from_unit()[:2, 2]
    return tuple(
        PersonBox(score=score, box_xyxy_px=in_picture[:2].ravel(), keypoints_px=in_picture[2:])
        for merged, score in _suppress(points, scores)
        for in_picture in (merged * square.side_px + corner_px,)
    )


def roi_of(box: PersonBox) -> Roi:
    """The square around the whole person, turned so that the person stands upright in it."""
    hips, rim = box.keypoints_px[0], box.keypoints_px[1]
    x, y = rim - hips
    rotation = math.pi / 2 - math.atan2(-y, x)
    return Roi(
        centre_x_px=float(hips[0]),
        centre_y_px=float(hips[1]),
        side_px=2.0 * float(np.hypot(x, y)) * _ROI_SCALE,
        rotation_rad=rotation - 2.0 * math.pi * math.floor((rotation + math.pi) / (2.0 * math.pi)),
    )


@lru_cache(maxsize=1)
def _anchor_centres() -> Float64[np.ndarray, "2254 2"]:
    layers: list[Float64[np.ndarray, "n 2"]] = []
    for stride, per_cell in _STRIDES:
        cells = INPUT_PX // stride
        y, x = np.mgrid[0:cells, 0:cells]
        centres = np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5
        layers.append(np.repeat(centres / cells, per_cell, axis=0))
    return np.concatenate(layers)


def _decode(
    raw: Float32[np.ndarray, "2254 12"], logits: Float32[np.ndarray, "2254"], min_score: float
) -> tuple[Float64[np.ndarray, "n 6 2"], Float64[np.ndarray, " n"]]:
    """Two box corners and four keypoints per kept anchor, in units of the letterboxed square; and their scores."""
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -100.0, 100.0)))
    kept = np.flatnonzero(scores >= min_score)
    values = raw[kept].astype(np.float64).reshape(-1, 6, 2) / INPUT_PX
    centres = _anchor_centres()[kept]
    middle, half = values[:, 0] + centres, values[:, 1] / 2.0
    points = np.concatenate(
        [(middle - half)[:, None], (middle + half)[:, None], values[:, 2:] + centres[:, None]], axis=1
    )
    is_box = np.all(half >= 0.0, axis=-1)
    return points[is_box], scores[kept][is_box]


def _suppress(
    points: Float64[np.ndarray, "n 6 2"], scores: Float64[np.ndarray, " n"]
) -> list[tuple[Float64[np.ndarray, "6 2"], float]]:
    """Weighted suppression: each group of overlapping boxes becomes their score-weighted mean, with the best score."""
    remaining = np.argsort(-scores, kind="stable")
    merged: list[tuple[Float64[np.ndarray, "6 2"], float]] = []
    while remaining.size:
        overlap = _iou(points[remaining[0]], points[remaining])
        group = remaining[overlap > _SUPPRESSION_IOU]
        if not group.size:  # a box without area overlaps nothing, not even itself
            merged.append((points[remaining[0]], float(scores[remaining[0]])))
            remaining = remaining[1:]
            continue
        merged.append((np.average(points[group], axis=0, weights=scores[group]), float(scores[group[0]])))
        remaining = remaining[overlap <= _SUPPRESSION_IOU]
    return merged


def _iou(one: Float64[np.ndarray, "6 2"], many: Float64[np.ndarray, "n 6 2"]) -> Float64[np.ndarray, " n"]:
    shared = _area(np.maximum(np.minimum(one[1], many[:, 1]) - np.maximum(one[0], many[:, 0]), 0.0))
    union = _area((one[1] - one[0])[None]) + _area(many[:, 1] - many[:, 0]) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0.0)


def _area(sides: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, " n"]:
    return sides[:, 0] * sides[:, 1]
