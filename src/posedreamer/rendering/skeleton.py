"""Stick figures: the OpenPose-coloured control picture, and true labels drawn over a picture for reports."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from posedreamer.geometry.keypoints import COCO_17, HAND_21, KeypointLayout
from posedreamer.records import Annotation, PersonAnnotation

__all__ = ["OPENPOSE_18", "draw_label", "draw_openpose", "openpose_18"]

Rgb = tuple[int, int, int]

OPENPOSE_18: Final = KeypointLayout(
    "openpose_18",
    (
        "nose",
        "neck",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "right_eye",
        "left_eye",
        "right_ear",
        "left_ear",
    ),
    (
        ("neck", "right_shoulder"),
        ("neck", "left_shoulder"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("neck", "right_hip"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_ankle"),
        ("neck", "left_hip"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"),
        ("neck", "nose"),
        ("nose", "right_eye"),
        ("right_eye", "right_ear"),
        ("nose", "left_eye"),
        ("left_eye", "left_ear"),
    ),
)
"""OpenPose's BODY_18 order; the n-th of the 17 limbs and the n-th joint share the n-th colour."""

_FACE: Final = COCO_17.indices_of(("nose", "left_eye", "right_eye", "left_ear", "right_ear"))
_COLOURS: Final[tuple[Rgb, ...]] = (
    (255, 0, 0),
    (255, 85, 0),
    (255, 170, 0),
    (255, 255, 0),
    (170, 255, 0),
    (85, 255, 0),
    (0, 255, 0),
    (0, 255, 85),
    (0, 255, 170),
    (0, 255, 255),
    (0, 170, 255),
    (0, 85, 255),
    (0, 0, 255),
    (85, 0, 255),
    (170, 0, 255),
    (255, 0, 255),
    (255, 0, 170),
    (255, 0, 85),
)
_HAND_COLOURS: Final[tuple[Rgb, ...]] = tuple(
    (round(255 * red), round(255 * green), round(255 * blue))
    for red, green, blue in (colorsys.hsv_to_rgb(n / len(HAND_21.edges), 1, 1) for n in range(len(HAND_21.edges)))
)
_HAND_JOINT: Final[Rgb] = (0, 0, 255)
_LIMB_SHADE: Final = 0.6
_PICTURE_PX: Final = 512
_STICK_PX: Final = 4.0
_HAND_PX: Final = 2.0
_SHIFT: Final = 4
_BOX: Final[Rgb] = (255, 255, 255)
_OCCLUDED: Final[Rgb] = (255, 255, 255)
_SIDES: Final[dict[str, Rgb]] = {"left": (255, 140, 40), "right": (60, 160, 255), "middle": (120, 235, 120)}


def openpose_18(keypoints_2d: Float[np.ndarray, "17 3"]) -> Float[np.ndarray, "18 3"]:
    """COCO-17 points (x, y, v) in OpenPose's order; the neck is the shoulders' middle, as visible as the worse one."""
    shoulders = keypoints_2d[[COCO_17.index("left_shoulder"), COCO_17.index("right_shoulder")]]
    neck = np.array([*shoulders[:, :2].mean(axis=0), shoulders[:, 2].min()], dtype=keypoints_2d.dtype)
    rows = [neck if name == "neck" else keypoints_2d[COCO_17.index(name)] for name in OPENPOSE_18.names]
    return np.stack(rows)


def _without_hidden_face(keypoints_2d: Float[np.ndarray, "17 3"]) -> Float[np.ndarray, "17 3"]:
    seen = keypoints_2d.copy()
    hidden = _FACE[seen[_FACE, 2] == 1]
    seen[hidden, 2] = 0
    return seen


def draw_openpose(people: Sequence[PersonAnnotation], width: int, height: int) -> UInt8[np.ndarray, "h w 3"]:
    """The skeleton picture that public OpenPose ControlNets are trained on: coloured limbs and hands on black.

    Joints with v = 0, and limbs that end in one, are left out; so are hidden (v = 1) points of the face, as a detector
    finds none on a head seen from behind, and that is how a skeleton tells front from back. Nearer people are drawn
    over farther ones. Limbs are ellipses of half-width 4 px in a picture whose shorter side is 512, scaled to this one.
    """
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    scale = min(width, height) / _PICTURE_PX
    for person in sorted(people, key=lambda one: -float(np.mean(one.keypoints_3d_cam_m[:, 2]))):
        _draw_body(picture, openpose_18(_without_hidden_face(person.keypoints_2d)), _STICK_PX * scale)
        for hand in (person.left_hand_2d, person.right_hand_2d):
            _draw_hand(picture, hand, scale)
    return picture


