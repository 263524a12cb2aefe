"""The true 2D label of a rendered scene: keypoints with visibility, boxes, visible pixels."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float32, Float64

from posedreamer.geometry.camera import project_px
from posedreamer.geometry.keypoints import BODY_65, COCO_17, FEET_6, HAND_21
from posedreamer.records import Annotation, Buffers, Camera, PersonAnnotation, PosedPerson, Scene

__all__ = ["JOINT_THICKNESS_M", "annotate", "keypoints_with_visibility"]

JOINT_THICKNESS_M: Mapping[str, float] = MappingProxyType(
    {
        "nose": 0.05,
        "eye": 0.05,
        "ear": 0.07,
        "shoulder": 0.12,
        "elbow": 0.08,
        "wrist": 0.07,
        "hip": 0.15,
        "knee": 0.10,
        "ankle": 0.08,
        "big_toe": 0.06,
        "small_toe": 0.06,
        "heel": 0.09,
        "hand_wrist": 0.07,
        "hand": 0.04,
    }
)
"""How far below the visible surface a joint may lie and still count as visible: its depth below the skin on an average
adult, seen from where it is deepest, and 1 to 2 cm more. Joints lie inside the mesh, so a plain depth test would call
nearly all of them hidden."""


def _thickness_of(name: str) -> float:
    plain = name.removeprefix("left_").removeprefix("right_")
    return JOINT_THICKNESS_M[plain] if plain in JOINT_THICKNESS_M else JOINT_THICKNESS_M[plain.partition("_")[0]]


_THICKNESS_65_M = np.array([_thickness_of(name) for name in BODY_65.names])
_COCO = BODY_65.indices_of(COCO_17.names)
_FEET = BODY_65.indices_of(FEET_6.names)
_LEFT_HAND = BODY_65.indices_of(tuple(f"left_hand_{name}" for name in HAND_21.names))
_RIGHT_HAND = BODY_65.indices_of(tuple(f"right_hand_{name}" for name in HAND_21.names))


def annotate(scene: Scene, buffers: Buffers) -> Annotation:
    """The annotation of a scene from its own buffers; people keep the scene's order."""
    people = tuple(_person_annotation(scene.camera, posed, buffers, index) for index, posed in enumerate(scene.people))
    return Annotation(camera=scene.camera, people=people, person_id=buffers.person_id)


def keypoints_with_visibility(
    camera: Camera, keypoints_cam_m: Float32[np.ndarray, "65 3"], depth_m: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "65 3"]:
    """Columns x px, y px, v: 2 visible, 1 in the frame but behind a surface by more than its thickness, 0 outside.

    Rows in the order of BODY_65. Points outside the frame keep their (unclipped) coordinates.
    """
    points_px = project_px(camera, keypoints_cam_m.astype(np.float64))
    inside = np.all((points_px >= 0) & (points_px < (camera.width, camera.height)), axis=1) & (
        keypoints_cam_m[:, 2] > 0
    )
    column, row = np.where(inside[:, None], points_px, 0).astype(np.int64).T
    hidden = keypoints_cam_m[:, 2] - depth_m[row, column] > _THICKNESS_65_M
    visibility = np.where(inside, np.where(hidden, 1.0, 2.0), 0.0)
    return np.column_stack([points_px, visibility]).astype(np.float32)


def _person_annotation(camera: Camera, posed: PosedPerson, buffers: Buffers, index: int) -> PersonAnnotation:
    keypoints = keypoints_with_visibility(camera, posed.keypoints_cam_m, buffers.depth_m)
    is_here = buffers.person_id == index
    return PersonAnnotation(
        person=posed.person,
        keypoints_2d=keypoints[_COCO],
        keypoints_3d_cam_m=posed.keypoints_cam_m[_COCO],
        feet_2d=keypoints[_FEET],
        left_hand_2d=keypoints[_LEFT_HAND],
        right_hand_2d=keypoints[_RIGHT_HAND],
        bbox_xywh_px=_mask_box(is_here),
        amodal_bbox_xywh_px=_points_box(project_px(camera, posed.vertices_cam_m.astype(np.float64))),
        visible_px=int(is_here.sum()),
        posture=posed.posture,
    )


def _mask_box(mask: np.ndarray) -> Float64[np.ndarray, "4"]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return np.zeros(4)
    return np.array([columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]], dtype=np.float64)


def _points_box(points_px: Float[np.ndarray, "n 2"]) -> Float64[np.ndarray, "4"]:
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    return np.concatenate([low, high - low])
