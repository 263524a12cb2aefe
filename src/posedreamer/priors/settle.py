"""Rest a rigid posed body on the ground: tip it over its contacts until its centre of mass is above them."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from posedreamer.geometry.rotations import matrix_from_axis_angle

__all__ = ["rest_on_ground"]

_CONTACT_M: Final = 0.025
"""Flesh gives: all that is this near the ground carries."""
_STEP_DEG: Final = 1.0


def rest_on_ground(
    points_m: Float[np.ndarray, "n 3"], mass_centre_m: Float[np.ndarray, "3"], limit_deg: float
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    """The rigid motion (R, t), x -> R x + t, that lays the points on z = 0 in static balance.

    Tips in steps of a degree, at most ``limit_deg``: enough for a pose that is nearly right, not to topple a wrong one.
    """
    rotation, centre = np.eye(3), mass_centre_m.copy()
    moved = points_m.copy()
    for _ in range(int(limit_deg / _STEP_DEG)):
        low = moved[:, 2].min()
        moved[:, 2] -= low
        centre[2] -= low
        nearest = _nearest_support(moved[moved[:, 2] < _CONTACT_M][:, :2], centre[:2])
        lever = centre[:2] - nearest
        if np.linalg.norm(lever) < 0.012:
            break
        axis = np.cross([0.0, 0.0, 1.0], [*(lever / np.linalg.norm(lever)), 0.0])
        step = matrix_from_axis_angle(axis * np.radians(_STEP_DEG))
        pivot = np.array([*nearest, 0.0])
        moved = (moved - pivot) @ step.T + pivot
        centre = step @ (centre - pivot) + pivot
        rotation = step @ rotation
    offset = moved[0] - rotation @ points_m[0]
    offset[2] -= moved[:, 2].min()
    return rotation, offset


def _nearest_support(contacts: Float[np.ndarray, "c 2"], centre: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2"]:
    """The point of the contacts' convex hull nearest to the centre (the centre itself when it is inside)."""
    if len(contacts) < 3:
        return contacts.mean(axis=0)
    try:
        corners = contacts[ConvexHull(contacts).vertices]
    except QhullError:
        return contacts[np.argmin(np.linalg.norm(contacts - centre, axis=1))]
    following = np.roll(corners, -1, axis=0)
    edges = following - corners
    relative = centre - corners
    if np.all(edges[:, 0] * relative[:, 1] - edges[:, 1] * relative[:, 0] >= 0.0):
        return centre
    along = np.clip((relative * edges).sum(1) / np.maximum((edges**2).sum(1), 1e-12), 0.0, 1.0)
    feet = corners + along[:, None] * edges
    return feet[np.argmin(np.linalg.norm(feet - centre, axis=1))]
