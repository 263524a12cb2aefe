"""Is a body upright, on the floor, or upside down: read off its keypoints."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from posedreamer.errors import InputError
from posedreamer.geometry.keypoints import BODY_65

__all__ = ["Posture", "posture"]

Posture = Literal["upright", "floor", "inverted"]

UPRIGHT_DEG = 50.0
INVERTED_DEG = 110.0

_SHOULDERS = BODY_65.indices_of(("left_shoulder", "right_shoulder"))
_HIPS = BODY_65.indices_of(("left_hip", "right_hip"))


def posture(keypoints_m: Float[np.ndarray, "65 3"]) -> Posture:
    """How the trunk (mid-hips to mid-shoulders) stands in the world, whose up is +z.

    Within 50 degrees of up is "upright": standing, walking, but also sitting, squatting and kneeling. More than 110
    degrees, shoulders well below the hips, is "inverted": handstands, headstands, deep forward folds. What lies between
    is "floor": lying, on all fours, planks.

    Raises InputError when a shoulder or hip is not finite or the trunk has no length.
    """
    trunk = keypoints_m[_SHOULDERS].mean(0) - keypoints_m[_HIPS].mean(0)
    length = float(np.linalg.norm(trunk))
    if not np.isfinite(length) or length < 1e-6:
        raise InputError(
            f"trunk from hips to shoulders is {trunk.tolist()} m; expected a finite length over 0: check the pose"
        )
    angle = float(np.degrees(np.arccos(np.clip(trunk[2] / length, -1.0, 1.0))))
    if angle <= UPRIGHT_DEG:
        return "upright"
    return "inverted" if angle > INVERTED_DEG else "floor"
