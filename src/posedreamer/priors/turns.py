"""Small rotations fast: elementary turns, parts of a rotation, and its split into swing and twist (compiled)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from posedreamer.rendering.kernels import kernel

__all__ = ["fraction", "swing_and_twist", "turn"]


@kernel
def turn(axis: int, angle_deg: float) -> Float[np.ndarray, "3 3"]:
    """Rotation about x (0), y (1) or z (2), right-handed, degrees."""
    angle = np.radians(angle_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = cosine
    matrix[second, second] = cosine
    matrix[first, second] = -sine
    matrix[second, first] = sine
    return matrix


@kernel
def _quaternion(matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "4"]:
    """Unit quaternion (w, x, y, z), w >= 0 (Shepperd)."""
    found = np.empty(4)
    trace = matrix[0, 0] + matrix[1, 1] + matrix[2, 2]
    largest = 0
    value = trace
    for k in range(3):
        if matrix[k, k] > value:
            largest, value = k + 1, matrix[k, k]
    if largest == 0:
        found[0] = 1.0 + trace
        found[1] = matrix[2, 1] - matrix[1, 2]
        found[2] = matrix[0, 2] - matrix[2, 0]
        found[3] = matrix[1, 0] - matrix[0, 1]
    else:
        i = largest - 1
        j, k = (i + 1) % 3, (i + 2) % 3
        found[0] = matrix[k, j] - matrix[j, k]
        found[1 + i] = 1.0 + 2.0 * matrix[i, i] - trace
        found[1 + j] = matrix[i, j] + matrix[j, i]
        found[1 + k] = matrix[i, k] + matrix[k, i]
    found /= np.sqrt(np.sum(found * found))
    return -found if found[0] < 0.0 else found


@kernel
def _about(x: float, y: float, z: float, angle: float) -> Float[np.ndarray, "3 3"]:
    """Rotation about a unit axis, radians (Rodrigues)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    rest = 1.0 - cosine
    matrix = np.empty((3, 3))
    matrix[0, 0] = cosine + x * x * rest
    matrix[0, 1] = x * y * rest - z * sine
    matrix[0, 2] = x * z * rest + y * sine
    matrix[1, 0] = y * x * rest + z * sine
    matrix[1, 1] = cosine + y * y * rest
    matrix[1, 2] = y * z * rest - x * sine
    matrix[2, 0] = z * x * rest - y * sine
    matrix[2, 1] = z * y * rest + x * sine
    matrix[2, 2] = cosine + z * z * rest
    return matrix


@kernel
def fraction(matrix: Float[np.ndarray, "3 3"], share: float) -> Float[np.ndarray, "3 3"]:
    """The rotation about the same axis by ``share`` of its angle (at most pi)."""
    w, x, y, z = _quaternion(matrix)
    sine = np.sqrt(x * x + y * y + z * z)
    if sine < 1e-12:
        return np.eye(3)
    return _about(x / sine, y / sine, z / sine, 2.0 * np.arctan2(sine, w) * share)


@kernel
def swing_and_twist(
    matrix: Float[np.ndarray, "3 3"], axis: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3 3"]]:
    """Split R = swing @ twist: twist turns about the unit ``axis``, swing is the least turn that moves it like R."""
    w, x, y, z = _quaternion(matrix)
    along = x * axis[0] + y * axis[1] + z * axis[2]
    twist = _about(axis[0], axis[1], axis[2], 2.0 * np.arctan2(along, w))
    return matrix @ np.ascontiguousarray(twist.T), twist
