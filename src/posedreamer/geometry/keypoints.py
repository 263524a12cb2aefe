"""Keypoint layouts: points are found by name through a layout, never by a bare index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int64

__all__ = ["BLAZEPOSE_33", "BODY_65", "COCO_17", "FEET_6", "HAND_21", "KeypointLayout"]


@dataclass(frozen=True, slots=True)
class KeypointLayout:
    """An ordered list of named keypoints. Left and right are the person's own.

    Attributes:
        name: how the layout is called in files.
        names: keypoint names, in order.
        edges: bones of the stick figure, as pairs of names.
    """

    name: str
    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Position of the keypoint; KeyError with the known names otherwise."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(f"{self.name} has no keypoint {name!r}; it has {', '.join(self.names)}") from None

    def indices_of(self, names: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
        """Positions of several keypoints."""
        return np.array([self.index(name) for name in names], dtype=np.int64)

    def mirrored(self) -> Int64[np.ndarray, " n"]:
        """For each keypoint the position of its left-right counterpart (itself on the midline)."""
        return self.indices_of(tuple(_other_side(name) for name in self.names))


def _other_side(name: str) -> str:
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


COCO_17: Final = KeypointLayout(
    "coco_17",
    (
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ),
    (
        ("left_ankle", "left_knee"),
        ("left_knee", "left_hip"),
        ("right_ankle", "right_knee"),
        ("right_knee", "right_hip"),
        ("left_hip", "right_hip"),
        ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"),
        ("left_shoulder", "right_shoulder"),
        ("left_shoulder", "left_elbow"),
        ("right_shoulder", "right_elbow"),
        ("left_elbow", "left_wrist"),
        ("right_elbow", "right_wrist"),
        ("left_eye", "right_eye"),
        ("nose", "left_eye"),
        ("nose", "right_eye"),
        ("left_eye", "left_ear"),
        ("right_eye", "right_ear"),
        ("left_ear", "left_shoulder"),
        ("right_ear", "right_shoulder"),
    ),
)
"""The 17 COCO person keypoints in COCO's order."""

FEET_6: Final = KeypointLayout(
    "feet_6",
    ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel"),
)
"""The six foot keypoints in COCO-WholeBody's order."""

HAND_21: Final = KeypointLayout(
    "hand_21",
    ("wrist", *(f"{finger}_{k}" for finger in ("thumb", "index", "middle", "ring", "little") for k in (1, 2, 3, 4))),
    tuple(
        (("wrist" if k == 1 else f"{finger}_{k - 1}"), f"{finger}_{k}")
        for finger in ("thumb", "index", "middle", "ring", "little")
        for k in (1, 2, 3, 4)
    ),
)
"""Wrist, then four points per finger from the palm to the tip (thumb first): OpenPose's and MediaPipe's hand order."""

BODY_65: Final = KeypointLayout(
    "body_65",
    (
        *COCO_17.names,
        *FEET_6.names,
        *(f"left_hand_{name}" for name in HAND_21.names),
        *(f"right_hand_{name}" for name in HAND_21.names),
    ),
    (
        *COCO_17.edges,
        *((f"left_hand_{a}", f"left_hand_{b}") for a, b in HAND_21.edges),
        *((f"right_hand_{a}", f"right_hand_{b}") for a, b in HAND_21.edges),
    ),
)
"""COCO 17, feet 6, left hand 21, right hand 21: what every body model of this project gives."""

BLAZEPOSE_33: Final = KeypointLayout(
    "blazepose_33",
    (
        "nose",
        "left_eye_inner",
        "left_eye",
        "left_eye_outer",
        "right_eye_inner",
        "right_eye",
        "right_eye_outer",
        "left_ear",
        "right_ear",
        "left_mouth",
        "right_mouth",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_pinky",
        "right_pinky",
        "left_index",
        "right_index",
        "left_thumb",
        "right_thumb",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
        "left_heel",
        "right_heel",
        "left_foot_index",
        "right_foot_index",
    ),
)
"""BlazePose's 33 landmarks in its own order."""
