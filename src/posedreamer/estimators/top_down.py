"""Top-down pose estimators: a box in, one person's 17 COCO joints out. Crops and decodings that they all share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8

from posedreamer.records import Picture

__all__ = ["Frame", "PoseEstimator", "SeenPerson", "crop_of", "joints_of_heatmaps", "joints_of_simcc"]

_MARGIN: Final = 1.25
_MEAN_RGB: Final = np.array([123.675, 116.28, 103.53], dtype=np.float32)
_STD_RGB: Final = np.array([58.395, 57.12, 57.375], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPerson:
    """One person as an estimator sees them: COCO-17 joints in picture pixels, and how sure it is of each, in [0, 1]."""

    joints_px: Float64[np.ndarray, "17 2"]
    confidence: Float64[np.ndarray, "17"]


@runtime_checkable
class PoseEstimator(Protocol):
    """Looks for people in a picture, in the given boxes or in those of its own detector."""

    @property
    def version(self) -> str:
        """Names the weights; changes when any number changes."""
        ...

    def fetch(self) -> None:
        """The weights are on this machine afterwards. Raises MissingWeightsError or MissingExtraError."""
        ...

    def people(self, picture: Picture, boxes_xywh_px: Sequence[Float64[np.ndarray, "4"]]) -> tuple[SeenPerson, ...]:
        """One person per box, in order; an estimator with a detector of its own looks into its boxes instead."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A crop's place: ``picture_px = corner_px + crop_px * scale``."""

    corner_px: Float64[np.ndarray, "2"]
    scale: float


def crop_of(
    pixels: UInt8[np.ndarray, "h w 3"], box_xywh_px: Float64[np.ndarray, "4"], height: int, width: int
) -> tuple[Float32[np.ndarray, "1 3 h2 w2"], Frame]:
    """A box and a quarter of it around, in the network's shape, normalised as ImageNet's pictures are."""
    x, y, box_width, box_height = (float(value) for value in box_xywh_px)
    scale = _MARGIN * max(box_width / width, box_height / height, 1e-3)
    corner = np.array([x + box_width / 2 - width * scale / 2, y + box_height / 2 - height * scale / 2])
    picture_from_crop = np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]])
    warped = cv2.warpAffine(pixels, picture_from_crop, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    normal = (np.asarray(warped).astype(np.float32) - _MEAN_RGB) / _STD_RGB
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None]), Frame(corner_px=corner, scale=scale)


def joints_of_heatmaps(heatmaps: Float[np.ndarray, "17 h w"], frame: Frame, height: int, width: int) -> SeenPerson:
    """The highest cell of each map, moved by a quarter of a cell towards its higher neighbours; its height is trusted.

    ``height`` and ``width`` are those of the crop.
    """
    joints, rows, columns = heatmaps.shape
    flat = heatmaps.reshape(joints, -1)
    best = flat.argmax(axis=1)
    places = np.stack([best % columns, best // columns], axis=1).astype(np.float64)
    for joint, (column, row) in enumerate(places.astype(np.int64)):
        if 0 < column < columns - 1 and 0 < row < rows - 1:
            one = heatmaps[joint]
            places[joint, 0] += 0.25 * float(np.sign(one[row, column + 1] - one[row, column - 1]))
            places[joint, 1] += 0.25 * float(np.sign(one[row + 1, column] - one[row - 1, column]))
    crop_px = (places + 0.5) * np.array([width / columns, height / rows])
    confidence = np.clip(flat.max(axis=1), 0.0, 1.0).astype(np.float64)
    return SeenPerson(joints_px=frame.corner_px + crop_px * frame.scale, confidence=confidence)


def joints_of_simcc(
    across: Float[np.ndarray, "17 n"], down: Float[np.ndarray, "17 m"], frame: Frame, height: int, width: int
) -> SeenPerson:
    """The highest bin along each axis (Li et al. 2022, SimCC); the lower of the two heights is trusted."""
    bins = np.stack([across.argmax(axis=1), down.argmax(axis=1)], axis=1).astype(np.float64)
    crop_px = (bins + 0.5) * np.array([width / across.shape[1], height / down.shape[1]])
    confidence = np.clip(np.minimum(across.max(axis=1), down.max(axis=1)), 0.0, 1.0).astype(np.float64)
    return SeenPerson(joints_px=frame.corner_px + crop_px * frame.scale, confidence=confidence)
