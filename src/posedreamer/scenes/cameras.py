"""Camera samplers: the Pose++ one, the PoseDreamer one, and a wide-angle one.

All of them look level or nearly so, stand above the ground (z > 0.05 m), and draw a uniform azimuth around the people.
Where a draw would put the camera under the ground (or a wide-angle one into a person), it is drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float64

from posedreamer.errors import InputError
from posedreamer.geometry.camera import intrinsics_px, look_at
from posedreamer.geometry.keypoints import BODY_65, COCO_17, FEET_6
from posedreamer.records import Camera

__all__ = ["PoseDreamerCamera", "PosePlusPlusCamera", "WideAngleCamera"]

MIN_CAMERA_HEIGHT_M: Final = 0.05
MAX_DRAWS: Final = 200
BODY_ROWS: Final = BODY_65.indices_of((*COCO_17.names, *FEET_6.names))
HIP_ROWS: Final = BODY_65.indices_of(("left_hip", "right_hip"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PosePlusPlusCamera:
    """Pose++'s simulated camera (arXiv 2403.11111, section 3.2), level, at a uniform azimuth.

    An orthographic scale s, a shift (t_x, t_y) within +-shift/s and a horizontal field of view are drawn uniformly;
    with the NDC focal length f = 1 / tan(FoV / 2) the middle of the people's hips lies at [t_x, t_y, f / s] metres in
    the camera frame (x right, y down).

    Attributes:
        scale: low and high of s; 1/s is half the width in metres that the picture shows at the person.
        shift: largest |t_x| s and |t_y| s.
        fov_deg: low and high of the horizontal field of view.
    """

    scale: tuple[float, float] = (0.45, 1.1)
    shift: float = 0.4
    fov_deg: tuple[float, float] = (25.0, 65.0)

    name = "pose_plus_plus"

    def __post_init__(self) -> None:
        """Refuse ranges that no camera can have."""
        _check_range("pose_plus_plus.scale", self.scale, 0.01, 100.0)
        _check_range("pose_plus_plus.fov_deg", self.fov_deg, 1.0, 170.0)

    def camera(
        self, keypoints_world_m: Float[np.ndarray, "p 65 3"], width: int, height: int, rng: np.random.Generator
    ) -> Camera:
        """A camera drawn for these people."""
        anchor_m = keypoints_world_m[:, HIP_ROWS].mean(axis=(0, 1))
        for _ in range(MAX_DRAWS):
            scale = rng.uniform(*self.scale)
            shift_x, shift_y = rng.uniform(-self.shift, self.shift, 2) / scale
            focal_ndc = 1.0 / np.tan(np.deg2rad(rng.uniform(*self.fov_deg)) / 2.0)
            anchor_cam_m = np.array([shift_x, shift_y, focal_ndc / scale])
            cam_from_world = _level_camera(anchor_m, anchor_cam_m, rng.uniform(-np.pi, np.pi))
            if _eye_world_m(cam_from_world)[2] > MIN_CAMERA_HEIGHT_M:
                K = intrinsics_px(focal_ndc * width / 2.0, width, height)
                return Camera(width=width, height=height, K=K, cam_from_world=cam_from_world)
        raise InputError(_no_camera(self.name, anchor_m))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseDreamerCamera:
    """PoseDreamer's camera (arXiv 2603.28763): focal 890 px at 1024 px, the person upright and centred 3 m away.

    Attributes:
        focal_px_at_1024: focal length in pixels of a picture 1024 px wide; it scales with the width.
        distance_m: from the camera to the middle of the people's keypoints.
    """

    focal_px_at_1024: float = 890.0
    distance_m: float = 3.0

    name = "posedreamer"

    def __post_init__(self) -> None:
        """Refuse a camera inside the person."""
        _check_range("posedreamer.distance_m", (self.distance_m, self.distance_m), 0.5, 1000.0)

    def camera(
        self, keypoints_world_m: Float[np.ndarray, "p 65 3"], width: int, height: int, rng: np.random.Generator
    ) -> Camera:
        """A camera at a uniform azimuth; the only randomness is the azimuth."""
        centre_m, _ = _middle_and_radius(keypoints_world_m)
        centre_m[2] = max(centre_m[2], MIN_CAMERA_HEIGHT_M + 0.01)
        cam_from_world = _level_camera(centre_m, np.array([0.0, 0.0, self.distance_m]), rng.uniform(-np.pi, np.pi))
        K = intrinsics_px(self.focal_px_at_1024 * width / 1024.0, width, height)
        return Camera(width=width, height=height, K=K, cam_from_world=cam_from_world)


@dataclass(frozen=True, slots=True, kw_only=True)
class WideAngleCamera:
    """A near camera with strong perspective, tilted up or down, that still holds the people's middle in its centre.

    Attributes:
        fov_deg: low and high of the horizontal field of view.
        pitch_deg: low and high of the elevation from which the people are seen; positive looks down on them.
        fill: low and high of the share of the half picture that the people's bounding sphere takes.
        min_depth_m: no body keypoint is nearer than this; a nearer draw is drawn again.
    """

    fov_deg: tuple[float, float] = (65.0, 95.0)
    pitch_deg: tuple[float, float] = (-15.0, 30.0)
    fill: tuple[float, float] = (0.7, 1.0)
    min_depth_m: float = 0.4

    name = "wide_angle"

    def __post_init__(self) -> None:
        """Refuse ranges that no camera can have."""
        _check_range("wide_angle.fov_deg", self.fov_deg, 1.0, 170.0)
        _check_range("wide_angle.pitch_deg", self.pitch_deg, -89.0, 89.0)
        _check_range("wide_angle.fill", self.fill, 0.01, 10.0)

    def camera(
        self, keypoints_world_m: Float[np.ndarray, "p 65 3"], width: int, height: int, rng: np.random.Generator
    ) -> Camera:
        """A camera drawn for these people."""
        centre_m, radius_m = _middle_and_radius(keypoints_world_m)
        for _ in range(MAX_DRAWS):
            half_fov_rad = np.deg2rad(rng.uniform(*self.fov_deg)) / 2.0
            distance_m = radius_m / np.sin(np.arctan(rng.uniform(*self.fill) * np.tan(half_fov_rad)))
            pitch_rad, azimuth_rad = np.deg2rad(rng.uniform(*self.pitch_deg)), rng.uniform(-np.pi, np.pi)
            level = np.array([np.cos(azimuth_rad), np.sin(azimuth_rad), 0.0]) * np.cos(pitch_rad)
            eye_m = centre_m + distance_m * (level + np.array([0.0, 0.0, np.sin(pitch_rad)]))
            cam_from_world = look_at(eye_m, centre_m)
            depth_m = keypoints_world_m[:, BODY_ROWS] @ cam_from_world[2, :3] + cam_from_world[2, 3]
            if eye_m[2] > MIN_CAMERA_HEIGHT_M and depth_m.min() > self.min_depth_m:
                K = intrinsics_px(width / 2.0 / np.tan(half_fov_rad), width, height)
                return Camera(width=width, height=height, K=K, cam_from_world=cam_from_world)
        raise InputError(_no_camera(self.name, centre_m))


def _level_camera(
    anchor_world_m: Float[np.ndarray, "3"], anchor_cam_m: Float[np.ndarray, "3"], azimuth_rad: float
) -> Float64[np.ndarray, "4 4"]:
    """A camera without pitch or roll that sees the world point ``anchor`` at ``anchor_cam``."""
    forward = np.array([np.cos(azimuth_rad), np.sin(azimuth_rad), 0.0])
    matrix = look_at(-forward, np.zeros(3))
    matrix[:3, 3] = anchor_cam_m - matrix[:3, :3] @ anchor_world_m
    return matrix


def _eye_world_m(cam_from_world: Float[np.ndarray, "4 4"]) -> Float64[np.ndarray, "3"]:
    return -cam_from_world[:3, :3].T @ cam_from_world[:3, 3]


def _middle_and_radius(keypoints_world_m: Float[np.ndarray, "p 65 3"]) -> tuple[Float64[np.ndarray, "3"], float]:
    """Middle of the body keypoints' box, and the radius around it that holds them all."""
    points_m = keypoints_world_m[:, BODY_ROWS].reshape(-1, 3).astype(np.float64)
    centre_m = (points_m.min(axis=0) + points_m.max(axis=0)) / 2.0
    return centre_m, float(np.linalg.norm(points_m - centre_m, axis=1).max())


def _check_range(what: str, found: tuple[float, float], least: float, most: float) -> None:
    if not (least <= found[0] <= found[1] <= most):
        raise InputError(f"{what}: found {tuple(found)}, expected low <= high within [{least}, {most}]")


def _no_camera(name: str, centre_m: Float[np.ndarray, "3"]) -> str:
    return (
        f"camera {name}: {MAX_DRAWS} draws all stood below the ground or inside the people, who are centred at "
        f"{centre_m.round(2)} m; expected people on or above z = 0; check the label's ground height"
    )