def draw_label(picture: UInt8[np.ndarray, "h w 3"], annotation: Annotation) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of the picture with every person's true skeleton, hands and visible box drawn over it.

    The person's left is orange, right is blue; visible joints (v = 2) have their side's colour, occluded ones (v = 1)
    are white, those with v = 0 are left out.
    """
    drawn = picture.copy()
    scale = min(drawn.shape[:2]) / _PICTURE_PX
    for person in annotation.people:
        x, y, width, height = person.bbox_xywh_px
        if width > 0 and height > 0:
            corners = (round(x), round(y)), (round(x + width) - 1, round(y + height) - 1)
            cv2.rectangle(drawn, *corners, _BOX, _thickness(scale))
        _draw_layout(drawn, person.keypoints_2d, COCO_17, 2.5 * scale)
        for side, hand in (("left", person.left_hand_2d), ("right", person.right_hand_2d)):
            _draw_edges(drawn, hand, HAND_21, [_SIDES[side]] * len(HAND_21.edges), scale)
    return drawn


def _draw_body(picture: UInt8[np.ndarray, "h w 3"], joints: Float[np.ndarray, "18 3"], stick_px: float) -> None:
    for colour, (start, end) in zip(_COLOURS, OPENPOSE_18.edges, strict=False):
        a, b = joints[OPENPOSE_18.index(start)], joints[OPENPOSE_18.index(end)]
        if a[2] > 0 and b[2] > 0:
            red, green, blue = (int(_LIMB_SHADE * channel) for channel in colour)
            _draw_limb(picture, a[:2], b[:2], stick_px, (red, green, blue))
    for colour, joint in zip(_COLOURS, joints, strict=True):
        if joint[2] > 0:
            _draw_disc(picture, joint[:2], stick_px, colour)


def _draw_limb(
    picture: UInt8[np.ndarray, "h w 3"],
    a: Float[np.ndarray, "2"],
    b: Float[np.ndarray, "2"],
    stick_px: float,
    colour: Rgb,
) -> None:
    """An ellipse from joint to joint."""
    dx, dy = (b - a).tolist()
    axes = (round(float(np.hypot(dx, dy)) / 2 * 2**_SHIFT), max(round(stick_px * 2**_SHIFT), 1))
    angle = float(np.degrees(np.arctan2(dy, dx)))
    middle = _fixed(((a + b) / 2).tolist())
    cv2.ellipse(picture, middle, axes, angle, 0, 360, colour, cv2.FILLED, cv2.LINE_8, _SHIFT)


def _draw_hand(picture: UInt8[np.ndarray, "h w 3"], hand: Float32[np.ndarray, "21 3"], scale: float) -> None:
    _draw_edges(picture, hand, HAND_21, _HAND_COLOURS, _HAND_PX * scale)
    for joint in hand:
        if joint[2] > 0:
            _draw_disc(picture, joint[:2], _STICK_PX * scale, _HAND_JOINT)


def _draw_edges(
    picture: UInt8[np.ndarray, "h w 3"],
    points: Float32[np.ndarray, "n 3"],
    layout: KeypointLayout,
    colours: Sequence[Rgb],
    width_px: float,
) -> None:
    for colour, (start, end) in zip(colours, layout.edges, strict=True):
        a, b = points[layout.index(start)], points[layout.index(end)]
        if a[2] > 0 and b[2] > 0:
            ends = _fixed(a[:2].tolist()), _fixed(b[:2].tolist())
            cv2.line(picture, *ends, colour, _thickness(width_px), cv2.LINE_8, _SHIFT)


def _draw_layout(
    picture: UInt8[np.ndarray, "h w 3"], points: Float32[np.ndarray, "n 3"], layout: KeypointLayout, radius_px: float
) -> None:
    _draw_edges(picture, points, layout, [_colour_of_side(*edge) for edge in layout.edges], radius_px)
    for name, joint in zip(layout.names, points, strict=True):
        if joint[2] > 0:
            colour = _colour_of_side(name) if joint[2] == 2 else _OCCLUDED
            _draw_disc(picture, joint[:2], radius_px * 1.4, (0, 0, 0))
            _draw_disc(picture, joint[:2], radius_px, colour)


def _colour_of_side(*names: str) -> Rgb:
    sides = {name.split("_")[0] for name in names}
    return _SIDES[sides.pop()] if len(sides) == 1 and sides <= {"left", "right"} else _SIDES["middle"]


def _draw_disc(
    picture: UInt8[np.ndarray, "h w 3"], centre: Float[np.ndarray, "2"], radius_px: float, colour: Rgb
) -> None:
    radius = max(round(radius_px * 2**_SHIFT), 1)
    cv2.circle(picture, _fixed(centre.tolist()), radius, colour, cv2.FILLED, cv2.LINE_8, _SHIFT)


def _fixed(point: Sequence[float]) -> tuple[int, int]:
    """OpenCV's fixed point of a position in pixels; OpenCV's whole numbers are pixel centres, ours are corners."""
    return round((point[0] - 0.5) * 2**_SHIFT), round((point[1] - 0.5) * 2**_SHIFT)


def _thickness(width_px: float) -> int:
    return max(round(width_px), 1)
