"""A body's chart: coordinates that stay on the skin whatever the pose, in which clothes, hair and faces are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int8, Int32

from posedreamer.bodies.protocol import BodyModel, BodyTopology
from posedreamer.geometry.keypoints import BODY_65
from posedreamer.studio.shells import ShellTemplate, shoe_template

__all__ = ["BODY", "EAR", "EYE", "HAIR", "INSIDE", "SHOE", "SKIRT", "TAIL", "BodyChart", "Landmarks", "chart_of"]

BODY: Final = 0
EYE: Final = 1
INSIDE: Final = 2
EAR: Final = 3
SHOE: Final = 4
HAIR: Final = 5
SKIRT: Final = 6
TAIL: Final = 7

_KIND_OF_PART: Final = {
    "left_eye": EYE,
    "right_eye": EYE,
    "inside": INSIDE,
    "left_ear": EAR,
    "right_ear": EAR,
}
_ARM_PARTS: Final = ("upper_arm", "forearm", "hand")


class Landmarks(NamedTuple):
    """Heights and places of the neutral body, metres, in its rest frame (z up, facing -y)."""

    eye_x: float
    eye_y: float
    eye_z: float
    head_scale: float
    shoulder_z: float
    shoulder_y: float
    hip_x: float
    hip_z: float
    knee_x: float
    knee_z: float
    ankle_x: float
    ankle_y: float
    ankle_z: float
    sole_z: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyChart:
    """What the painter knows of a body model, from its neutral body.

    Attributes:
        rest_m: neutral vertices in metres: the coordinates borders are drawn in.
        sleeve: how far along the arm: 0 shoulder, 1 elbow, 2 wrist; negative off the arm.
        faces, face_kind: triangles to paint and what they are (BODY, EYE, INSIDE, EAR); feet, which are always in
            shoes, are left out.
        shoes: left and right.
        link_starts, links: the vertices linked to vertex i are ``links[link_starts[i] : link_starts[i + 1]]``.
        head_rows: vertices that move with the skull.
    """

    rest_m: Float32[np.ndarray, "v 3"] = field(repr=False)
    sleeve: Float32[np.ndarray, " v"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_kind: Int8[np.ndarray, " f"] = field(repr=False)
    landmarks: Landmarks
    shoes: tuple[ShellTemplate, ShellTemplate] = field(repr=False)
    link_starts: Int32[np.ndarray, " s"] = field(repr=False)
    links: Int32[np.ndarray, " l"] = field(repr=False)
    head_rows: Int32[np.ndarray, " h"] = field(repr=False)


def chart_of(model: BodyModel) -> BodyChart:
    """The chart of a body model, from its neutral body."""
    pose = model.pose(model.neutral(1))
    rest_m = pose.vertices_m[0].numpy().astype(np.float32)
    keypoints = pose.keypoints_m[0].numpy().astype(np.float64)
    topology = model.topology
    landmarks = _landmarks(rest_m, keypoints)
    is_shod = _is_shod(rest_m, topology, landmarks)
    kept = ~is_shod[topology.faces].all(axis=1)
    link_starts, links = _neighbours(topology.faces, len(rest_m))
    kinds = np.array([_KIND_OF_PART.get(name, BODY) for name in topology.part_names], dtype=np.int8)
    return BodyChart(
        rest_m=rest_m,
        sleeve=_sleeve(rest_m, keypoints, topology),
        faces=np.ascontiguousarray(topology.faces[kept]),
        face_kind=kinds[topology.face_part[kept]],
        landmarks=landmarks,
        shoes=tuple(shoe_template(rest_m, _foot_rows(rest_m, topology, side)) for side in ("left", "right")),  # pyright: ignore[reportArgumentType]
        link_starts=link_starts,
        links=links,
        head_rows=_part_rows(topology, ("face", "scalp")),
    )


def _point(keypoints: Float[np.ndarray, "65 3"], name: str) -> Float[np.ndarray, "3"]:
    return keypoints[BODY_65.index(name)]


def _landmarks(rest_m: Float32[np.ndarray, "v 3"], keypoints: Float[np.ndarray, "65 3"]) -> Landmarks:
    eye, shoulder = _point(keypoints, "left_eye"), _point(keypoints, "left_shoulder")
    hip, knee, ankle = (_point(keypoints, f"left_{name}") for name in ("hip", "knee", "ankle"))
    return Landmarks(
        eye_x=float(eye[0]),
        eye_y=float(eye[1]),
        eye_z=float(eye[2]),
        head_scale=float(eye[0]) / 0.030,
        shoulder_z=float(shoulder[2]),
        shoulder_y=float(shoulder[1]),
        hip_x=float(hip[0]),
        hip_z=float(hip[2]),
        knee_x=float(knee[0]),
        knee_z=float(knee[2]),
        ankle_x=float(ankle[0]),
        ankle_y=float(ankle[1]),
        ankle_z=float(ankle[2]),
        sole_z=float(rest_m[:, 2].min()),
    )


def _part_rows(topology: BodyTopology, names: tuple[str, ...]) -> Int32[np.ndarray, " n"]:
    parts = [index for index, name in enumerate(topology.part_names) if name in names]
    return np.unique(topology.faces[np.isin(topology.face_part, parts)]).astype(np.int32)


def _foot_rows(rest_m: Float32[np.ndarray, "v 3"], topology: BodyTopology, side: str) -> Int32[np.ndarray, " n"]:
    rows = _part_rows(topology, (f"{side}_foot", f"{side}_shin"))
    return rows[rest_m[rows, 2] < rest_m[:, 2].min() + 0.075]


def _is_shod(
    rest_m: Float32[np.ndarray, "v 3"], topology: BodyTopology, landmarks: Landmarks
) -> Bool[np.ndarray, " v"]:
    is_foot = np.zeros(len(rest_m), dtype=bool)
    is_foot[_part_rows(topology, ("left_foot", "right_foot", "left_shin", "right_shin"))] = True
    return is_foot & (rest_m[:, 2] < landmarks.sole_z + 0.06)


def _sleeve(
    rest_m: Float32[np.ndarray, "v 3"], keypoints: Float[np.ndarray, "65 3"], topology: BodyTopology
) -> Float32[np.ndarray, " v"]:
    points = rest_m.astype(np.float64)
    points[:, 0] = np.abs(points[:, 0])
    shoulder, elbow, wrist = (_point(keypoints, f"left_{name}") for name in ("shoulder", "elbow", "wrist"))
    upper, upper_distance = _along(points, shoulder, elbow)
    lower, lower_distance = _along(points, elbow, wrist)
    along = np.where(lower > 0, 1.0 + lower, np.minimum(upper, 1.0))
    apart = np.minimum(upper_distance, lower_distance)
    names = [f"{side}_{part}" for side in ("left", "right") for part in _ARM_PARTS]
    is_arm = np.zeros(len(points), dtype=bool)
    is_arm[_part_rows(topology, tuple(names))] = True
    sleeve = np.where(is_arm, along, along - 8.0 * np.maximum(apart - 0.055, 0.0))
    sleeve = np.where(is_arm, sleeve, np.minimum(sleeve, 0.15))
    hands = _part_rows(topology, ("left_hand", "right_hand"))
    sleeve[hands] = np.maximum(sleeve[hands], 1.98)
    return sleeve.astype(np.float32)


def _along(
    points: Float[np.ndarray, "v 3"], start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, " v"], Float[np.ndarray, " v"]]:
    """Fraction of the way from start to end (not clamped), and the distance to the segment."""
    axis = end - start
    share = (points - start) @ axis / (axis @ axis)
    nearest = start + np.clip(share, 0.0, 1.0)[:, None] * axis
    return share, np.linalg.norm(points - nearest, axis=1)


def _neighbours(faces: Int32[np.ndarray, "f 3"], count: int) -> tuple[Int32[np.ndarray, " n"], Int32[np.ndarray, " m"]]:
    """Vertices linked to vertex i: ``links[starts[i]:starts[i + 1]]``."""
    start = faces[:, [0, 1, 2]].ravel()
    end = faces[:, [1, 2, 0]].ravel()
    pairs = np.unique(np.stack([np.concatenate([start, end]), np.concatenate([end, start])], axis=1), axis=0)
    starts = np.searchsorted(pairs[:, 0], np.arange(count + 1))
    return starts.astype(np.int32), np.ascontiguousarray(pairs[:, 1]).astype(np.int32)
