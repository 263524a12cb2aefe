"""What the fit of a body sees of people: BlazePose's landmarks that a body has too, as batched tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from posedreamer.estimators.blazepose import Detection
from posedreamer.geometry.keypoints import BLAZEPOSE_33, BODY_65
from posedreamer.geometry.rotations import shortest_turn
from posedreamer.records import Camera

__all__ = [
    "BODY_ROWS",
    "LANDMARK_ROWS",
    "Sights",
    "as_seen_from_camera",
    "chances",
    "rigid_turns",
    "sights_of",
    "solve_translation",
]

_SPREAD: Final = {
    "nose": 0.7,
    "eye": 0.7,
    "ear": 0.8,
    "shoulder": 1.0,
    "elbow": 1.0,
    "wrist": 1.0,
    "hip": 1.4,
    "knee": 1.1,
    "ankle": 1.0,
    "heel": 1.2,
    "foot": 1.2,
    "pinky": 1.4,
    "index": 1.4,
    "thumb": 1.4,
}
"""How far BlazePose's point and the body's point of the same name lie apart, over that of the shoulders: hips are not
seen, and knuckles and toes are other points of the hand and foot."""
_OTHER_NAMES: Final = {
    "pinky": "hand_little_1",
    "index": "hand_index_1",
    "thumb": "hand_thumb_2",
    "foot_index": "big_toe",
}


def _pairs() -> tuple[tuple[str, str, float], ...]:
    """BlazePose's name, the body's name, and the spread; landmarks that the body lacks are left out."""
    found: list[tuple[str, str, float]] = []
    for name in BLAZEPOSE_33.names:
        side, _, part = name.partition("_") if "_" in name else ("", "", name)
        body = f"{side}_{_OTHER_NAMES.get(part, part)}" if side else part
        if body in BODY_65.names:
            found.append((name, body, _SPREAD[part.partition("_")[0]]))
    return tuple(found)


_PAIRS: Final = _pairs()
LANDMARK_ROWS: Final = BLAZEPOSE_33.indices_of(tuple(name for name, _, _ in _PAIRS))
BODY_ROWS: Final[Int64[np.ndarray, " l"]] = BODY_65.indices_of(tuple(name for _, name, _ in _PAIRS))
_SPREADS: Final = torch.tensor([spread for _, _, spread in _PAIRS])
_HIDDEN_3D: Final = 0.3
"""Trust in the metric place of a landmark that is hidden: BlazePose guesses it from the rest of the body."""


@dataclass(frozen=True, slots=True)
class Sights:
    """One row per person. l landmarks, in the order of LANDMARK_ROWS.

    Attributes:
        rays: x / z and y / z of each landmark in the camera frame.
        metric_m: BlazePose's metric landmarks, axes of the camera.
        trust_2d, trust_3d: weights in [0, 1], over the landmark's spread.
        focal_sizes: focal length over the person's size in the picture: turns rays into shares of that size.
        up_cam: where the world's up points in the camera frame.
    """

    rays: Float[Tensor, "b l 2"]
    metric_m: Float[Tensor, "b l 3"]
    trust_2d: Float[Tensor, "b l"]
    trust_3d: Float[Tensor, "b l"]
    focal_sizes: Float[Tensor, " b"]
    up_cam: Float[Tensor, "b 3"]

    def repeated(self, times: int) -> Sights:
        """Every person ``times`` times in a row."""
        return Sights(
            *(getattr(self, name).repeat_interleave(times, 0) for name in self.__slots__)  # pyright: ignore[reportAny]
        )


def chances(detection: Detection) -> Float[np.ndarray, " l"]:
    """Chance of each landmark to be seen, in the order of LANDMARK_ROWS."""
    return (detection.visibility * detection.presence)[LANDMARK_ROWS]


def sights_of(detections: Sequence[Detection], cameras: Sequence[Camera]) -> Sights:
    """The people found, each with the camera of its picture."""
    rays: list[Float[np.ndarray, "l 2"]] = []
    metric: list[Float[np.ndarray, "l 3"]] = []
    seen: list[Float[np.ndarray, " l"]] = []
    focal_sizes: list[float] = []
    up: list[Float[np.ndarray, "3"]] = []
    for detection, camera in zip(detections, cameras, strict=True):
        points = detection.landmarks_px[LANDMARK_ROWS]
        directions = _directions(points, camera)
        rays.append(directions[:, :2] / directions[:, 2:])
        metric.append(as_seen_from_camera(detection.landmarks_world_m[LANDMARK_ROWS], points, camera))
        seen.append(chances(detection))
        size_px = float(np.hypot(*(detection.box_xyxy_px[2:] - detection.box_xyxy_px[:2])))
        focal_sizes.append(float(camera.K[0, 0] + camera.K[1, 1]) / 2 / max(size_px, 1.0))
        up.append(camera.cam_from_world[:3, 2])
    trust = _tensor(seen)
    return Sights(
        rays=_tensor(rays),
        metric_m=_tensor(metric),
        trust_2d=trust / _SPREADS,
        trust_3d=(_HIDDEN_3D + (1 - _HIDDEN_3D) * trust) / _SPREADS,
        focal_sizes=_tensor(focal_sizes),
        up_cam=_tensor(up),
    )


def as_seen_from_camera(
    metric_m: Float[np.ndarray, "l 3"], points_px: Float[np.ndarray, "l 2"], camera: Camera
) -> Float[np.ndarray, "l 3"]:
    """Metric landmarks in the camera's axes.

    BlazePose knows a crop, not where it was in the picture: its axes look at the person. They are turned by the angle
    between the person and the optical axis.
    """
    ahead = np.array([0.0, 0.0, 1.0])
    return metric_m @ shortest_turn(ahead, _directions(points_px, camera).mean(axis=0)).T


def rigid_turns(
    points_m: Float[Tensor, "*b l 3"], targets_m: Float[Tensor, "*b l 3"], weights: Float[Tensor, "*b l"]
) -> tuple[Float[Tensor, "*b 3 3"], Float[Tensor, "*b"], Float[Tensor, "*b"]]:
    """Rotation and scale that bring points onto targets best, whatever their places, and the weighted mean distance.

    Weighted orthogonal Procrustes without reflections (Umeyama, 1991).
    """
    share = (weights / weights.sum(-1, keepdim=True))[..., None]
    one = points_m - (share * points_m).sum(-2, keepdim=True)
    other = targets_m - (share * targets_m).sum(-2, keepdim=True)
    u, sizes, vt = _svd((share * other).transpose(-1, -2) @ one)
    flip = torch.ones_like(sizes)
    flip[..., 2] = torch.det(u @ vt).sign()
    turn = (u * flip[..., None, :]) @ vt
    scale = (sizes * flip).sum(-1) / (share * one * one).sum((-2, -1)).clamp(min=1e-9)
    left = scale[..., None, None] * (one @ turn.transpose(-1, -2)) - other
    apart = left.square().sum(-1).sqrt()
    return turn, scale, (share[..., 0] * apart).sum(-1)


def solve_translation(
    points_m: Float[Tensor, "*b l 3"], rays: Float[Tensor, "*b l 2"], weights: Float[Tensor, "*b l"]
) -> Float[Tensor, "*b 3"]:
    """Where points that are turned like the camera stand so that they are seen along the rays.

    Least squares of x_k + X = u_k (z_k + Z), y_k + Y = v_k (z_k + Z), linear in (X, Y, Z); Z is held in front of the
    points.
    """
    u, v = rays.unbind(-1)
    x, y, z = points_m.unbind(-1)
    one, zero = torch.ones_like(u), torch.zeros_like(u)
    rows = torch.cat((torch.stack((one, zero, -u), -1), torch.stack((zero, one, -v), -1)), -2)
    values = torch.cat((u * z - x, v * z - y), -1)
    weight = torch.cat((weights, weights), -1)[..., None] ** 2
    normal = rows.transpose(-1, -2) @ (weight * rows) + 1e-6 * torch.eye(3)
    found = _solve(normal, rows.transpose(-1, -2) @ (weight * values[..., None]))[..., 0]
    depth = torch.maximum(found[..., 2], 0.3 - z.amin(-1))
    middle = [(weights * each).sum(-1) / weights.sum(-1) for each in (u, v, x, y, z)]
    ahead = middle[4] + depth
    held = torch.stack((middle[0] * ahead - middle[2], middle[1] * ahead - middle[3], depth), -1)
    return torch.where((found[..., 2] < depth)[..., None], held, found)


def _directions(points_px: Float[np.ndarray, "l 2"], camera: Camera) -> Float[np.ndarray, "l 3"]:
    return np.column_stack([points_px, np.ones(len(points_px))]) @ np.linalg.inv(camera.K).T


def _svd(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.linalg.svd(matrix)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _solve(matrix: Tensor, values: Tensor) -> Tensor:
    return torch.linalg.solve(matrix, values)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _tensor(rows: Sequence[object]) -> Tensor:
    return torch.as_tensor(np.asarray(rows, dtype=np.float32))
