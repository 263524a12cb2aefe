"""Keypoint metrics. One definition of OKS for the whole project; the choice is in its name."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float64, UInt8

from posedreamer.geometry.keypoints import COCO_17

__all__ = [
    "COCO_SIGMAS",
    "MIN_OKS_JOINTS",
    "average_precision",
    "boundary_f",
    "errors_over_diagonal",
    "oks_amodal_box",
    "similarity_per_joint",
]

COCO_SIGMAS: Final = np.array(
    [
        *(0.026, 0.025, 0.025, 0.035, 0.035),
        *(0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
        *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
    ]
)
"""COCO's per-keypoint constants, in the order of COCO_17 (the published k_i is twice this)."""

MIN_OKS_JOINTS: Final = 8
"""Fewer visible label joints than this make OKS not applicable."""

_AP_THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)


def similarity_per_joint(
    found_px: Float[np.ndarray, "17 2"], label_px: Float[np.ndarray, "17 2"], area_px2: float
) -> Float[np.ndarray, "17"]:
    """exp(-d^2 / (2 area (2 sigma)^2)) for each COCO joint, in (0, 1]."""
    squared_px2 = np.sum((found_px - label_px) ** 2, axis=-1)
    return np.exp(-squared_px2 / (2.0 * area_px2 * (2.0 * COCO_SIGMAS) ** 2))


def oks_amodal_box(
    found_px: Float[np.ndarray, "17 2"],
    is_found: Bool[np.ndarray, "17"],
    label_xyv: Float[np.ndarray, "17 3"],
    amodal_bbox_xywh_px: Float[np.ndarray, "4"],
) -> float | None:
    """Object keypoint similarity over the label's visible joints (v = 2), in [0, 1].

    The area is width x height of the label mesh's amodal, unclipped 2D box. A joint that the estimator did not
    find counts as a miss (0). None (not applicable) when fewer than MIN_OKS_JOINTS label joints are visible.
    """
    assert label_xyv.shape[0] == len(COCO_17)
    is_visible = label_xyv[:, 2] == 2
    if int(is_visible.sum()) < MIN_OKS_JOINTS:
        return None
    area_px2 = float(amodal_bbox_xywh_px[2] * amodal_bbox_xywh_px[3])
    similarity = similarity_per_joint(found_px, label_xyv[:, :2], area_px2) * is_found
    return float(similarity[is_visible].mean())


def errors_over_diagonal(
    found_px: Float[np.ndarray, "17 2"],
    label_px: Float[np.ndarray, "17 2"],
    amodal_bbox_xywh_px: Float[np.ndarray, "4"],
) -> Float64[np.ndarray, "17"]:
    """Distance of each joint over the diagonal of the person's amodal box: 0 is exact, 0.2 is about a forearm.

    The diagonal rather than OKS's sqrt(area): a slender box (arms down, seen from the side) has a small area and makes
    errors of the same length several times as large. COCO's constants are left out: they say how far annotators
    differ, not how far an estimator errs, which at wrists and ankles is more than at hips.
    """
    diagonal_px = float(np.hypot(amodal_bbox_xywh_px[2], amodal_bbox_xywh_px[3]))
    return np.linalg.norm(found_px - label_px, axis=-1).astype(np.float64) / max(diagonal_px, 1e-6)


def average_precision(similarity: float) -> float:
    """AP of one person as COCO counts it: the share of the thresholds 0.50, 0.55, ..., 0.95 that are reached."""
    return float(np.mean(similarity >= _AP_THRESHOLDS))


def boundary_f(found: Bool[np.ndarray, "h w"], true: Bool[np.ndarray, "h w"]) -> float:
    """F of the masks' boundaries within 0.8 % of the picture's diagonal (Perazzi et al. 2016, DAVIS), in [0, 1].

    1 when both are empty.
    """
    reach_px = max(1, round(0.008 * float(np.hypot(*true.shape))))
    disk = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach_px + 1, 2 * reach_px + 1)))
    edges = [_boundary(mask) for mask in (found, true)]
    near = [np.asarray(cv2.dilate(edge, disk)) > 0 for edge in edges]
    lengths = [int(edge.sum()) for edge in edges]
    if 0 in lengths:
        return float(lengths == [0, 0])
    precision = float((edges[0].astype(bool) & near[1]).sum()) / lengths[0]
    recall = float((edges[1].astype(bool) & near[0]).sum()) / lengths[1]
    return 2.0 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Pixels of the mask next to one that is not; the picture's border is none of its boundaries."""
    whole = mask.astype(np.uint8)
    return whole - np.asarray(cv2.erode(whole, np.ones((3, 3), dtype=np.uint8)), dtype=np.uint8)
