"""Pinhole projection in pixels, OpenCV axes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from posedreamer.records import Camera

__all__ = ["intrinsics_px", "letterboxed", "look_at", "project_px", "to_camera"]


def intrinsics_px(focal_px: float, width: int, height: int) -> Float[np.ndarray, "3 3"]:
    """K with square pixels and the principal point in the middle of the picture."""
    return np.array([[focal_px, 0.0, width / 2], [0.0, focal_px, height / 2], [0.0, 0.0, 1.0]])


def to_camera(camera: Camera, points_world_m: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 3"]:
    """World points (metres, z up) in the camera frame (metres, OpenCV axes)."""
    matrix = camera.cam_from_world
    return points_world_m @ matrix[:3, :3].T + matrix[:3, 3]


def project_px(camera: Camera, points_cam_m: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 2"]:
    """Pixel coordinates of camera-frame points; points need z > 0."""
    homogeneous = points_cam_m @ camera.K.T
    return homogeneous[..., :2] / homogeneous[..., 2:3]


def letterboxed(camera: Camera, width: int, height: int) -> Camera:
    """The camera of the same picture shown whole and centred in another size; itself for its own size."""
    if (camera.width, camera.height) == (width, height):
        return camera
    scale = min(width / camera.width, height / camera.height)
    left, top = (width - scale * camera.width) / 2, (height - scale * camera.height) / 2
    fitted = np.array([[scale, 0.0, left], [0.0, scale, top], [0.0, 0.0, 1.0]])
    return Camera(width=width, height=height, K=fitted @ camera.K, cam_from_world=camera.cam_from_world)


def look_at(
    eye_world_m: Float[np.ndarray, "3"], target_world_m: Float[np.ndarray, "3"], roll_rad: float = 0.0
) -> Float[np.ndarray, "4 4"]:
    """cam_from_world of a camera at ``eye`` that sees ``target`` in its centre, world z upward in the picture.

    ``roll_rad`` turns the camera clockwise about its optical axis. Looking straight up or down is allowed.
    """
    forward = target_world_m - eye_world_m
    forward = forward / np.linalg.norm(forward)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1.0 - 1e-9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right = right / np.linalg.norm(right)
    down = np.cross(forward, right)
    cosine, sine = np.cos(roll_rad), np.sin(roll_rad)
    rotation = np.stack([cosine * right + sine * down, cosine * down - sine * right, forward])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ eye_world_m
    return matrix
