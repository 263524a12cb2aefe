"""Any picture against its label, as one 8-bit RGB picture of the label's size: what cannot be read reads as black."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from posedreamer.records import Annotation, Camera, PersonAnnotation, Picture

__all__ = ["MAX_SIDE_PX", "as_rgb", "fitted"]

MAX_SIDE_PX: Final = 1024
"""Larger pictures are judged at this size: every score is relative to the people's or the picture's size."""


def as_rgb(pixels: NDArray[Any]) -> UInt8[np.ndarray, "h w 3"]:
    """Grey-scale repeated, alpha dropped, numbers that are not finite 0, other numbers clipped to [0, 255].

    Floats that all lie in [0, 1] are taken as shares of 255. What is no picture at all becomes one black pixel.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or 0 in pixels.shape or pixels.dtype.kind not in "buif":
        return np.zeros((1, 1, 3), dtype=np.uint8)
    if pixels.dtype.kind == "f":
        pixels = np.nan_to_num(pixels, nan=0.0, posinf=255.0, neginf=0.0)
        pixels = pixels * (255.0 if pixels.max() <= 1.0 else 1.0)
    if pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    if pixels.dtype != np.uint8:
        pixels = np.rint(np.clip(pixels, 0, 255)).astype(np.uint8)
    return pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)


def fitted(picture: Picture, label: Annotation) -> tuple[Picture, Annotation]:
    """Picture and label of one size, no side above MAX_SIDE_PX; both untouched where they are so already."""
    camera = label.camera
    pixels = as_rgb(picture.pixels)
    scale = min(1.0, MAX_SIDE_PX / max(camera.width, camera.height))
    width, height = max(1, round(camera.width * scale)), max(1, round(camera.height * scale))
    if scale < 1.0:
        label = _resized(label, width, height)
    if pixels.shape[:2] != (height, width):
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return (picture if pixels is picture.pixels else Picture(pixels=pixels)), label


def _resized(label: Annotation, width: int, height: int) -> Annotation:
    across, down = width / label.camera.width, height / label.camera.height
    camera = Camera(
        width=width,
        height=height,
        K=np.diag([across, down, 1.0]) @ label.camera.K,
        cam_from_world=label.camera.cam_from_world,
    )
    rows = np.minimum(((np.arange(height) + 0.5) / down).astype(np.int64), label.person_id.shape[0] - 1)
    columns = np.minimum(((np.arange(width) + 0.5) / across).astype(np.int64), label.person_id.shape[1] - 1)
    people = tuple(_resized_person(person, across, down) for person in label.people)
    return Annotation(camera=camera, people=people, person_id=label.person_id[rows][:, columns])


def _resized_person(person: PersonAnnotation, across: float, down: float) -> PersonAnnotation:
    xyv = np.array([across, down, 1.0], dtype=np.float32)
    xywh = np.array([across, down, across, down])
    return dataclasses.replace(
        person,
        keypoints_2d=person.keypoints_2d * xyv,
        feet_2d=person.feet_2d * xyv,
        left_hand_2d=person.left_hand_2d * xyv,
        right_hand_2d=person.right_hand_2d * xyv,
        bbox_xywh_px=person.bbox_xywh_px * xywh,
        amodal_bbox_xywh_px=person.amodal_bbox_xywh_px * xywh,
        visible_px=max(1, round(person.visible_px * across * down)) if person.visible_px else 0,
    )
