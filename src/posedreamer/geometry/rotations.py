"""Rotations in batches: axis-angle, matrices, and the turn that brings one direction onto another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

__all__ = ["axis_angle_from_matrix", "matrix_from_axis_angle", "shortest_turn", "swing_twist"]


def matrix_from_axis_angle(axis_angle_rad: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 3 3"]:
    """Rotation matrices of axis-angle vectors (radians)."""
    flat = Rotation.from_rotvec(np.asarray(axis_angle_rad, dtype=np.float64).reshape(-1, 3)).as_matrix()
    return flat.reshape(*axis_angle_rad.shape[:-1], 3, 3)


def axis_angle_from_matrix(matrix: Float[np.ndarray, "*b 3 3"]) -> Float[np.ndarray, "*b 3"]:
    """Axis-angle vectors (radians, norm <= pi) of rotation matrices."""
    flat = Rotation.from_matrix(np.asarray(matrix, dtype=np.float64).reshape(-1, 3, 3)).as_rotvec()
    return flat.reshape(*matrix.shape[:-2], 3)


def shortest_turn(
    from_direction: Float[np.ndarray, "*b 3"], to_direction: Float[np.ndarray, "*b 3"]
) -> Float[np.ndarray, "*b 3 3"]:
    """The rotation of least angle that brings each ``from`` direction onto ``to`` (no twist about it).

    Opposite directions turn by pi about an axis perpendicular to ``from``.
    """
    a = from_direction / np.linalg.norm(from_direction, axis=-1, keepdims=True)
    b = to_direction / np.linalg.norm(to_direction, axis=-1, keepdims=True)
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    cosine = np.sum(a * b, axis=-1, keepdims=True)
    least = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
    perpendicular = np.cross(a, least)
    perpendicular /= np.linalg.norm(perpendicular, axis=-1, keepdims=True)
    unit = np.where(sine > 1e-9, axis / np.maximum(sine, 1e-12), perpendicular)  # pyright: ignore[reportUnknownVariableType]
    return matrix_from_axis_angle(np.asarray(unit * np.arctan2(sine, cosine), dtype=np.float64))


def swing_twist(
    matrix: Float[np.ndarray, "*b 3 3"], axis: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "*b 3 3"], Float[np.ndarray, "*b 3 3"]]:
    """Split R = swing @ twist: twist turns about ``axis``, swing is the least turn that moves ``axis`` like R."""
    direction = np.broadcast_to(axis, (*matrix.shape[:-2], 3))
    swing = shortest_turn(direction, matrix @ axis)
    return swing, np.swapaxes(swing, -1, -2) @ matrix
